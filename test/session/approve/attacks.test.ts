import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/access/digest.ts";
import type { JustificationRules } from "../../../src/access/types.ts";
import { readEnvelope, seal } from "../../../src/audit/envelope.ts";
import { formatKey } from "../../../src/audit/key.ts";
import { hourOf } from "../../../src/audit/time.ts";
import type { AuditRecord } from "../../../src/audit/types.ts";
import { unjustified } from "../../../src/session/approve/asked.ts";
import { approveRequest, denyRequest } from "../../../src/session/approve/decide.ts";
import { pendingRequests } from "../../../src/session/approve/pending.ts";
import { failure, organization, type Party, Town } from "./parties.ts";

/** Requesters and strangers with clients of their own: whatever lies under their own prefixes, as late as they like. */

let town: Town;
let alice: Party;
let bob: Party;
let carol: Party;
let dave: Party;
beforeEach(() => {
  town = new Town();
  [alice, bob, carol, dave] = [town.user("alice"), town.user("bob"), town.user("carol"), town.user("dave")];
});

interface Stored {
  readonly key: string;
  readonly record: AuditRecord<"request">;
}

/** The one request record under an id. */
function storedRequest(request: string): Stored {
  for (const [key, [version]] of town.store.objects) {
    if (!key.includes(`/${request}/`) || !key.endsWith(".request.jws")) continue;
    const opened = readEnvelope(version?.bytes ?? new Uint8Array());
    if (opened.ok && opened.record.type === "request") return { key, record: opened.record };
  }
  throw new Error("no request");
}

/** The same request with something else in it, signed by its own key: same id and nonce, another number. */
async function variant(
  of: Stored,
  change: Partial<AuditRecord<"request">>,
  by = alice,
): Promise<[string, Uint8Array]> {
  const record = { ...of.record, ...change } as AuditRecord<"request">;
  const { request, n, at } = record;
  const { userid } = record.by;
  const { thumbprint } = by.signer;
  const key = formatKey({ hour: hourOf(at), request, userid, thumbprint, n, type: "request" });
  return [key, await seal(record, by.signer)];
}

/** Objects that are no records, under the own prefix, with numbers from 2 on. */
function junk(
  request: string,
  userid: string,
  type: string,
  count: number,
  thumbprint = "A".repeat(43),
): void {
  const hour = hourOf(town.now().toISOString());
  for (let n = 2; n < count + 2; n += 1)
    town.store.put(`v1/rec/${hour}/${request}/${userid}/${thumbprint}.${n}.${type}.jws`, new Uint8Array(3));
}

/** Alice's client shows a small request under a high number and keeps a larger one of the same id for later. */
async function twoFaced() {
  const request = await alice.asks();
  const shown = storedRequest(request);
  town.store.erase(shown.key);
  const [key, bytes] = await variant(shown, { n: 9, duration: 900 });
  town.store.put(key, bytes);
  const [hiddenKey, hiddenBytes] = await variant(shown, { n: 1, duration: 7200 });
  return { request, key, hash: sha256Hex(bytes), swap: () => town.store.put(hiddenKey, hiddenBytes) };
}

describe("what is signed is what was shown", () => {
  const decide = {
    approval: (looked: Awaited<ReturnType<Party["looks"]>>) =>
      approveRequest(looked.ports, { ...looked, comment: "", inheritedSourceIdentity: undefined }),
    denial: (looked: Awaited<ReturnType<Party["looks"]>>) =>
      denyRequest(looked.ports, { ...looked, comment: "no", inheritedSourceIdentity: undefined }),
  };

  test.each([
    "approval",
    "denial",
  ] as const)("%s: a second request record, the first crowded out", async (type) => {
    const { request, hash, swap } = await twoFaced();
    const looked = await bob.looks(request);
    expect(looked.review.found.request.record.duration).toBe(900);
    town.pass(5);
    swap();
    junk(request, alice.identity.userid, "request", 3, alice.signer.thumbprint);
    expect(await failure(decide[type](looked))).toBe("REQUEST_INVALID");
    const said = [...town.store.objects.keys()].filter((key) => key.endsWith(`.${type}.jws`));
    expect([said, hash.length]).toEqual([[], 64]);
  });

  test("the first made invalid after it was looked at, by an enrolment of its key that contradicts it", async () => {
    const session = town.session("asker", "xx", {});
    await session.writes("abort", "0".repeat(26), {
      requestHash: "0".repeat(64),
      code: "X",
      step: "request",
      accessKeyId: "-",
    });
    town.pass(3600);
    const request = await session.asks();
    const looked = await bob.looks(request);
    const shown = storedRequest(request);
    expect(looked.review.found.request.record.duration).toBe(1800);
    // The same key enrolled again in the hour of the request, for another role of the same path.
    const [enrolKey] = [...town.store.objects.keys()].filter(
      (key) => key.includes(session.identity.userid) && key.endsWith(".enrol.jws"),
    );
    const opened = readEnvelope(town.store.objects.get(enrolKey ?? "")?.[0]?.bytes ?? new Uint8Array());
    if (!opened.ok || opened.record.type !== "enrol") throw new Error("no enrolment");
    const other = { ...session.identity, arn: session.identity.arn.replace("role/asker", "role/other") };
    const liar = town.user("xx", { identity: other, attested: false });
    Object.assign(liar, { signer: session.signer });
    await liar.writes("abort", "0".repeat(26), {
      requestHash: "0".repeat(64),
      code: "X",
      step: "request",
      accessKeyId: "-",
    });
    const [key, bytes] = await variant(shown, { n: 5, duration: 7200, by: other }, session);
    town.store.put(key, bytes);
    expect(await failure(bob.approves(request))).toBe("REQUEST_INVALID");
  });
});

