import { expect, test } from "vitest";
import { formatKey } from "../../../src/audit/key.ts";
import type { ListedObject, RecordStore } from "../../../src/audit/ports.ts";
import { seal } from "../../../src/audit/tree/seal.ts";
import { MemoryRecordStore } from "../../support/memory-record-store.ts";
import { StandingClock } from "../writer.ts";
import { sealPorts, wholeTree } from "./sealing.ts";

/** What a bucket is asked for, as S3 counts it. */
class Counted {
  lists = 0;
  /** Objects and versions that were listed. */
  listed = 0;
  readonly gets = new Map<string, number>();
  readonly puts = new Map<string, number>();
  readonly store: RecordStore;

  constructor(inner: MemoryRecordStore) {
    const counted = <T>(calls: Map<string, number>, key: string, answer: T): T => {
      calls.set(key, (calls.get(key) ?? 0) + 1);
      return answer;
    };
    const pages = async function* (this: Counted, listing: AsyncIterable<ListedObject>) {
      this.lists++;
      let inPage = 0;
      for await (const object of listing) {
        if (inPage === 1000) {
          this.lists++;
          inPage = 0;
        }
        inPage++;
        this.listed++;
        yield object;
      }
    }.bind(this);
    this.store = {
      create: (key, bytes) => counted(this.puts, key, inner.create(key, bytes)),
      replace: (key, bytes) => counted(this.puts, key, inner.replace(key, bytes)),
      read: (key) => counted(this.gets, key, inner.read(key)),
      readCurrent: (key) => counted(this.gets, key, inner.readCurrent(key)),
      readVersion: (key, version) => counted(this.gets, key, inner.readVersion(key, version)),
      list: (prefix, after) => pages(inner.list(prefix, after)),
      listVersions: (prefix, after) => pages(inner.listVersions(prefix, after)),
      listPrefixes: (prefix) => inner.listPrefixes(prefix),
    };
  }
}

/** So many objects that bear the names of records; what is in them a sealer does not judge. */
function fill(store: MemoryRecordStore, from: number, count: number, hour: string, at: Date): void {
  for (let i = from; i < from + count; i++) {
    const request = `01K${String(i).padStart(23, "0")}`;
    const place = { hour, request, userid: "AROAEXAMPLEEXAMPLE123:alice", thumbprint: "A".repeat(43) };
    store.put(formatKey({ ...place, n: i, type: "request" }), Buffer.from(`${i}`), at);
  }
}

test("10,000 new records: a LIST for 1,000 objects, a GET for each, every tile written once", async () => {
  const clock = new StandingClock();
  const inner = new MemoryRecordStore(() => clock.now());
  fill(inner, 0, 1500, "20261124T02", clock.now());
  await seal(sealPorts(inner, clock));
  clock.pass(6 * 3600);
  fill(inner, 1500, 10_000, "20261124T14", clock.now());
  clock.pass(60);
  const counted = new Counted(inner);
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
