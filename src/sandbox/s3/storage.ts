import type { Bucket, Shelf, Version } from "./model.ts";

/** Compares keys by their UTF-8 bytes, the order in which S3 lists. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // UTF-16 puts surrogates (U+10000 and up) below U+E000–U+FFFF; UTF-8 puts them above.
    const leftSurrogate = left >= 0xd800 && left < 0xe000;
    const rightSurrogate = right >= 0xd800 && right < 0xe000;
    if (leftSurrogate !== rightSurrogate) return leftSurrogate ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

/** One bucket's objects: versions by key, and the keys in listing order. */
interface Contents {
  bucket: Bucket;
  /** Newest first; never empty. */
  readonly versions: Map<string, Version[]>;
  readonly keys: string[];
}

/** First position whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The buckets in memory, written through to the shelf. Knows nothing of permissions, locks or HTTP. */
export class Storage {
  readonly #shelf: Shelf;
  readonly #buckets = new Map<string, Contents>();
  #sequence = 0;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
    const { buckets, versions } = shelf.load();
    for (const bucket of buckets) this.#buckets.set(bucket.name, { bucket, versions: new Map(), keys: [] });
    for (const [bucket, version] of [...versions].sort(([, a], [, b]) => a.sequence - b.sequence)) {
      this.#insert(bucket, version);
      this.#sequence = Math.max(this.#sequence, version.sequence);
    }
  }

  buckets(): Bucket[] {
    return [...this.#buckets.values()]
      .map(({ bucket }) => bucket)
      .sort((a, b) => compareKeys(a.name, b.name));
  }

  bucket(name: string): Bucket | undefined {
    return this.#buckets.get(name)?.bucket;
  }

  putBucket(bucket: Bucket): void {
    this.#shelf.putBucket(bucket);
    const contents = this.#buckets.get(bucket.name);
    if (contents === undefined) this.#buckets.set(bucket.name, { bucket, versions: new Map(), keys: [] });
    else contents.bucket = bucket;
  }

  removeBucket(name: string): void {
    this.#shelf.removeBucket(name);
    this.#buckets.delete(name);
  }

  isEmpty(bucket: string): boolean {
    return this.#contents(bucket).keys.length === 0;
  }

  /** Newest first; empty where the key has none. */
  versions(bucket: string, key: string): readonly Version[] {
    return this.#contents(bucket).versions.get(key) ?? [];
  }

  /** Keys in listing order from the first that is not below `from`. */
  *keysFrom(bucket: string, from: string): Generator<string> {
    const { keys } = this.#contents(bucket);
    for (let at = lowerBound(keys, from); at < keys.length; at++) yield keys[at] ?? "";
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Adds a version on top, or replaces the one with the same id in place. */
  putVersion(bucket: string, version: Version): void {
    this.#shelf.putVersion(bucket, version);
    const versions = this.#contents(bucket).versions.get(version.key);
    const at = versions?.findIndex((each) => each.versionId === version.versionId) ?? -1;
    const replaced = versions?.[at];
    if (versions !== undefined && replaced !== undefined && replaced.sequence === version.sequence) {
      versions[at] = version;
      return;
    }
    if (replaced !== undefined) versions?.splice(at, 1);
    this.#insert(bucket, version);
  }

  removeVersion(bucket: string, version: Version): void {
    this.#shelf.removeVersion(bucket, version);
    const { versions, keys } = this.#contents(bucket);
    const left = versions.get(version.key)?.filter((each) => each.versionId !== version.versionId) ?? [];
    if (left.length > 0) {
      versions.set(version.key, left);
      return;
    }
    versions.delete(version.key);
    const at = lowerBound(keys, version.key);
    if (keys[at] === version.key) keys.splice(at, 1);
  }

  #insert(bucket: string, version: Version): void {
    const { versions, keys } = this.#contents(bucket);
    const known = versions.get(version.key);
    if (known !== undefined && known.length > 0) {
      known.unshift(version);
      return;
    }
    versions.set(version.key, [version]);
    const at = lowerBound(keys, version.key);
    if (keys[at] !== version.key) keys.splice(at, 0, version.key);
  }

  #contents(name: string): Contents {
    const contents = this.#buckets.get(name);
    if (contents === undefined) throw new Error(`no bucket ${name}`);
    return contents;
  }
}
