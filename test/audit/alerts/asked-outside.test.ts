import { expect, test } from "vitest";
import { askedOutside } from "../../../src/audit/alerts/asked-outside.ts";
import { listNames, NameIndex } from "../../../src/audit/log/names.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock, testWriter } from "../writer.ts";

const day = 86_400;

test.each([
  ["long before", -10 * day],
  ["long after", 10 * day],
])("a request that is dated %s its session is known, with its own record", async (_, seconds) => {
  const clock = new StandingClock();
  const store = new MemoryRecordStore(() => clock.now());
  const eve = testWriter(store, "eve", { clock });
  clock.pass(seconds);
  const asked = await eve.request();
  clock.pass(-seconds);
  await eve.issue(asked);
  await eve.request();
  const now = clock.now();
  const period = { from: new Date(now.getTime() - day * 1000), to: new Date(now.getTime() + 60_000) };
  const names = new NameIndex();
  names.add(await listNames(store, period));
  const [found, ...more] = await askedOutside(store, names, period);
  expect(more).toEqual([]);
  expect(found?.request).toBe(asked.record.id);
  expect(found?.records.map(({ key }) => key.type).sort()).toEqual(["issue", "request"]);
  expect(names.within(period)).toHaveLength(1);
});
