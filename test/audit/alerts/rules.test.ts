import { beforeEach, describe, expect, test } from "vitest";
import { cosignature } from "../../../src/access/trust/verifier-key.ts";
import type { Alert } from "../../../src/audit/alerts/alert.ts";
import { bypassAlerts, ungivenAlerts } from "../../../src/audit/alerts/bypass.ts";
import { dueAlerts, readSentState, sentAfter } from "../../../src/audit/alerts/due.ts";
import { emergencyAlerts } from "../../../src/audit/alerts/emergencies.ts";
import { silentWitnesses } from "../../../src/audit/alerts/silent-witness.ts";
import { unsealedAlerts } from "../../../src/audit/alerts/unsealed.ts";
import type { LogEntry } from "../../../src/audit/log/entry.ts";
import { listNames, NameIndex } from "../../../src/audit/log/names.ts";
import { LogReader } from "../../../src/audit/log/read.ts";
import { finding } from "../../../src/audit/reconcile/finding.ts";
import type { TreeHead } from "../../../src/audit/tree/checkpoint.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { witness as cosign } from "../../../src/audit/tree/witness.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { logPortsOf } from "../log/log-ports.ts";
import { keyOf, log, sealPorts, witness } from "../tree/sealing.ts";
import { StandingClock, start, testWriter } from "../writer.ts";

const hour = 3_600_000;
const later = (ms: number) => new Date(start.getTime() + ms);

describe("bypass", () => {
  const at = Math.floor(start.getTime() / 1000);
  test.each([
    ["a session that no record tells of", finding("SESSION_UNRECORDED", "event", "x", { at }), 901, 1],
    ["one that only an abort names", finding("SESSION_ABORTED", "event", "x", { at }), 901, 1],
    ["one that may still get its record", finding("SESSION_UNRECORDED", "event", "x", { at }), 899, 0],
    ["one of which no time is known", finding("SESSION_UNRECORDED", "event", "x"), 0, 1],
    ["anything else", finding("ROLE_TRUST_CHANGED", "event", "x", { at }), 10_000, 0],
  ])("%s", (_what, found, seconds, count) => {
    expect(bypassAlerts([found], 900, new Date((at + seconds) * 1000))).toHaveLength(count);
  });
});

describe("a session whose record is there, and that nobody gave", () => {
  test("is a bypass as well; an honest one, and garbage under it, is none", async () => {
    const clock = new StandingClock();
    const store = new MemoryRecordStore(() => clock.now());
    const [alice, eve] = ["alice", "eve"].map((name) => testWriter(store, name, { clock }));
    if (alice === undefined || eve === undefined) throw new Error("two writers");
    const honest = await alice.request();
    await alice.issue(honest);
    const ofHonest = [...store.objects.keys()].find((name) => name.includes(".issue."));
    store.put((ofHonest ?? "").replace("EXAMPLE123:alice", "EXAMPLE123:eve"), Buffer.from("garbage"));
    const none = new MemoryRecordStore(() => clock.now());
    const unasked = await testWriter(none, "eve", { clock }).request();
    await eve.issue(unasked);
    const now = new Date(clock.now().getTime() + 900_000);
    const period = { from: new Date(start.getTime() - hour), to: now };
    const names = new NameIndex();
    names.add(await listNames(store, period));
    const entries: LogEntry[] = [];
    const reader = new LogReader(logPortsOf(store), names);
    const options = { filter: {}, texts: false, now };
    for await (const entry of reader.entries(names.within(period), options)) entries.push(entry);
    expect(entries).toHaveLength(2);
    expect(ungivenAlerts(entries, 900, now)).toMatchObject([
      { kind: "bypass", request: unasked.record.id, message: expect.stringContaining("REQUEST_MISSING") },
    ]);
    expect(ungivenAlerts(entries, 901, now)).toEqual([]);
  });
});

describe("emergencies", () => {
  // Of the first moment of the test's time.
  const request = "01M874T2GCCCDK3K7719E9EVZY";
  const made = new Date(1795536259148);
  const entry = (change: Partial<LogEntry>) =>
    ({
      request,
      userid: "AIDAEXAMPLEEXAMPLE01:alice",
      sessions: [{}],
      reviews: [],
      ...change,
    }) as unknown as LogEntry;
  const mark = { request, userid: "AIDAEXAMPLEEXAMPLE01:alice" };
  const deadlines = { "break-glass": 0, review: 86_400 };
  test.each<[string, LogEntry[], (typeof mark)[], number, readonly string[]]>([
    ["by its records alone", [entry({})], [], 1, ["break-glass"]],
    ["by its mark alone", [], [mark], 1, ["break-glass"]],
    ["by both, once", [entry({})], [mark], 1, ["break-glass"]],
    ["after the deadline", [entry({})], [mark], 25, ["review"]],
    ["reviewed, its mark left behind", [entry({ reviews: [{}] as never })], [mark], 25, []],
    ["without a session and without a mark", [entry({ sessions: [] })], [], 1, []],
    ["without a session, with its mark", [entry({ sessions: [] })], [mark], 25, ["review"]],
  ])("%s", (_what, entries, marks, hours, kinds) => {
    const now = new Date(made.getTime() + hours * hour + 1000);
    const found = emergencyAlerts(entries, marks, deadlines, now);
    expect(found.map(({ kind }) => kind)).toEqual(kinds);
    for (const one of found) expect(one.message).toContain("alice");
  });
});

