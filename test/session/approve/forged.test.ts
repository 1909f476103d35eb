import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/access/digest.ts";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import { findTargets } from "../../../src/access/target.ts";
import { appendRecord } from "../../../src/audit/append.ts";
import { readEnvelope } from "../../../src/audit/envelope.ts";
import { tellStory } from "../../../src/audit/story.ts";
import type { AuditRecord, IssueBody } from "../../../src/audit/types.ts";
import { verifyLog } from "../../../src/audit/verify.ts";
import { claim } from "../../../src/session/approve/claim.ts";
import { sealCredentials } from "../../../src/session/approve/seal.ts";
import { type Credentials, Secret } from "../../../src/session/types.ts";
import { failure, organization, type Party, Town } from "./parties.ts";

/** Whoever can write any bytes under the own prefix, and an approver who would act alone, get nothing. */

let town: Town;
let alice: Party;
let bob: Party;
let carol: Party;
let dave: Party;
let request: string;
let hash: string;

beforeEach(async () => {
  town = new Town();
  [alice, bob, carol, dave] = [town.user("alice"), town.user("bob"), town.user("carol"), town.user("dave")];
  request = await alice.asks();
  hash = hashOf(request);
});

function recordsOf(of: string, type: string) {
  return [...town.store.objects].flatMap(([key, [version]]) =>
    key.includes(`/${of}/`) && key.endsWith(`.${type}.jws`) && version?.bytes !== undefined
      ? [{ key, bytes: version.bytes, sha256: sha256Hex(version.bytes) }]
      : [],
  );
}

function hashOf(of: string): string {
  return recordsOf(of, "request")[0]?.sha256 ?? "";
}

const approval = (requestHash = hash) => ({ requestHash, comment: "-" as const });

/** How many approvals count. */
async function counted(of = request): Promise<number> {
  const { review } = await carol.looks(of);
  return review.standing.approvals.length;
}

async function findings(): Promise<readonly string[]> {
  const report = await verifyLog(town.store, {
    log: organization.fingerprint,
    trust: organization.trust,
    catalogOf: async (digest) => (digest === organization.catalog.digest ? organization.catalog : undefined),
    approvals: {
      rules: bob.ports.rules as never,
      claimOf: (of) => town.store.read(`v1/claim/${of}`),
    },
  });
  return [
    ...new Set(report.findings.filter(({ severity }) => severity === "invalid").map(({ code }) => code)),
  ];
}

describe("an approval does not count", () => {
  test("as a control, a good one does", async () => {
    await bob.writes("approval", request, approval());
    expect(await counted()).toBe(1);
    expect(await findings()).toEqual([]);
  });

  test("of one whom the rules do not let agree", async () => {
    await dave.writes("approval", request, approval());
    expect(await counted()).toBe(0);
  });

  test("replayed: it names the hash of another request", async () => {
    const other = await alice.asks();
    await bob.writes("approval", request, approval(hashOf(other)));
    expect(await counted()).toBe(0);
  });

  test("cross-wired: a good one of another request, copied under this one's name", async () => {
    const other = await alice.asks();
    await bob.writes("approval", other, approval(hashOf(other)));
    const [stored] = recordsOf(other, "approval");
    town.store.put((stored?.key ?? "").replace(other, request), stored?.bytes);
    expect([await counted(), await counted(other)]).toEqual([0, 1]);
  });

  test("copied under another writer's prefix, where that writer could put it", async () => {
    await bob.writes("approval", request, approval());
    const [stored] = recordsOf(request, "approval");
    const key = (stored?.key ?? "").replace(bob.identity.userid, dave.identity.userid);
    town.store.put(key, stored?.bytes);
    expect(await counted()).toBe(1);
  });

  test("with another's signature", async () => {
    await bob.writes("approval", request, approval());
    const [stored] = recordsOf(request, "approval");
    town.store.spoil(stored?.key ?? "", (bytes) => {
      const text = Buffer.from(bytes).toString();
      const at = text.indexOf('"signature":"') + 13;
      return Buffer.from(`${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`);
    });
    expect(await counted()).toBe(0);
  });

  test("of a stranger's key that calls itself bob: AWS has not signed it", async () => {
    const { arn, account } = bob.identity;
    const identity = { arn, account, userid: dave.identity.userid };
    const liar = town.user("dave", { identity, attested: false });
    await liar.writes("approval", request, approval());
    expect(await counted()).toBe(0);
    expect(await failure(liar.approves(request))).toBe("APPROVER_NOT_ATTESTED");
  });

  test("of the requester, who may approve others': by the same user, and by a session in the same name", async () => {
    const session = town.session("owner", "somebody", { source_identity: "alice" });
    expect(await failure(session.approves(request))).toBe("OWN_REQUEST");
    await session.writes("approval", request, approval());
    await alice.writes("approval", request, approval());
    const second = town.user("alice");
    await second.writes("approval", request, approval());
    expect(await counted()).toBe(0);
    expect(await findings()).toEqual(["DECISION_OWN"]);
  });

  test("twice of one person: two keys, two session names", async () => {
    const one = town.session("owner", "x", { identity_store_user_id: "1" });
    const two = town.session("owner", "y", { identity_store_user_id: "1" });
    const three = town.session("owner", "z", { identity_store_user_id: "2" });
    for (const who of [one, two]) await who.writes("approval", request, approval());
    expect(await counted()).toBe(1);
    await three.writes("approval", request, approval());
    expect(await counted()).toBe(2);
  });

  test("of sessions of one role whose users nobody tells apart", async () => {
    await town.session("owner", "x", {}).writes("approval", request, approval());
    await town.session("owner", "y", {}).writes("approval", request, approval());
    expect(await counted()).toBe(1);
  });

  test("that came too late, dated back", async () => {
    const before = town.time;
    await bob.looks(request);
    town.pass(4 * 3600 + 120);
    const late = town.store.objects;
    const put = town.store.put.bind(town.store);
    town.time = before;
    town.store.put = (key, bytes) => put(key, bytes, new Date(before + (4 * 3600 + 120) * 1000));
    await bob.writes("approval", request, approval());
    expect(late.size).toBeGreaterThan(0);
    expect(await counted()).toBe(0);
  });
});

