import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { rememberNoDebts } from "../../src/cli/compose/no-debts.ts";
import { ownCache } from "../../src/local/own-cache.ts";
import { leaveDebt, openDebts } from "../../src/session/break-glass/debt.ts";
import { temporaryFolder } from "../local/temporary.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";

const userid = "AIDAEXAMPLEEXAMPLE01";
const other = "AIDAEXAMPLEEXAMPLE02";
const request = "01KCQ9V3W4X5Y6Z7A8B9C0D1E2";
const hash = "ab".repeat(32);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-24T10:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

function remembering() {
  const bucket = new MemoryRecordStore();
  const folder = temporaryFolder();
  const own = ownCache(join(folder, "own"), join(folder, "own.key"));
  // The object's methods, as the real adapter has them: functions of their own.
  const plain = {
    create: bucket.create.bind(bucket),
    read: bucket.read.bind(bucket),
    readVersion: bucket.readVersion.bind(bucket),
    list: bucket.list.bind(bucket),
    listVersions: bucket.listVersions.bind(bucket),
    listPrefixes: bucket.listPrefixes.bind(bucket),
    replace: bucket.replace.bind(bucket),
  };
  return { bucket, store: rememberNoDebts(plain, own, "unsigned", userid) };
}

test("that there are none is known for five minutes", async () => {
  const { bucket, store } = remembering();
  for (const seconds of [0, 60, 239]) {
    vi.advanceTimersByTime(seconds * 1000);
    expect(await openDebts(store, userid)).toEqual([]);
  }
  expect(bucket.calls).toEqual([`list v1/debt/${userid}/`]);
  vi.advanceTimersByTime(2000);
  await openDebts(store, userid);
  expect(bucket.calls).toHaveLength(2);
});

test("one of this machine's own is seen at once, and as long as it is open", async () => {
  const { store } = remembering();
  expect(await openDebts(store, userid)).toEqual([]);
  await leaveDebt(store, { userid, request }, hash);
  expect(await openDebts(store, userid)).toHaveLength(1);
  expect(await openDebts(store, userid)).toHaveLength(1);
});

test("others' and everybody's are always asked for", async () => {
  const { bucket, store } = remembering();
  await openDebts(store, userid);
  await leaveDebt(bucket, { userid: other, request }, hash);
  expect(await openDebts(store, other)).toHaveLength(1);
  expect(await openDebts(store)).toHaveLength(1);
});
