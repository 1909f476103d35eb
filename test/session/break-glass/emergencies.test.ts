import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/access/digest.ts";
import { tellStory } from "../../../src/audit/story.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { JitError } from "../../../src/error.ts";
import { openDebts } from "../../../src/session/break-glass/debt.ts";
import { failure, organization, type Party, Town } from "../approve/parties.ts";

/** Emergencies, their debts, and what others can do to them with any bytes under their own prefix. */

let town: Town;
let alice: Party;
let bob: Party;
let carol: Party;
let dave: Party;

beforeEach(() => {
  town = new Town();
  [alice, bob, carol, dave] = [town.user("alice"), town.user("bob"), town.user("carol"), town.user("dave")];
});
const options = {
  log: organization.fingerprint,
  trust: organization.trust,
  catalogOf: async (digest: string) =>
    digest === organization.catalog.digest ? organization.catalog : undefined,
};

/** `severity CODE` of everything that verification finds. */
async function findings(): Promise<readonly string[]> {
  const report = await verifyLog(town.store, { ...options, approvals: { rules: bob.ports.rules as never } });
  return report.findings.map(({ severity, code }) => `${severity} ${code}`).sort();
}

function hashOf(request: string): string {
  const [found] = [...town.store.objects].filter(
    ([key]) => key.includes(`/${request}/`) && key.endsWith(".request.jws"),
  );
  return sha256Hex(found?.[1][0]?.bytes ?? new Uint8Array());
}

const review = (request: string, requestHash = hashOf(request)) =>
  ({ requestHash, verdict: "justified", comment: { text: "as far as I see" } }) as const;

test("an emergency has a session of its own role, a debt from before it, and an open end", async () => {
  const session = await alice.breaksGlass();
  expect(session).toMatchObject({
    breakGlass: true,
    role: "arn:aws:iam::111122223333:role/payroll-emergency",
  });
  const names = [...town.store.objects.keys()];
  const debt = names.indexOf(`v1/debt/${alice.identity.userid}/${session.request}`);
  const issue = names.findIndex((key) => key.endsWith(".issue.jws"));
  expect(debt).toBeGreaterThan(-1);
  expect(debt).toBeLessThan(issue);
  expect(await findings()).toEqual(["notice REVIEW_MISSING"]);
});

test("whom no rule lets has none, and leaves nothing", async () => {
  await expect(dave.breaksGlass()).rejects.toThrow("refused");
  expect(town.made).toEqual([]);
  expect(town.store.objects.size).toBe(0);
});

test("without its debt there is no session", async () => {
  const create = town.store.create.bind(town.store);
  town.store.create = async (key, bytes) => {
    if (key.startsWith("v1/debt/")) throw new JitError("AUDIT_DENIED", "as the test says");
    await create(key, bytes);
  };
  expect(await failure(alice.breaksGlass())).toBe("AUDIT_DENIED");
  expect(town.made).toEqual([]);
  expect([...town.store.objects.keys()].filter((key) => key.endsWith(".abort.jws")).length).toBe(1);
});

