import { expect, test } from "vitest";
import { seal } from "../../../src/audit/tree/seal.ts";
import { CountedStore, fillNames } from "../../support/counted-store.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock } from "../writer.ts";
import { sealPorts, wholeTree } from "./sealing.ts";

test("10,000 new records: a LIST for 1,000 objects, a GET for each, every tile written once", async () => {
  const clock = new StandingClock();
  const inner = new MemoryRecordStore(() => clock.now());
  fillNames(inner, 0, 1500, "20261124T02", clock.now());
  await seal(sealPorts(inner, clock));
  clock.pass(6 * 3600);
  fillNames(inner, 1500, 10_000, "20261124T14", clock.now());
  clock.pass(60);
  const counted = new CountedStore(inner);
  expect(await seal(sealPorts(counted.store, clock))).toMatchObject({
    added: 10_000,
    size: 11_500,
    full: false,
  });
  expect(await wholeTree(inner)).toHaveLength(11_500);
  // One for each thousand of the records in the window, and a few of what lies in the tree.
  expect(counted.lists).toBeLessThanOrEqual(10 + 5);
  expect(counted.listed).toBeLessThanOrEqual(10_000 + 10);
  const records = [...counted.gets].filter(([key]) => key.startsWith("v1/rec/"));
  expect(records).toHaveLength(10_000);
  expect(records.every(([, count]) => count === 1)).toBe(true);
  const tiles = [...counted.puts].filter(([key]) => key.startsWith("v1/tree/tile/"));
  // 39 more full tiles and 39 full bundles, and what is unfinished at the end: two tiles and a bundle.
  expect(tiles).toHaveLength(39 + 39 + 3);
  expect([...counted.puts.values()].every((count) => count === 1)).toBe(true);
});
