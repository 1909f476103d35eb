import type { ListedObject, RecordStore } from "./ports.ts";

/** All that a bucket has under one name. */
export interface ScannedObject {
  readonly name: string;
  /** The version that counts: the oldest that is no delete marker. `undefined` where only markers are left. */
  readonly oldest: ListedObject | undefined;
  /** Later versions, oldest first. */
  readonly later: readonly ListedObject[];
  readonly deleteMarkers: number;
}

/** The objects under a prefix in order of their names, with all their versions. @param after exclusive */
export async function* scanObjects(
  store: Pick<RecordStore, "listVersions" | "versionPages">,
  prefix: string,
  after?: string,
): AsyncGenerator<ScannedObject> {
  for await (const objects of scanPages(store, prefix, after)) yield* objects;
}

/** The same, some at once. */
export async function* scanPages(
  store: Pick<RecordStore, "listVersions" | "versionPages">,
  prefix: string,
  after?: string,
): AsyncGenerator<readonly ScannedObject[]> {
  const pages = store.versionPages?.(prefix, after) ?? inBatches(store.listVersions(prefix, after), pageSize);
  let versions: ListedObject[] = [];
  for await (const page of pages) {
    const objects: ScannedObject[] = [];
    for (const version of page) {
      const [first] = versions;
      if (first !== undefined && first.key !== version.key) {
        objects.push(objectOf(first.key, versions));
        versions = [];
      }
      versions.push(version);
    }
    yield objects;
  }
  const [first] = versions;
  if (first !== undefined) yield [objectOf(first.key, versions)];
}

/** The same, so many at once; at the end those that are left. */
export async function* scanBatches(
  store: Pick<RecordStore, "listVersions" | "versionPages">,
  prefix: string,
  size: number,
): AsyncGenerator<readonly ScannedObject[]> {
  let batch: ScannedObject[] = [];
  for await (const page of scanPages(store, prefix)) {
    for (const object of page) {
      batch.push(object);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

const pageSize = 1000;

/** What the versions of one name are. @param newestFirst all of them, as S3 lists them */
export function objectOf(name: string, newestFirst: readonly ListedObject[]): ScannedObject {
  const [only] = newestFirst;
  if (newestFirst.length === 1 && only?.isDeleteMarker === false)
    return { name, oldest: only, later: none, deleteMarkers: 0 };
  const [oldest, ...later] = newestFirst.filter((version) => !version.isDeleteMarker).reverse();
  return {
    name,
    oldest,
    later,
    deleteMarkers: newestFirst.filter((version) => version.isDeleteMarker).length,
  };
}

const none: readonly ListedObject[] = [];

/** Gathers what comes one by one into lists of at most `size`. */
export async function* inBatches<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for await (const item of source) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** `work` on every item, at most `limit` at once; results in the order of the items. */
export async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