describe("an approval is used once", () => {
  test("two machines of one approver, at the same step", async () => {
    const request = await alice.asks();
    await bob.approves(request);
    // Carol's claim fails for a while; her approval stands, and she goes on from two machines at once.
    carol.assumeFaults.push("STS_DENIED");
    expect(await failure(carol.approves(request))).toBe("STS_DENIED");
    const second = town.user("carol");
    expect(await failure(second.approves(request))).toBe("APPROVED_ALREADY");
    await Promise.allSettled([carol.approves(request), second.approves(request)]);
    expect(town.made.filter((one) => one.request === request)).toHaveLength(1);
    expect(town.made.at(-1)?.by).toBe(carol.identity.userid);
    expect(typeof (await alice.picksUp(request))).toBe("object");
  });
});

describe("a stranger hides nothing from `pending`", () => {
  const pendingFor = async (who: Party) => {
    const { ports, self } = await who.looks(await alice.asks());
    return async () => await pendingRequests(ports, ports.reader, self);
  };

  test("with a request record of the own under another's id, and an abort of it", async () => {
    const look = await pendingFor(bob);
    const before = (await look()).shown.map(({ found }) => found.request.record.request);
    expect(before).toHaveLength(1);
    const [request = ""] = before;
    // Sorts before alice's.
    const first = "A".repeat(16);
    junk(request, first, "request", 1);
    junk(request, first, "abort", 1);
    junk(request, first, "issue", 1);
    expect((await look()).shown.map(({ found }) => found.request.record.request)).toEqual(before);
  });

  test("by making ten requests look like one requester's", async () => {
    const look = await pendingFor(bob);
    for (let i = 0; i < 3; i += 1) await dave.asks();
    for (let i = 0; i < 9; i += 1) await town.user(`eve${i}`).asks();
    const all = (await look()).shown.map(({ found }) => found.request.record.request);
    expect(all).toHaveLength(13);
    const first = "A".repeat(16);
    for (const request of all) junk(request, first, "request", 1);
    expect((await look()).shown).toHaveLength(13);
  });
});

describe("strange records of strangers", () => {
  test.each([
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/\"}]',\\u0000",
    "arn:aws:iam::111122223333:federated-user/x",
    "arn:x:iam::111122223333:::::////",
  ])("by %s spoil nobody's request", async (arn) => {
    const request = await alice.asks();
    const odd = town.user("odd", {
      identity: { arn, userid: "AIDAODDODDODDODDODD", account: "111122223333" },
      attested: false,
    });
    const hash = sha256Hex(
      town.store.objects.get(storedRequest(request).key)?.[0]?.bytes ?? new Uint8Array(),
    );
    for (const type of ["approval", "denial"] as const)
      await odd.writes(type, request, { requestHash: hash, comment: "-" });
    await bob.approves(request);
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    expect(typeof (await alice.picksUp(request))).toBe("object");
  });
});

