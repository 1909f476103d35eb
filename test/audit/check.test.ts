import fc from "fast-check";
import { expect, test } from "vitest";
import type { VerifyEd25519 } from "../../src/audit/check/batch.ts";
import { judgedMembers } from "../../src/audit/judged.ts";
import { recordPrefix } from "../../src/audit/key.ts";
import { mirrorLog } from "../../src/audit/mirror/copy.ts";
import { partName } from "../../src/audit/mirror/manifest.ts";
import { openMirror } from "../../src/audit/mirror/open.ts";
import type { TreeHead } from "../../src/audit/tree/checkpoint.ts";
import { seal } from "../../src/audit/tree/seal.ts";
import { SealedLog, type TreeStore } from "../../src/audit/tree/sealed-log.ts";
import { newestCheckpoint } from "../../src/audit/tree/stored.ts";
import { type VerifyOptions, verifyLog } from "../../src/audit/verify.ts";
import { sodiumVerify } from "../../src/local/sodium.ts";
import { MemoryFolder } from "../support/memory-folder.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { inProcess, mutate, mutation, someLog } from "./spoilt-log.ts";
import { sealPorts, log as treeKey } from "./tree/sealing.ts";
import { identityOf, log, StandingClock, testWriter } from "./writer.ts";

const sodium = await sodiumVerify();
const keys = { logKeys: [treeKey.key], witnesses: [] };

async function reportOf(from: TreeStore, more: Partial<VerifyOptions> = {}, since?: TreeHead) {
  const sealed = await SealedLog.open(from, keys, since);
  const report = await verifyLog(from, { log, trust: undefined, sealed, ...more });
  // What was let go and is read anew is judged last.
  const findings = report.findings.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { ...report, findings };
}
const elsewhere = (counts = { good: 0, bad: 0 }, verifyEd25519?: VerifyEd25519): Partial<VerifyOptions> => ({
  openChecker: async () => inProcess(counts, verifyEd25519),
  checkFrom: 0,
  mostRequests: 0,
});

test("a log that is checked elsewhere, or lies in a mirror, has the very same report, whatever was done to it", async () => {
  const good = await someLog();
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { maxLength: 4 }), async (mutations) => {
      const store = good.copy();
      for (const one of mutations) mutate(store, one);
      const plain = await reportOf(store);
      expect(await reportOf(store, elsewhere())).toEqual(plain);
      expect(await reportOf(store, elsewhere(undefined, sodium))).toEqual(plain);
      const folder = new MemoryFolder();
      await mirrorLog(store, folder);
      expect(await reportOf(openMirror(folder), elsewhere())).toEqual(plain);
    }),
    { numRuns: 60 },
  );
});

test("what is new since a checkpoint is the same in a mirror, whatever was done since", async () => {
  const good = await someLog();
  const head = await newestCheckpoint(good, keys.logKeys);
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { maxLength: 3 }), fc.boolean(), async (mutations, isSealed) => {
      const store = good.copy();
      for (const one of mutations) mutate(store, one);
      const later = new StandingClock(new Date("2026-12-24T08:00:00Z"));
      if (isSealed) await seal(sealPorts(store, later));
      const folder = new MemoryFolder();
      await mirrorLog(store, folder);
      expect(await reportOf(openMirror(folder), {}, head)).toEqual(await reportOf(store, {}, head));
    }),
    { numRuns: 60 },
  );
});

test("where nothing is new, a mirror's days are not even listed", async () => {
  const good = await someLog();
  await seal(sealPorts(good, new StandingClock(new Date("2026-11-27T08:00:00Z"))));
  const folder = new MemoryFolder();
  await mirrorLog(good, folder);
  const head = await newestCheckpoint(good, keys.logKeys);
  const { parts } = openMirror(folder);
  const days = parts.filter(({ first }) => first.startsWith(recordPrefix));
  expect(days).toHaveLength(3);
  for (const { sha256 } of days) folder.remove(partName(sha256));
  const report = await reportOf(openMirror(folder), {}, head);
  expect(report).toMatchObject({ ok: true, objects: 0, findings: [] });
  const all = await reportOf(good);
  expect(report.tree?.completeUntil).toBe(all.tree?.completeUntil);
  await expect(reportOf(openMirror(folder))).rejects.toMatchObject({ code: "MIRROR_INVALID" });
});