describe("the tree", () => {
  let clock: StandingClock;
  let store: MemoryRecordStore;
  const other = keyOf("other witness", cosignature, "witness.example/other");
  const keys = { logKeys: [log.key], witnesses: [witness.key, other.key] };
  const memory = () => {
    let head: TreeHead | undefined;
    return {
      read: async () => head,
      write: async (next: TreeHead) => {
        head = next;
      },
    };
  };
  const cosignBy = async (by: typeof witness) =>
    await cosign({ store, clock, signer: by.signer, key: by.key, logKeys: [log.key], memory: memory() });
  const silent = async () =>
    (await silentWitnesses(store, keys, 7200, clock.now())).map(({ object }) => object);
  const unsealed = async () => await unsealedAlerts(store, later(-24 * hour), 3600, clock.now());

  beforeEach(() => {
    clock = new StandingClock();
    store = new MemoryRecordStore(() => clock.now());
  });

  test("what is unsealed counts from its arrival", async () => {
    const alice = testWriter(store, "alice", { clock });
    expect(await unsealed()).toEqual([]);
    await alice.request();
    clock.pass(3599);
    expect(await unsealed()).toEqual([]);
    clock.pass(1);
    expect(await unsealed()).toMatchObject([
      { kind: "seal", since: start, message: expect.stringMatching(/^2 objects/) },
    ]);
    await seal(sealPorts(store, clock));
    expect(await unsealed()).toEqual([]);
    await alice.request();
    clock.pass(3600);
    expect(await unsealed()).toMatchObject([{ message: expect.stringMatching(/^1 object waits/) }]);
  });

  test("what arrives late under an old hour has a day, for sealers have", async () => {
    const alice = testWriter(store, "alice", { clock });
    const { key, bytes } = await alice.request();
    store.erase(key);
    clock.pass(5 * 3600);
    await seal(sealPorts(store, clock));
    store.put(key, bytes);
    clock.pass(25 * 3600);
    expect(await unsealedAlerts(store, later(-24 * hour), 3600, clock.now())).toEqual([]);
    clock.pass(2 * 3600);
    expect(await unsealedAlerts(store, later(-24 * hour), 3600, clock.now())).toMatchObject([
      { object: key },
    ]);
  });

  test("ten thousand objects under an old hour, which have a day, hide none that is overdue", async () => {
    const { key } = await testWriter(store, "alice", { clock }).request();
    clock.pass(3600);
    for (let n = 0; n <= 10_000; n++)
      store.put(key.replace("T08", "T05").replace(/\.\d+\./, `.${n}.`), Buffer.from("x"));
    expect(await unsealed()).toMatchObject([{ kind: "seal", message: expect.stringContaining("2 objects") }]);
  });

  test("each witness must have seen every checkpoint that is old enough, or a later one", async () => {
    const alice = testWriter(store, "alice", { clock });
    expect(await silent()).toEqual([]);
    await alice.request();
    await seal(sealPorts(store, clock));
    clock.pass(7199);
    expect(await silent()).toEqual([]);
    clock.pass(1);
    expect(await silent()).toEqual([witness.key.name, other.key.name]);
    await cosignBy(witness);
    expect(await silent()).toEqual([other.key.name]);
    await alice.request();
    await seal(sealPorts(store, clock));
    await cosignBy(other);
    expect(await silent()).toEqual([]);
    clock.pass(7200);
    expect(await silent()).toEqual([witness.key.name]);
  });

  test("a cosignature by another key, or of a checkpoint that no log key signed, is none", async () => {
    const alice = testWriter(store, "alice", { clock });
    await alice.request();
    await seal(sealPorts(store, clock));
    await cosignBy(keyOf("stranger", cosignature, witness.key.name));
    clock.pass(7200);
    expect(await silent()).toContain(witness.key.name);
    await cosignBy(witness);
    expect(await silentWitnesses(store, { ...keys, logKeys: [] }, 7200, clock.now())).toHaveLength(2);
  });
});

describe("sending", () => {
  const alert = (id: string): Alert => ({
    kind: "seal",
    id,
    since: start,
    deadline: 0,
    message: "",
    request: undefined,
    object: "",
  });
  const now = Math.floor(start.getTime() / 1000);
  test.each([
    ["never sent", {}, true, false],
    ["sent just now", { a: now }, false, false],
    ["sent long ago", { a: now - 3600 }, true, true],
    ["sent under a clock ahead", { a: now + 9999 }, true, true],
    ["called like what objects have", { constructor: now }, true, false],
  ])("what was %s", (_what, sent, isDue, isRepeated) => {
    const due = dueAlerts([alert("a")], { sent }, 3600, start);
    expect(due.map((one) => one.isRepeated)).toEqual(isDue ? [isRepeated] : []);
  });

  test("what is over is forgotten; what could not be looked at is not", () => {
    const sent = { seal: now, "bypass x": now, "break-glass y": now, "review z": now };
    const state = { v: 1 as const, log: "l", sent };
    expect(Object.keys(sentAfter(state, [alert("seal")], ["bypass"]).sent)).toEqual(["seal", "bypass x"]);
    expect(Object.keys(sentAfter(state, [], ["seal", "review"]).sent)).toEqual(["seal", "review z"]);
  });

  test.each([
    [undefined],
    [[]],
    [{ v: 1, log: "l", sent: { a: "b" } }],
    [{ v: 2, log: "l", sent: {} }],
  ])("%j is no state", (value) => {
    expect(readSentState(value)).toBeUndefined();
  });
});
