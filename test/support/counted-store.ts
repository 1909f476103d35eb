import { formatKey } from "../../src/audit/key.ts";
import type { ListedObject, RecordStore } from "../../src/audit/ports.ts";
import type { MemoryRecordStore } from "./memory-record-store.ts";

/** What a bucket is asked for, as S3 counts it. */
export class CountedStore {
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
    const pages = async function* (this: CountedStore, listing: AsyncIterable<ListedObject>) {
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
export function fillNames(
  store: MemoryRecordStore,
  from: number,
  count: number,
  hour: string,
  at: Date,
): void {
  for (let i = from; i < from + count; i++) {
    const request = `01K${String(i).padStart(23, "0")}`;
    const place = { hour, request, userid: "AROAEXAMPLEEXAMPLE123:alice", thumbprint: "A".repeat(43) };
    store.put(formatKey({ ...place, n: i, type: "request" }), Buffer.from(`${i}`), at);
  }
}
