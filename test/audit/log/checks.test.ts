import fc from "fast-check";
import { expect, test } from "vitest";
import type { LogEntry } from "../../../src/audit/log/entry.ts";
import { listNames, NameIndex } from "../../../src/audit/log/names.ts";
import { type LogPorts, LogReader } from "../../../src/audit/log/read.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { inProcess, mutate, mutation, someLog } from "../spoilt-log.ts";
import { StandingClock, testWriter } from "../writer.ts";
import { logPortsOf } from "./log-ports.ts";

const now = new Date("2026-11-28T08:00:00Z");
const period = { from: new Date("2026-11-24T00:00:00Z"), to: now };

async function read(
  store: MemoryRecordStore,
  ports: Partial<LogPorts> = {},
  texts = false,
): Promise<LogEntry[]> {
  const names = new NameIndex();
  names.add(await listNames(store, period));
  const reader = new LogReader({ ...logPortsOf(store), ...ports }, names);
  const entries: LogEntry[] = [];
  for await (const entry of reader.entries(names.within(period), { filter: {}, texts, now }))
    entries.push(entry);
  await reader.close();
  return entries;
}

test("records that are checked elsewhere make the very same lines, whatever was done to them", async () => {
  const good = await someLog();
  const counts = { good: 0, bad: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { maxLength: 4 }), async (mutations) => {
      const store = good.copy();
      for (const one of mutations) mutate(store, one);
      const elsewhere = await read(store, { openChecker: async () => inProcess(counts), checkFrom: 0 });
      expect(elsewhere).toEqual(await read(store));
    }),
    { numRuns: 100 },
  );
  expect(counts.good).toBeGreaterThan(500);
  expect(counts.bad).toBeGreaterThan(0);
});

test("a checker that cannot be had, or gives up, costs time alone", async () => {
  const store = await someLog();
  const plain = await read(store);
  expect(plain).toHaveLength(9);
  expect(plain.every(({ outcome }) => outcome === "granted")).toBe(true);
  const openChecker = async () => {
    throw new Error("no threads");
  };
  expect(await read(store, { openChecker, checkFrom: 0 })).toEqual(plain);
  const ended = { ...inProcess({ good: 0, bad: 0 }), check: async () => [] };
  expect(await read(store, { openChecker: async () => ended, checkFrom: 0 })).toEqual(plain);
});

test("few records are read without one", async () => {
  const store = await someLog();
  let opened = 0;
  await read(store, {
    openChecker: async () => {
      opened++;
      return inProcess({ good: 0, bad: 0 });
    },
  });
  expect(opened).toBe(0);
});

/** A store that counts how many GETs are under way at once. */
class SlowStore extends MemoryRecordStore {
  underWay = 0;
  most = 0;
  override async readVersion(key: string, versionId: string): Promise<Uint8Array | undefined> {
    this.most = Math.max(this.most, ++this.underWay);
    await new Promise(setImmediate);
    this.underWay--;
    return await super.readVersion(key, versionId);
  }
}

test("texts that lie apart are looked for some at once, and not for all that are read", async () => {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const alice = testWriter(store, "alice", { clock });
  for (let number = 0; number < 50; number++) {
    await alice.request({ reason: { sha256: "00".repeat(32), salt: "A".repeat(22) } });
    clock.pass(1);
  }
  // Nobody is answered before sixteen ask, or all have: then those who would ask besides have had their time.
  const held: (() => void)[] = [];
  let [asked, most] = [0, 0];
  const textsOf = async () => {
    const released = new Promise<void>((release) => held.push(release));
    asked++;
    if (held.length === 16 || asked === 50) {
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      most = Math.max(most, held.length);
      for (const release of held.splice(0)) release();
    }
    await released;
    return { state: "denied" } as const;
  };
  expect(await read(store, { textsOf }, true)).toHaveLength(50);
  expect(most).toBe(16);
});

test("of many requests many records are read at once, and never more than a client has connections for", async () => {
  const clock = new StandingClock();
  const store = new SlowStore(() => clock.now());
  const alice = testWriter(store, "alice", { clock });
  for (let number = 0; number < 100; number++) {
    const request = await alice.request();
    clock.pass(1);
    for (let session = 0; session < 3; session++) await alice.issue(request);
    clock.pass(1);
  }
  expect(await read(store)).toHaveLength(100);
  expect(store.most).toBe(40);
  expect(
    await read(store, { openChecker: async () => inProcess({ good: 0, bad: 0 }), checkFrom: 10 }),
  ).toHaveLength(100);
  expect(store.most).toBe(40);
});
