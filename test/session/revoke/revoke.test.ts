import { expect, test } from "vitest";
import { codeOf } from "../../../src/error.ts";
import { parseDenials } from "../../../src/session/revoke/denials.ts";
import { findLiveSessions } from "../../../src/session/revoke/live-sessions.ts";
import { ownerOf } from "../../../src/session/revoke/policy-name.ts";
import { type RevokeInput, type RevokePorts, revokeSessions } from "../../../src/session/revoke/revoke.ts";
import { liftDenial, sweepDenials } from "../../../src/session/revoke/sweep.ts";
import { log, StandingClock, testWriter } from "../../audit/writer.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { MemoryCache } from "../memory-cache.ts";
import { session as cached } from "../sessions.ts";
import { fenceThat } from "../world.ts";
import { MemoryPolicies } from "./memory-policies.ts";

const roles = ["arn:aws:iam::222222222222:role/pii-a", "arn:aws:iam::222222222222:role/pii-b"] as const;
const owner = ownerOf("0123456789abcdefXYZ", "bob");
const noWait = async () => undefined;
const lock: RevokePorts["lock"] = { hold: async (_name, work) => await work(fenceThat()) };

/** Two live sessions of alice's, one of each role, and bob who revokes. */
async function world() {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const alice = testWriter(store, "alice", { clock });
  for (const role of roles) await alice.issue(await alice.request({ role }), { role });
  const find = async () =>
    (await findLiveSessions(store, { kind: "all" }, { log, trust: undefined, clock, hours: 5 })).sessions;
  const policies = new MemoryPolicies();
  const cache = new MemoryCache();
  const records = testWriter(store, "bob", { clock });
  const ports: RevokePorts = { policies, records, lock, cache, clock, wait: noWait };
  const input: RevokeInput = { sessions: await find(), person: undefined, roles: [], reason: "lost", owner };
  const revokes = () => [...store.objects.keys()].filter((name) => name.endsWith(".revoke.jws")).length;
  return { clock, store, policies, cache, ports, input, revokes };
}

test("each session has its record and its denial, and is wiped from this machine", async () => {
  const { cache, input, policies, ports, revokes } = await world();
  const [first] = input.sessions;
  await cache.write("own", cached({ request: first?.request ?? "" }), fenceThat());
  await cache.write("other", cached(), fenceThat());
  const revoked = await revokeSessions(ports, input);
  expect(revoked).toMatchObject({
    sessions: [{ revoked: true }, { revoked: true }],
    roles: [{ state: "confirmed" }, { state: "confirmed" }],
    unrecorded: undefined,
    wiped: [first?.request],
  });
  expect(revokes()).toBe(2);
  expect(policies.texts.size).toBe(2);
  expect([...cache.files.keys()]).toEqual(["other"]);
});

test("the record comes before the change of IAM", async () => {
  const { input, policies, ports, revokes } = await world();
  const seen: number[] = [];
  policies.written = () => seen.push(revokes());
  await revokeSessions(ports, input);
  expect(seen).toEqual([2, 2]);
});

test("one role that cannot be changed does not leave the other open, and has no record", async () => {
  const { input, policies, ports, revokes } = await world();
  policies.denied.add(roles[0]);
  const revoked = await revokeSessions(ports, input);
  expect(revoked.roles.map(({ role, state, error }) => [role, state, error?.code])).toEqual([
    [roles[0], "failed", "IAM_DENIED"],
    [roles[1], "confirmed", undefined],
  ]);
  expect(revoked.sessions.map(({ role, revoked: done }) => [role, done]).sort()).toEqual([
    [roles[0], false],
    [roles[1], true],
  ]);
  expect(revokes()).toBe(1);
});

test("where no role can be changed nothing is written", async () => {
  const { input, policies, ports, revokes } = await world();
  for (const role of roles) policies.denied.add(role);
  expect(codeOf(await revokeSessions(ports, input).catch((error) => error))).toBe("IAM_DENIED");
  expect(revokes()).toBe(0);
});

test("a bucket that takes no record does not keep a session alive", async () => {
  const { input, policies, ports, store } = await world();
  store.faults.push("unreachable", "unreachable", "unreachable");
  const revoked = await revokeSessions(ports, input);
  expect(revoked.unrecorded?.code).toBe("REVOKE_UNRECORDED");
  expect(revoked.sessions.every((session) => session.revoked)).toBe(true);
  expect(policies.texts.size).toBe(2);
});

test("a person is denied on every role, also without any session", async () => {
  const { clock, input, policies, ports } = await world();
  const person = { name: "eve", until: new Date(clock.now().getTime() + 7_200_000) };
  await revokeSessions(ports, { ...input, sessions: [], person, roles });
  const names = [...policies.texts.values()].map((text) =>
    parseDenials(text)?.people.map(({ name }) => name),
  );
  expect(names).toEqual([["eve"], ["eve"]]);
  expect(await liftDenial(ports, { roles, owner }, "eve")).toHaveLength(2);
  expect(policies.texts.size).toBe(0);
});

test("a sweep takes what has ended of the own, and of others only what nobody writes to any more", async () => {
  const { clock, input, policies, ports } = await world();
  const carol = ownerOf("carolcarolcarolcarol", "carol");
  policies.texts.set(`${roles[0]} store`, "{}");
  await revokeSessions(ports, input);
  await revokeSessions(ports, { ...input, owner: carol });
  expect(await sweepDenials(ports, { roles, owner })).toMatchObject({ removed: [], shortened: [] });
  clock.pass(3 * 3600);
  const swept = await sweepDenials(ports, { roles, owner });
  expect(swept.removed.map(({ policy }) => policy.endsWith("-bob"))).toEqual([true, true]);
  expect(swept.left).toHaveLength(2);
  clock.pass(72 * 3600);
  expect((await sweepDenials(ports, { roles, owner })).removed).toHaveLength(2);
  expect([...policies.texts.keys()]).toEqual([`${roles[0]} store`]);
});
