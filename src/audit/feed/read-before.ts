import { type RecordKey, readKey } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import type { ReadRecord, RecordReader } from "../record-reader.ts";
import { chainOf } from "../rules/chain.ts";
import { mapAtMost } from "../scan.ts";

const parallelReads = 8;
/** Records that are remembered, of a few kilobytes each; and objects that do not count, of which only that is remembered. */
const mostGood = 4_000;
const mostBad = 100_000;

/**
 * Reads what lies under requests, and remembers what it read: whatever comes of a request, its other records are looked at again,
 * and anybody may put thousands of objects there. What a version holds never changes, and a name's first one counts; whose key
 * signed is remembered as long as the reader does.
 */
export class ReadBefore implements Pick<RecordReader, "read"> {
  readonly #list: RecordStore["list"];
  readonly #reader: Pick<RecordReader, "readOne">;
  readonly #good = new Map<string, ReadRecord>();
  readonly #bad = new Map<string, ReadRecord>();

  constructor(list: RecordStore["list"], reader: Pick<RecordReader, "readOne">) {
    this.#list = list;
    this.#reader = reader;
  }

  async read(prefix: string): Promise<ReadRecord[]> {
    const named: { readonly object: ListedObject; readonly key: RecordKey }[] = [];
    for await (const object of this.#list(prefix)) {
      const key = readKey(object.key);
      if (key !== undefined) named.push({ object, key });
    }
    return await mapAtMost(parallelReads, named, ({ object, key }) => this.#readOne(object, key));
  }

  /** Looks again at what did not count for want of these keys. @param chains of keys that are enrolled by now */
  enrolled(chains: ReadonlySet<string>): void {
    for (const [id, { reason, key }] of this.#bad)
      if (reason === "KEY_NOT_ENROLLED" && chains.has(chainOf(key))) this.#bad.delete(id);
  }

  async #readOne(object: ListedObject, key: RecordKey): Promise<ReadRecord> {
    // A later version has another time, by which a key may have been revoked.
    const id = `${object.key} ${object.lastModified.getTime()}`;
    const known = this.#good.get(id) ?? this.#bad.get(id);
    if (known !== undefined) return known;
    const read = await this.#reader.readOne(object, key);
    if (read.reason === undefined) keep(this.#good, id, read, mostGood);
    // It may be readable later.
    else if (read.reason !== "OBJECT_UNREADABLE")
      keep(this.#bad, id, { ...read, record: undefined }, mostBad);
    return read;
  }
}

/** The oldest are forgotten. */
function keep<T>(all: Map<string, T>, id: string, one: T, most: number): void {
  all.set(id, one);
  const [oldest] = all.keys();
  if (all.size > most && oldest !== undefined) all.delete(oldest);
}