describe("a stranger ends nothing", () => {
  test.each(["denial", "abort", "issue"] as const)("with a %s", async (type) => {
    await bob.approves(request);
    if (type === "denial") await dave.writes("denial", request, approval());
    if (type === "abort")
      await dave.writes("abort", request, {
        requestHash: hash,
        code: "X",
        step: "request",
        accessKeyId: "-",
      });
    if (type === "issue") await dave.writes("issue", request, await issueOf({ decisions: [] }));
    expect(await alice.picksUp(request)).toBe("open");
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    expect(typeof (await alice.picksUp(request))).toBe("object");
  });

  test("not even in the story that auditors read", async () => {
    const stateNow = async () => {
      const story = await tellStory(town.store, request, {
        log: organization.fingerprint,
        trust: organization.trust,
        now: town.now(),
        catalogOf: async () => organization.catalog,
        approvals: { rules: bob.ports.rules as never },
      });
      return [story.state, story.entries.length];
    };
    await dave.writes("denial", request, approval());
    await dave.writes("abort", request, { requestHash: hash, code: "X", step: "request", accessKeyId: "-" });
    town.pass(7200);
    expect(await stateNow()).toEqual(["open", 3]);
    await bob.denies(request);
    expect(await stateNow()).toEqual(["denied", 4]);
  });

  test("by crowding the request: of each writer a few are read", async () => {
    for (let i = 0; i < 12; i += 1) await dave.writes("approval", request, approval());
    await bob.approves(request);
    town.store.calls.length = 0;
    expect(await counted()).toBe(1);
    const reads = town.store.calls.filter(
      (call) => call.startsWith("read ") && call.includes(dave.identity.userid),
    );
    expect(reads.length).toBeLessThanOrEqual(5);
  });
});

const credentials: Credentials = {
  accessKeyId: "ASIAFORGEDFORGED0001",
  secretAccessKey: new Secret("s"),
  sessionToken: new Secret("t"),
  expiration: new Date("2026-11-24T09:00:00Z"),
};

/** What an approver would write who issues this rightly; all of it can be changed. */
async function issueOf(change: Partial<IssueBody> & { readonly sealFor?: string } = {}): Promise<IssueBody> {
  const { sealFor = hash, ...rest } = change;
  const opened = readEnvelope(recordsOf(request, "request")[0]?.bytes ?? new Uint8Array());
  if (!opened.ok) throw new Error(opened.code);
  const asked = opened.record as AuditRecord<"request">;
  const notAfter = new Date(Math.floor(town.time / 1000) * 1000 + 1_800_000);
  const targets = findTargets(organization.catalog, asked.targets);
  const policy = rest.policy ?? compileSessionPolicy({ targets, notAfter }).text;
  return {
    requestHash: hash,
    decisions: recordsOf(request, "approval").map(({ sha256 }) => sha256),
    renews: "-",
    role: asked.role,
    sessionName: `jit-${request}`,
    sourceIdentity: "alice",
    tags: { "jit:request": request, "jit:access": "payroll:read" },
    accessKeyId: credentials.accessKeyId,
    assumedRoleId: `AROAEXAMPLEEXAMPLE00:jit-${request}`,
    durationSeconds: 3600,
    expiration: "2026-11-24T09:00:00Z",
    notAfter: `${notAfter.toISOString().slice(0, 19)}Z`,
    policy,
    policySha256: sha256Hex(new TextEncoder().encode(policy)),
    packed: 1,
    sealed: await sealCredentials(credentials, asked.sealTo as Record<string, string>, sealFor),
    ...rest,
  };
}