describe("a name counts as AWS signed it for the key, whatever a later record says", () => {
  /** A user whose key is enrolled, and who calls the next records another's. */
  async function posing(name: string, as: string): Promise<Party> {
    const who = town.user(name);
    await who.writes("abort", "0".repeat(26), {
      requestHash: "0".repeat(64),
      code: "X",
      step: "request",
      accessKeyId: "-",
    });
    Object.assign(who, { identity: { ...who.identity, arn: town.user(as).identity.arn } });
    return who;
  }

  test("an approval in an approver's name does not count, nor a denial", async () => {
    const request = await alice.asks();
    const eve = await posing("dave", "carol");
    expect(await failure(eve.approves(request))).toBe("APPROVE_NOT_ALLOWED");
    const requestHash = sha256Hex(
      town.store.objects.get(storedRequest(request).key)?.[0]?.bytes ?? new Uint8Array(),
    );
    await eve.writes("approval", request, { requestHash, comment: "-" });
    await eve.writes("denial", request, { requestHash, comment: "-" });
    const { standing } = (await bob.looks(request)).review;
    expect([standing.state, standing.approvals]).toEqual(["open", []]);
  });

  test("a request in another's name is judged, shown and issued in the own", async () => {
    const eve = await posing("dave", "erna");
    const request = await eve.asks();
    const { review } = await bob.looks(request);
    expect(review.found.request.record.by.arn).toBe(dave.identity.arn);
    expect(review.standing.question.identity.arn).toBe(dave.identity.arn);
    await bob.approves(request);
    await carol.approves(request);
    expect(town.assumed.at(-1)?.sourceIdentity).toBe("dave");
    expect(typeof (await eve.picksUp(request))).toBe("object");
  });
});

describe("an approver is asked only about what says why", () => {
  test("not where the reason is hidden, though the catalog keeps reasons in the record", async () => {
    const request = await alice.asks();
    const shown = storedRequest(request);
    town.store.erase(shown.key);
    const hidden = { sha256: "0".repeat(64), salt: "A".repeat(22) };
    town.store.put(...(await variant(shown, { reason: hidden })));
    expect(await failure(bob.approves(request))).toBe("REQUEST_INVALID");
    expect(await failure(bob.denies(request))).toBe(undefined);
  });

  const rules: JustificationRules = {
    purposes: new Map([["support", "help a customer"]]),
    minimumLength: 10,
    ticket: { required: true, pattern: /^T-\d+$/, example: undefined },
  };
  test.each<[string, string | undefined, string | undefined, string | undefined]>([
    ["support", "a customer waits", "T-1", undefined],
    ["curiosity", "a customer waits", "T-1", "PURPOSE_UNKNOWN"],
    ["support", "it", "T-1", "REASON_TOO_SHORT"],
    ["support", undefined, "T-1", "REASON_UNREADABLE"],
    ["support", "a customer waits", undefined, "TICKET_MISSING"],
    ["support", "a customer waits", "X-1", "TICKET_INVALID"],
  ])("purpose %s, reason %s, ticket %s: %s", (purpose, reason, ticket, code) => {
    const catalog = { ...organization.catalog, justification: rules };
    const texts = { ...(reason === undefined ? {} : { reason }), ticket };
    expect(unjustified({ organization: { ...organization, catalog } }, { purpose }, texts)).toBe(code);
  });
});

describe("a denial is not overlooked by who is issuing", () => {
  test("one between the last look and the claim", async () => {
    const request = await alice.asks();
    await bob.approves(request);
    const create = town.store.create.bind(town.store);
    town.store.create = async (key, bytes) => {
      if (key.startsWith("v1/claim/")) {
        town.store.create = create;
        await bob.denies(request);
      }
      await create(key, bytes);
    };
    expect(await failure(carol.approves(request))).toBe("REQUEST_DENIED");
    expect(town.made).toEqual([]);
    expect(await alice.picksUp(request)).toBe("denied");
  });

  test("nor by the requester, where an approver issues all the same", async () => {
    const request = await alice.asks();
    await bob.approves(request);
    const chris = town.user("chris");
    const looked = await chris.looks(request);
    // Carol's client has left the denial out of what it looks at.
    const list = town.store.list.bind(town.store);
    const without = async function* (prefix: string, after?: string) {
      for await (const one of list(prefix, after)) if (!one.key.endsWith(".denial.jws")) yield one;
    };
    const no = { ...looked, comment: "no", inheritedSourceIdentity: undefined };
    expect(await denyRequest(looked.ports, no)).toEqual({ isLate: false });
    town.pass(1);
    town.store.list = without;
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    town.store.list = list;
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_NOT_BELIEVED");
  });

  test("one after the claim is told so", async () => {
    const request = await alice.asks();
    await bob.approves(request);
    carol.assumeFaults.push("STS_DENIED");
    expect(await failure(carol.approves(request))).toBe("STS_DENIED");
    const looked = await bob.looks(request);
    const said = denyRequest(looked.ports, { ...looked, comment: "no", inheritedSourceIdentity: undefined });
    expect(await said).toEqual({ isLate: true });
    expect(await failure(carol.approves(request))).toBe("REQUEST_DENIED");
  });
});

test("a sealed session that has ended is not handed over", async () => {
  const request = await alice.asks();
  await bob.approves(request);
  await carol.approves(request);
  town.pass(1800);
  expect(await failure(alice.picksUp(request))).toBe("GRANT_ENDED");
  expect(alice.journal.entries.size).toBe(0);
});
