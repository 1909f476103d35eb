import { beforeEach, expect, test } from "vitest";
import { parseKey } from "../../src/audit/key.ts";
import type { ReaderOptions } from "../../src/audit/record-reader.ts";
import { RecordReader } from "../../src/audit/record-reader.ts";
import type { KeyTrust } from "../../src/audit/rules/keys.ts";
import { seal } from "../../src/audit/tree/seal.ts";
import { SealedLog } from "../../src/audit/tree/sealed-log.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { sealPorts, log as treeKey } from "./tree/sealing.ts";
import { log, StandingClock, type TestWriter, testWriter, time } from "./writer.ts";

let clock: StandingClock;
let store: MemoryRecordStore;
let alice: TestWriter;

beforeEach(() => {
  clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  alice = testWriter(store, "alice", { clock });
});

const revokedAt = (at: Date, size?: number): KeyTrust => ({
  tokenIssuers: [],
  refusePathOnly: false,
  revokedKeys: [
    { thumbprint: alice.signer.thumbprint, at: time(at), ...(size === undefined ? {} : { size }) },
  ],
});

const verify = async (trust: KeyTrust, more: object = {}) => {
  const report = await verifyLog(store, { log, trust, ...more });
  return { ok: report.ok, found: report.findings.map(({ code, severity }) => `${code} ${severity}`) };
};

test("what came before counts, what came after does not; a session told after is a fault", async () => {
  const before = await alice.request();
  await alice.issue(before);
  clock.pass(60);
  const at = clock.now();
  expect(await verify(revokedAt(at))).toEqual({ ok: true, found: [] });
  const after = await alice.request();
  expect(await verify(revokedAt(at))).toEqual({ ok: true, found: ["KEY_REVOKED noise"] });
  expect((await verify(revokedAt(at), { strict: true })).ok).toBe(false);
  await alice.issue(after);
  expect(await verify(revokedAt(at))).toEqual({
    ok: false,
    found: ["KEY_REVOKED noise", "KEY_REVOKED invalid"],
  });
});

test("a writer's own date does not help", async () => {
  await alice.issue(await alice.request());
  clock.pass(3600);
  const at = clock.now();
  // The bucket's clock goes on, the writer's is set back.
  const late = new MemoryRecordStore(() => new Date(at.getTime() + 60_000));
  const back = testWriter(late, "alice", { clock: new StandingClock() });
  await back.issue(await back.request());
  const { findings } = await verifyLog(late, { log, trust: revokedAt(at) });
  expect(findings.filter(({ code }) => code === "KEY_REVOKED")).not.toEqual([]);
  expect(findings.some(({ code, severity }) => code === "KEY_NOT_ENROLLED" && severity === "invalid")).toBe(
    true,
  );
});

test("an approval by a revoked key is none, and others' keys are not touched", async () => {
  const bob = testWriter(store, "bob", { clock });
  const request = await bob.request();
  await alice.append({
    type: "approval",
    request: request.record.id,
    body: () => ({ requestHash: request.sha256, comment: "-" }),
  });
  clock.pass(60);
  const trust = revokedAt(clock.now());
  const late = await alice.append({
    type: "approval",
    request: request.record.id,
    body: () => ({ requestHash: request.sha256, comment: "-" }),
  });
  await bob.issue(request, { decisions: [late.sha256] });
  expect(await verify(trust)).toEqual({
    ok: false,
    found: expect.arrayContaining(["KEY_REVOKED noise", "DECISION_UNKNOWN invalid"]),
  });
});

test("by the tree: a record whose index is the size or more does not count, whenever it came", async () => {
  const request = await alice.request();
  await seal(sealPorts(store, clock));
  await alice.issue(request);
  const trust = revokedAt(new Date(clock.now().getTime() + 3_600_000), 2);
  expect((await verify(trust)).ok).toBe(true);
  const found = { ok: false, found: ["KEY_REVOKED invalid"] };
  const open = () => SealedLog.open(store, { logKeys: [treeKey.key], witnesses: [] });
  // Not sealed yet, it cannot stand before what is.
  expect(await verify(trust, { sealed: await open() })).toEqual(found);
  await seal(sealPorts(store, clock));
  expect(await verify(trust, { sealed: await open() })).toEqual(found);
});

test("a record read by itself says why it does not count", async () => {
  const request = await alice.request();
  clock.pass(60);
  const trust = revokedAt(clock.now());
  const late = await alice.request();
  const options: ReaderOptions = { log, trust, knownKeys: [alice.signer.publicKey] };
  const reasons = [];
  for (const some of [{ log, trust }, options]) {
    const reader = new RecordReader(store, some);
    for (const { key } of [request, late]) {
      for await (const object of store.list(key)) {
        reasons.push((await reader.readOne(object, parseKey(key))).reason);
      }
    }
  }
  expect(reasons).toEqual([undefined, "KEY_REVOKED", undefined, "KEY_REVOKED"]);
});
