import { beforeEach, describe, expect, test } from "vitest";
import { renewSession } from "../../../src/session/renew.ts";
import type { Session } from "../../../src/session/types.ts";
import { fenceThat } from "../world.ts";
import { failure, organization, type Party, Town } from "./parties.ts";

let town: Town;
let alice: Party;
let bob: Party;
let carol: Party;
beforeEach(() => {
  town = new Town();
  [alice, bob, carol] = [town.user("alice"), town.user("bob"), town.user("carol")];
});

async function approved(target: string): Promise<string> {
  const request = await alice.asks(target);
  await bob.approves(request);
  await carol.approves(request);
  return request;
}

describe("issued by the approver", () => {
  test("the grant begins when it is issued, and ends by what STS gave", async () => {
    const request = await alice.asks("payroll:read", 3600);
    await bob.approves(request);
    town.pass(3 * 3600);
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    const session = (await alice.picksUp(request)) as Session;
    expect(session.notAfter.getTime() - Math.floor(town.time / 1000) * 1000).toBe(3600_000);
    expect(session.credentials.accessKeyId).toBe(town.made[0]?.accessKeyId);
    expect(town.made.map(({ by }) => by)).toEqual([carol.identity.userid]);
  });

  test("a session is not renewed by who did not issue it", async () => {
    const session = (await alice.picksUp(await approved("payroll:read"))) as Session;
    const { identity } = alice;
    const input = { session, organization, identity, inheritedSourceIdentity: undefined };
    expect(await failure(renewSession(alice.ports, input, fenceThat()))).toBe("RENEW_IMPOSSIBLE");
  });

  test.each([
    "STS_DENIED",
    "STS_UNREACHABLE",
    "AWS_THROTTLED",
    "AWS_EXPIRED",
  ])("after %s the same approver goes on", async (code) => {
    const request = await alice.asks();
    await bob.approves(request);
    carol.assumeFaults.push(code);
    expect(await failure(carol.approves(request))).toBe(code);
    expect(carol.journal.entries.size).toBe(0);
    expect(await alice.picksUp(request)).toBe("open");
    // The claim is Carol's.
    expect(await failure(bob.approves(request))).toBe("CLAIM_TAKEN");
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    expect(typeof (await alice.picksUp(request))).toBe("object");
    expect(town.made).toHaveLength(1);
  });

  test("a lost reply costs a new request", async () => {
    const request = await alice.asks();
    await bob.approves(request);
    carol.assumeFaults.push("STS_REPLY_LOST");
    expect(await failure(carol.approves(request))).toBe("STS_REPLY_LOST");
    expect(await failure(carol.approves(request))).toBe("REQUEST_ABORTED");
    expect(await alice.picksUp(request)).toBe("aborted");
  });

  test.each([
    0, 1, 2, 3,
  ])("a bucket that fails at write %i of the last approval loses nothing and issues once", async (at) => {
    const request = await alice.asks();
    await bob.approves(request);
    await carol.looks(request);
    town.store.faults.push(...Array.from({ length: at }, () => undefined), "unreachable");
    await failure(carol.approves(request));
    town.store.faults.length = 0;
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    const session = (await alice.picksUp(request)) as Session;
    expect(town.made.map(({ accessKeyId }) => accessKeyId)).toEqual([session.credentials.accessKeyId]);
  });

  test.each([0, 1, 2, 3])("so does one whose reply is lost at write %i", async (at) => {
    const request = await alice.asks();
    await bob.approves(request);
    await carol.looks(request);
    town.store.faults.push(...Array.from({ length: at }, () => undefined), "lost");
    await failure(carol.approves(request));
    town.store.faults.length = 0;
    expect(await carol.approves(request)).toMatchObject({ kind: "issued" });
    expect(typeof (await alice.picksUp(request))).toBe("object");
    expect(town.made).toHaveLength(1);
  });
});

describe("issued by the requester", () => {
  test("once, and the grant begins then", async () => {
    const request = await approved("customers:read");
    expect(town.made).toEqual([]);
    town.pass(3600);
    const session = (await alice.picksUp(request)) as Session;
    expect(session.notAfter.getTime()).toBe(Math.floor(town.time / 1000) * 1000 + 1_800_000);
    expect(await alice.picksUp(request)).toBe("not ours");
    expect(await failure(bob.approves(request))).toBe("REQUEST_ISSUED");
  });

  test("never twice, though the machine remembers that it waits", async () => {
    const request = await approved("customers:read");
    const kept = alice.waiting.get(request);
    await alice.picksUp(request);
    if (kept !== undefined) alice.waiting.set(request, kept);
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_REFUSED");
    expect(town.made).toHaveLength(1);
  });

  test("a crash after AssumeRole costs a new request", async () => {
    const request = await approved("customers:read");
    town.store.faults.push("unreachable", "unreachable");
    expect(await failure(alice.picksUp(request))).toBe("AUDIT_UNREACHABLE");
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_REFUSED");
    expect(await failure(alice.picksUp(request))).toBe("ISSUE_REFUSED");
    expect(town.made).toHaveLength(1);
  });

  test("not with fewer approvals, and not after the end", async () => {
    const request = await alice.asks("customers:read");
    await bob.approves(request);
    expect(await alice.picksUp(request)).toBe("open");
    await carol.approves(request);
    town.pass(4 * 3600);
    expect(await alice.picksUp(request)).toBe("expired");
    expect(town.made).toEqual([]);
  });

  test("a renewal ends where the first session's record says, whatever the cache file says", async () => {
    const request = await approved("customers:read");
    town.pass(3000);
    const session = (await alice.picksUp(request)) as Session;
    town.pass(600);
    const { identity } = alice;
    const edited = { ...session, notAfter: new Date(session.notAfter.getTime() + 3_600_000) };
    const input = { session: edited, organization, identity, inheritedSourceIdentity: undefined };
    const { session: renewed } = await renewSession(alice.ports, input, fenceThat());
    expect(renewed.notAfter).toEqual(session.notAfter);
    const { issueRecord: _, ...without } = session;
    const shorter = { ...input, session: { ...without, notAfter: edited.notAfter } };
    expect(await failure(renewSession(alice.ports, shorter, fenceThat()))).toBe("RENEW_IMPOSSIBLE");
  });
});
