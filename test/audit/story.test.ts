import { beforeEach, describe, expect, test } from "vitest";
import { tellStory } from "../../src/audit/story.ts";
import type { StoredRecord } from "../../src/audit/types.ts";
import { codeOf } from "../../src/error.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { log, StandingClock, type TestWriter, testWriter } from "./writer.ts";

let store: MemoryRecordStore;
let clock: StandingClock;
let alice: TestWriter;

beforeEach(() => {
  clock = new StandingClock();
  store = new MemoryRecordStore(() => clock.now());
  alice = testWriter(store, "alice", { clock });
});

const abort = (request: StoredRecord<"request">, accessKeyId = "-", writer = alice) =>
  writer.append({
    type: "abort",
    request: request.record.id,
    body: () => ({ requestHash: request.sha256, code: "CRASHED", step: "cache", accessKeyId }),
  });
const end = (request: StoredRecord<"request">, issue: StoredRecord<"issue">, writer = alice) =>
  writer.append({
    type: "end",
    request: request.record.id,
    body: () => ({
      requestHash: request.sha256,
      issueHash: issue.sha256,
      outcome: "forgotten",
      exitCode: -1,
      seconds: -1,
      command: "-",
    }),
  });

describe("tellStory", () => {
  const tell = (request: string, change = {}) =>
    tellStory(store, request, { log, trust: undefined, now: clock.now(), ...change });

  test("has every record of one request, across hours, verified", async () => {
    clock.pass(3000);
    const request = await alice.request();
    await alice.request();
    const issue = await alice.issue(request);
    clock.pass(1000);
    await end(request, issue);
    const story = await tell(request.record.id);
    expect(story.entries.map(({ key, reason, grade }) => [key.type, key.hour, reason, grade])).toEqual([
      ["request", "20261124T09", undefined, "path only"],
      ["issue", "20261124T09", undefined, "path only"],
      ["end", "20261124T09", undefined, "path only"],
    ]);
    expect(story).toMatchObject({
      request: request.record.id,
      state: "forgotten",
      findings: [],
      complete: true,
    });
  });

  test("goes by its state", async () => {
    const states: string[] = [];
    const request = await alice.request();
    const told = async () => states.push((await tell(request.record.id)).state);
    await told();
    const issue = await alice.issue(request);
    await told();
    await end(request, issue);
    await told();
    clock.pass(1800);
    await told();
    const other = await alice.request();
    await abort(other);
    states.push((await tell(other.record.id)).state);
    const third = await alice.request();
    await abort(third, (await alice.issue(third)).record.accessKeyId);
    states.push((await tell(third.record.id)).state);
    expect(states).toEqual(["open", "issued", "forgotten", "expired", "aborted", "aborted"]);
  });

  test("of a window that opens in weeks is looked for to its end", async () => {
    const opens = new Date(clock.now().getTime() + 20 * 86_400_000);
    const notBefore = `${opens.toISOString().slice(0, 19)}Z`;
    const request = await alice.request({ claimed: { notBefore } });
    clock.pass(20 * 86_400 + 60);
    await alice.issue(request);
    expect(await tell(request.record.id)).toMatchObject({ state: "issued", complete: true });
  });

  test("a request that is not there", async () => {
    const id = "01ARYZ6S41TSV4RRFFQ69G5FAV";
    const now = new Date("2016-07-31T00:00:00Z");
    expect(await tell(id, { now })).toMatchObject({ state: "absent", entries: [], complete: true });
    expect(await tell("../x").then(() => undefined, codeOf)).toBe("ID_INVALID");
  });

  test("a record that was changed has its reason and proves nothing", async () => {
    const request = await alice.request();
    const issue = await alice.issue(request);
    store.spoil(issue.key, (bytes) => bytes.map((byte, i) => (i === bytes.length - 10 ? byte ^ 1 : byte)));
    const story = await tell(request.record.id);
    expect(story.state).toBe("open");
    expect(story.entries[1]).toMatchObject({ reason: "SIGNATURE_INVALID" });
    store.spoil(issue.key, () => Buffer.from("{}"));
    expect((await tell(request.record.id)).entries[1]).toMatchObject({
      reason: "ENVELOPE_SHAPE",
      record: undefined,
    });
  });

  test("a record of another place, log or unknown key has its reason", async () => {
    const request = await alice.request();
    store.put(request.key.replace(".1.", ".7."), request.bytes);
    expect((await tell(request.record.id)).entries.map(({ reason }) => reason)).toEqual([
      undefined,
      "NAME_DIFFERS",
    ]);
    const other = await tell(request.record.id, { log: "ff".repeat(32) });
    expect(other.entries.map(({ reason }) => reason)).toEqual(["LOG_DIFFERS", "LOG_DIFFERS"]);
    for (const key of store.objects.keys()) if (key.includes("enrol")) store.erase(key);
    const unknown = await tell(request.record.id);
    expect(unknown.entries[0]).toMatchObject({ reason: "KEY_NOT_ENROLLED" });
    const known = await tell(request.record.id, { knownKeys: [alice.signer.publicKey] });
    expect(known.entries[0]).toMatchObject({ reason: undefined, grade: undefined });
  });

  test("finds a key that was enrolled days before", async () => {
    await alice.request();
    clock.pass(5 * 86_400);
    const request = await alice.request();
    expect((await tell(request.record.id)).entries[0]).toMatchObject({
      reason: undefined,
      grade: "path only",
    });
    expect((await tell(request.record.id, { maximumHours: 0 })).complete).toBe(false);
  });

  test("looks no further than the grant's end, or an abort", async () => {
    const request = await alice.request();
    await alice.issue(request);
    const aborted = await alice.request();
    await abort(aborted);
    clock.pass(90 * 86_400);
    for (const id of [request.record.id, aborted.record.id]) {
      store.calls.length = 0;
      expect(await tell(id)).toMatchObject({ complete: true });
      expect(store.calls.filter((call) => call.startsWith("list ")).length).toBeLessThan(20);
    }
    const open = await alice.request();
    clock.pass(10 * 86_400);
    expect(await tell(open.record.id, { maximumHours: 24 })).toMatchObject({
      state: "open",
      complete: false,
    });
  });

  test("a stranger's records do not decide, and do not end the search", async () => {
    const mallory = testWriter(store, "mallory", { clock });
    const request = await alice.request();
    const { id } = request.record;
    await abort(request, "-", mallory);
    expect(await tell(id)).toMatchObject({ state: "open", findings: [{ code: "WRITER_DIFFERS" }] });
    clock.pass(600);
    await mallory.issue(request, { notAfter: "2026-11-24T08:27:00Z" });
    expect(await tell(id)).toMatchObject({ state: "open" });
    clock.pass(3 * 86_400);
    const issue = await alice.issue(request);
    expect(await tell(id)).toMatchObject({ state: "issued", complete: true });
    await end(request, issue, mallory);
    await abort(request, issue.record.accessKeyId, mallory);
    expect(await tell(id)).toMatchObject({ state: "issued" });
    await end(request, issue);
    expect(await tell(id)).toMatchObject({ state: "forgotten" });
  });

  test("what records have against each other is told", async () => {
    const request = await alice.request();
    await alice.issue(request, { role: "arn:aws:iam::222222222222:role/other" });
    const { findings } = await tell(request.record.id);
    expect(findings.map(({ code }) => code)).toEqual(["ISSUE_ROLE"]);
  });
});