test("what is said of a request long after it was over is judged with all of it", async () => {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const [alice, bob] = ["alice", "bob"].map((name) => testWriter(store, name, { clock }));
  if (alice === undefined || bob === undefined) throw new Error("two writers");
  const requests = [];
  for (let day = 0; day < 4; day++) {
    const request = await alice.request(
      day === 3 ? { claimed: { extends: requests[0]?.record.id ?? "" } } : {},
    );
    await alice.issue(request);
    requests.push(request);
    clock.pass(86_400);
  }
  const [first, second] = requests;
  if (first === undefined || second === undefined) throw new Error("two requests");
  clock.pass(86_400);
  await alice.request();
  clock.pass(3600);
  await alice.issue(first);
  await bob.append({
    type: "end",
    request: second.record.id,
    body: () => ({
      ...{ requestHash: second.sha256, issueHash: "00".repeat(32), outcome: "completed" as const },
      ...{ exitCode: 0, seconds: 3, command: "-" },
    }),
  });
  const plain = await reportOf(store);
  expect(plain.findings.map(({ code }) => code).sort()).toEqual([
    "ISSUE_REPEATED",
    "NOT_AFTER_DIFFERS",
    "WRITER_DIFFERS",
  ]);
  store.calls.length = 0;
  expect(await reportOf(store, elsewhere())).toEqual(plain);
  const reads = store.calls.filter((call) => call.startsWith("readVersion"));
  expect(reads.length).toBe(new Set(reads).size + 6);
});

test("a request may extend one that was let go: it is known what that one asked for", async () => {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const [alice, bob] = ["alice", "bob"].map((name) => testWriter(store, name, { clock }));
  if (alice === undefined || bob === undefined) throw new Error("two writers");
  const extend = async (who: typeof alice, extended: { readonly record: { readonly id: string } }) => {
    const request = await who.request({ claimed: { extends: extended.record.id } });
    await who.issue(request);
    return request;
  };
  const first = await alice.request();
  await alice.issue(first);
  const second = await extend(alice, first);
  clock.pass(4 * 86_400);
  await alice.request();
  clock.pass(3600);
  await extend(alice, second);
  // Read anew, it extends what is not.
  await bob.append({
    type: "approval",
    request: second.record.id,
    body: () => ({ requestHash: second.sha256, comment: "-" }),
  });
  await extend(bob, first);
  const plain = await reportOf(store);
  expect(plain.findings.map(({ code }) => code)).toEqual(["DECISION_OWN", "EXTENDS_DIFFERS"]);
  expect(await reportOf(store, elsewhere())).toEqual(plain);
});

test("what is good is checked elsewhere, but for enrolments", async () => {
  const counts = { good: 0, bad: 0 };
  const report = await reportOf(await someLog(), elsewhere(counts));
  expect(report.findings).toEqual([]);
  expect(counts).toEqual({ good: report.records - report.byType.enrol, bad: 0 });
});

test("a thread tells of each type of record what is judged of it, plain or not", async () => {
  const store = new MemoryRecordStore(() => new Date("2026-11-24T08:16:37Z"));
  const alice = testWriter(store, "alice");
  const { signer, append } = alice;
  const asked = await alice.request();
  const [request, requestHash] = [asked.record.id, asked.sha256];
  const issue = await alice.issue(asked);
  const { role, sessionName } = issue.record;
  const said = { comment: { text: "wegen 😀" } };
  const later = [
    await append({ type: "approval", request, body: () => ({ requestHash, comment: "-" }) }),
    await append({ type: "denial", request, body: () => ({ requestHash, ...said }) }),
    await append({
      type: "end",
      request,
      body: () => ({
        ...{ requestHash, issueHash: issue.sha256, outcome: "completed" as const },
        ...{ exitCode: 3221225786, seconds: 3, command: "-" },
      }),
    }),
    await append({
      type: "abort",
      request,
      body: () => ({ requestHash, code: "CRASHED", step: "cache", accessKeyId: "-" }),
    }),
    await append({
      type: "revoke",
      request,
      body: () => ({ requestHash, role, sessionName, reason: "lost" }),
    }),
    await append({
      type: "review",
      request,
      body: () => ({ requestHash, verdict: "justified" as const, ...said }),
    }),
    await append({
      type: "notice",
      request,
      body: () => ({ requestHash, event: "pending" as const, to: "hooks.example.com", code: "NOTIFY_DOWN" }),
    }),
    await alice.issue(asked, { sealed: "eyJh..aXY.Y3Q.dGFn" }),
  ];
  const records = [asked, issue, ...later];
  const others = { ...identityOf("alice"), arn: "arn:aws:sts::111111111111:assumed-role/Other/alice" };
  for (const by of [identityOf("alice"), others]) {
    const writer = { jwk: signer.publicKey, thumbprint: signer.thumbprint, by };
    const checker = inProcess({ good: 0, bad: 0 });
    const checked = await checker.check(records.map(({ bytes }) => ({ bytes, writer })));
    expect(checked).toEqual(
      records.map(({ record, sha256 }) => ({
        ...{ isChecked: true, kid: signer.thumbprint, sha256 },
        record: judgedMembers(record),
      })),
    );
  }
});