describe("a verdict", () => {
  test("of another person who may approve settles it", async () => {
    const { request } = await alice.breaksGlass();
    await bob.settles(request);
    expect(await openDebts(town.store)).toEqual([]);
    expect(await findings()).toEqual([]);
  });

  test.each<[string, () => Party, string]>([
    ["the requester", () => alice, "OWN_REQUEST"],
    [
      "the requester under a role",
      () => town.session("owner", "somebody", { source_identity: "alice" }),
      "OWN_REQUEST",
    ],
    ["somebody whom no rule lets approve", () => dave, "REVIEW_NOT_ALLOWED"],
    ["a key that AWS does not attest", () => town.user("bert", { attested: false }), "APPROVER_NOT_ATTESTED"],
  ])("of %s does not", async (_who, party, code) => {
    const { request } = await alice.breaksGlass();
    expect(await failure(party().settles(request))).toBe(code);
    expect(await openDebts(town.store)).toMatchObject([{ request }]);
    expect(await findings()).toEqual(["notice REVIEW_MISSING"]);
  });

  test("of two at the same time: one settles, the other is told", async () => {
    const { request } = await alice.breaksGlass();
    const ended = await Promise.all([failure(bob.settles(request)), failure(carol.settles(request))]);
    expect(ended.sort()).toEqual(["DEBT_SETTLED", undefined]);
    expect(await findings()).toEqual(["notice REVIEW_REPEATED"]);
    expect(await failure(carol.settles(request))).toBe("DEBT_UNKNOWN");
  });

  test("is found in the story long after the session has ended", async () => {
    const { request } = await alice.breaksGlass();
    town.pass(3 * 86_400);
    await bob.settles(request);
    const story = await tellStory(town.store, request, { ...options, now: town.now() });
    expect(story.entries.map(({ key }) => key.type)).toEqual(["request", "issue", "review"]);
    expect(story.findings).toEqual([]);
    expect(story.complete).toBe(true);
  });
});

describe("a forged review", () => {
  test.each<[string, () => Party, readonly string[]]>([
    ["of the requester", () => alice, ["invalid REVIEW_OWN", "notice REVIEW_MISSING"]],
    [
      "of the requester under a role",
      () => town.session("owner", "somebody", { source_identity: "alice" }),
      ["invalid REVIEW_OWN", "notice REVIEW_MISSING"],
    ],
    [
      "of somebody whom no rule lets approve",
      () => dave,
      ["noise REVIEW_NOT_ALLOWED", "notice REVIEW_MISSING"],
    ],
    [
      "by a key that AWS does not attest",
      () => town.user("bert", { attested: false }),
      ["noise REVIEW_NOT_ALLOWED", "notice REVIEW_MISSING"],
    ],
  ])("%s is found and counts for nothing", async (_who, party, codes) => {
    const { request } = await alice.breaksGlass();
    await party().writes("review", request, review(request));
    expect(await findings()).toEqual([...codes].sort());
    expect(await openDebts(town.store)).toMatchObject([{ request }]);
  });

  test("replayed from another emergency: it names that one's hash", async () => {
    const first = await alice.breaksGlass();
    const second = await alice.breaksGlass();
    await bob.settles(first.request);
    await bob.writes("review", second.request, review(second.request, hashOf(first.request)));
    expect(await findings()).toEqual(["invalid REQUEST_HASH", "notice REVIEW_MISSING"]);
  });

  test("of what was no emergency", async () => {
    const request = await alice.asks();
    await bob.writes("review", request, review(request));
    expect(await findings()).toEqual(["noise REVIEW_UNFOUNDED"]);
  });

  test("of a request that does not exist", async () => {
    await bob.writes("review", "01M86A1MWTZZA6F1Q12XEVP2V0", review("", "0".repeat(64)));
    expect(await findings()).toEqual(["noise REQUEST_MISSING"]);
  });
});

describe("a debt of somebody else's making", () => {
  test("over a request that broke no glass is not settled with a verdict", async () => {
    const request = await alice.asks();
    await town.store.create(`v1/debt/${alice.identity.userid}/${request}`, new Uint8Array([1]));
    expect(await failure(bob.settles(request))).toBe("DEBT_INVALID");
  });

  test("over another's emergency is not that emergency's", async () => {
    const { request } = await alice.breaksGlass();
    await town.store.create(`v1/debt/${dave.identity.userid}/${request}`, new Uint8Array([1]));
    expect((await openDebts(town.store, dave.identity.userid)).length).toBe(1);
    expect((await openDebts(town.store)).length).toBe(2);
  });

  test("and names that are none are passed over", async () => {
    for (const name of ["x", "AIDAALICE00000000/not-an-id", `${alice.identity.userid}/a/b`])
      await town.store.create(`v1/debt/${name}`, new Uint8Array([1]));
    expect(await openDebts(town.store)).toEqual([]);
  });
});
