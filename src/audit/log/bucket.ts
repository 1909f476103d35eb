import { recordPrefix } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { Lanes } from "./lanes.ts";
import type { NamedRecord } from "./names.ts";

type Store = Pick<RecordStore, "list" | "listPrefixes" | "read" | "readVersion">;

/** GETs under way: a bucket answers many at once, each after some 20 ms; a client has 50 connections. */
const parallelReads = 40;

const enrolPrefix = /^(v1\/rec\/[0-9]{8}T[0-9]{2}\/-\/).+\.0\.enrol\.jws$/;

/**
 * The bucket for a reader of many records: what was listed with its versions is read by one GET, and the enrolments of an
 * hour, which every writer's key is looked for in, are listed once for all writers.
 */
export class ListedBucket implements Pick<RecordStore, "list" | "listPrefixes" | "read"> {
  readonly #store: Store;
  readonly #reads = new Lanes(parallelReads);
  readonly #versions = new Map<string, string>();
  readonly #lists = new Map<string, Promise<readonly ListedObject[]>>();
  #hours: Promise<readonly string[]> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes which version of these names counts, until `forget`. */
  know(records: readonly NamedRecord[]): void {
    for (const { object } of records)
      if (object.oldest !== undefined) this.#versions.set(object.name, object.oldest.versionId);
  }

  forget(records: readonly NamedRecord[]): void {
    for (const { object } of records) this.#versions.delete(object.name);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const version = this.#versions.get(name);
    return await this.#reads.run(() =>
      version === undefined ? this.#store.read(name) : this.#store.readVersion(name, version),
    );
  }

  async *list(prefix: string, after?: string): AsyncIterable<ListedObject> {
    const [, folder] = enrolPrefix.exec(prefix) ?? [];
    if (folder === undefined || after !== undefined) {
      yield* this.#store.list(prefix, after);
      return;
    }
    const listed = this.#lists.get(folder) ?? gather(this.#store.list(folder));
    this.#lists.set(folder, listed);
    for (const object of await listed) if (object.key.startsWith(prefix)) yield object;
  }

  /** Version of an `enrol` record as it is listed now; `undefined` where it is not. @param name */
  async latestEnrolment(name: string): Promise<string | undefined> {
    for await (const { key, versionId } of this.list(name)) if (key === name) return versionId;
    return undefined;
  }

  async *listPrefixes(prefix: string): AsyncIterable<string> {
    if (prefix !== recordPrefix) {
      yield* this.#store.listPrefixes(prefix);
      return;
    }
    this.#hours ??= gather(this.#store.listPrefixes(prefix));
    yield* await this.#hours;
  }
}

async function gather<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}