describe("a session of an approver is used only if it is the very one that was asked for", () => {
  async function bothApprove(): Promise<void> {
    await bob.writes("approval", request, approval());
    await carol.writes("approval", request, approval());
  }
  async function claimed(): Promise<void> {
    const own = recordsOf(request, "approval").find(({ key }) => key.includes(bob.identity.userid));
    await claim(town.store, { request, requestHash: hash, approval: own?.sha256 ?? "" });
  }
  const everything = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';

  test("as a control, a right one is", async () => {
    await bothApprove();
    await claimed();
    await bob.writes("issue", request, await issueOf());
    expect(typeof (await alice.picksUp(request))).toBe("object");
    expect(await findings()).toEqual([]);
  });

  test("not one that rests on one approval, where two are needed", async () => {
    await bob.writes("approval", request, approval());
    await claimed();
    await bob.writes("issue", request, await issueOf());
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_NOT_BELIEVED");
    expect(await findings()).toEqual(["ISSUE_UNAPPROVED"]);
  });

  test("not one of an approver who is none of those that agreed", async () => {
    await bothApprove();
    await claimed();
    const charlie = town.user("charlie");
    await charlie.writes("issue", request, await issueOf());
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_NOT_BELIEVED");
    expect(await findings()).toEqual(["WRITER_DIFFERS"]);
  });

  test("not one that nobody claimed, or another did", async () => {
    await bothApprove();
    await bob.writes("issue", request, await issueOf());
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_NOT_BELIEVED");
    await claim(town.store, { request, requestHash: hash, approval: "0".repeat(64) });
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_NOT_BELIEVED");
    expect(await findings()).toEqual(["ISSUE_UNCLAIMED"]);
  });

  test.each<[string, Partial<IssueBody>, readonly string[]]>([
    ["a wider policy", { policy: everything }, ["ISSUE_POLICY"]],
    ["another role", { role: "arn:aws:iam::111122223333:role/other" }, ["ISSUE_ROLE"]],
    ["another's name", { sourceIdentity: "dave" }, []],
    ["another request's tag", { tags: { "jit:request": "x" } }, ["ISSUE_TAGS", "ISSUE_UNCLAIMED"]],
    ["a longer grant", { notAfter: "2026-11-24T11:00:00Z" }, ["NOT_AFTER_LATE", "ISSUE_POLICY"]],
    ["another access key than is sealed", { accessKeyId: "ASIAOTHEROTHER000001" }, []],
  ])("not one of %s", async (_, change, codes) => {
    await bothApprove();
    await claimed();
    await bob.writes("issue", request, await issueOf(change));
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_NOT_BELIEVED");
    expect(await findings()).toEqual(codes);
  });

  test("not one that was sealed for another request (cross-wired)", async () => {
    await bothApprove();
    await claimed();
    await bob.writes("issue", request, await issueOf({ sealFor: hashOf(await alice.asks()) }));
    expect(await failure(alice.picksUp(request))).toBe("SEAL_BROKEN");
  });

  test("a false one beside the right one changes nothing", async () => {
    await bothApprove();
    await bob.writes("issue", request, await issueOf({ policy: everything }));
    await claimed();
    await bob.writes("issue", request, await issueOf());
    expect(typeof (await alice.picksUp(request))).toBe("object");
    expect(await findings()).toContain("ISSUE_REPEATED");
  });
});

test("a requester who issues to oneself without the approvals is found", async () => {
  const own = await alice.asks("customers:read");
  const body = await issueOf();
  const notAfter = new Date(Math.floor(town.time / 1000) * 1000 + 1_800_000);
  const targets = findTargets(organization.catalog, ["customers:read"]);
  const policy = compileSessionPolicy({ targets, notAfter }).text;
  await alice.writes("issue", own, {
    ...body,
    requestHash: hashOf(own),
    decisions: [],
    sealed: "-",
    role: "arn:aws:iam::111122223333:role/customers",
    sessionName: `jit-${own}`,
    assumedRoleId: `AROAEXAMPLEEXAMPLE00:jit-${own}`,
    tags: { "jit:request": own, "jit:access": "customers:read" },
    policy,
    policySha256: sha256Hex(new TextEncoder().encode(policy)),
  });
  expect(await findings()).toEqual(["ISSUE_UNAPPROVED"]);
});

test.each([
  ["", 0],
  [" though its writer's clock was set back", 118],
])("a session issued after a denial is found%s", async (_, back) => {
  await bob.writes("approval", request, approval());
  await carol.writes("approval", request, approval());
  await carol.writes("denial", request, approval());
  const body = await issueOf();
  town.pass(120);
  const own = recordsOf(request, "approval").find(({ key }) => key.includes(bob.identity.userid));
  await claim(town.store, { request, requestHash: hash, approval: own?.sha256 ?? "" });
  const clock = { now: () => new Date(town.time - back * 1000) };
  const records = { ...bob.ports.records, clock };
  await appendRecord(records, { type: "issue", request, body: () => body });
  expect(await findings()).toEqual(["ISSUE_DENIED"]);
});
