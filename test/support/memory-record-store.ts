import { createHash } from "node:crypto";
import { compareNames } from "../../src/audit/name-order.ts";
import type { ListedObject, RecordStore, Retained } from "../../src/audit/ports.ts";
import { JitError } from "../../src/error.ts";

/** One version of one object; `bytes` is `undefined` for a delete marker. */
interface Version {
  readonly versionId: string;
  readonly bytes: Uint8Array | undefined;
  readonly lastModified: Date;
}

/**
 * What goes wrong with the next `create`: `lost` stores the object and fails as if the reply had not come,
 * `unreachable` stores nothing.
 */
export type Fault = "lost" | "unreachable" | "denied";

/** A RecordStore with the semantics of a versioned S3 bucket, and hands to spoil it with. */
export class MemoryRecordStore implements RecordStore {
  /** Versions of each key, oldest first. */
  readonly objects = new Map<string, Version[]>();
  /** Taken one by one by `create`; `undefined` lets one call pass. */
  readonly faults: (Fault | undefined)[] = [];
  /** Every call, as `verb key`. */
  readonly calls: string[] = [];
  /** What Object Lock keeps in GOVERNANCE mode alone, or not at all. */
  unlocked: (key: string) => boolean = () => false;
  readonly #now: () => Date;
  #versions = 0;

  constructor(now: () => Date = () => new Date(0)) {
    this.#now = now;
  }

  async create(key: string, bytes: Uint8Array): Promise<void> {
    this.calls.push(`create ${key}`);
    const fault = this.faults.shift();
    if (fault === "unreachable") throw new JitError("AUDIT_UNREACHABLE", "the store does not answer");
    if (fault === "denied") throw new JitError("AUDIT_DENIED", "the store refuses");
    const oldest = this.#oldest(key);
    if (oldest?.bytes === undefined) this.put(key, bytes);
    else if (Buffer.compare(oldest.bytes, bytes) !== 0) {
      throw new JitError("RECORD_CONFLICT", "the object exists with other bytes");
    }
    if (fault === "lost") throw new JitError("AUDIT_UNREACHABLE", "the reply is lost");
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    this.calls.push(`read ${key}`);
    return this.#oldest(key)?.bytes;
  }

  async readVersion(key: string, versionId: string): Promise<Uint8Array | undefined> {
    this.calls.push(`readVersion ${key}`);
    return this.objects.get(key)?.find((version) => version.versionId === versionId)?.bytes;
  }

  /** Kept for 400 days, but for what `unlocked` names. */
  async readRetained(key: string, versionId: string): Promise<Retained | undefined> {
    const bytes = await this.readVersion(key, versionId);
    const version = this.objects.get(key)?.find((one) => one.versionId === versionId);
    if (bytes === undefined || version === undefined) return undefined;
    const until = new Date(version.lastModified.getTime() + 400 * 86_400_000);
    return { bytes, lockedUntil: this.unlocked(key) ? undefined : until };
  }

  async readCurrent(key: string): Promise<Uint8Array | undefined> {
    this.calls.push(`readCurrent ${key}`);
    return this.objects.get(key)?.at(-1)?.bytes;
  }

  async *list(prefix: string, after = ""): AsyncIterable<ListedObject> {
    this.calls.push(`list ${prefix}`);
    for await (const object of this.#all(prefix)) {
      if (object.isLatest && !object.isDeleteMarker && compareNames(object.key, after) > 0) yield object;
    }
  }

  async *listVersions(prefix: string, after = ""): AsyncIterable<ListedObject> {
    this.calls.push(`listVersions ${prefix}`);
    for await (const object of this.#all(prefix)) if (compareNames(object.key, after) > 0) yield object;
  }

  async *listPrefixes(prefix: string): AsyncIterable<string> {
    this.calls.push(`listPrefixes ${prefix}`);
    const seen = new Set<string>();
    for await (const object of this.#all(prefix)) {
      const end = object.key.indexOf("/", prefix.length);
      const common = object.key.slice(0, end + 1);
      if (end >= 0 && object.isLatest && !object.isDeleteMarker && !seen.has(common)) {
        seen.add(common);
        yield common;
      }
    }
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    this.calls.push(`replace ${key}`);
    this.put(key, bytes);
  }

  /** Adds a version whatever is there: what an administrator, or a bucket without its policy, would allow. */
  put(key: string, bytes: Uint8Array | undefined, lastModified = this.#now()): void {
    const versions = this.objects.get(key) ?? [];
    this.#versions++;
    versions.push({ versionId: `v${String(this.#versions).padStart(6, "0")}`, bytes, lastModified });
    this.objects.set(key, versions);
  }

  /** Adds a delete marker. */
  mark(key: string): void {
    this.put(key, undefined);
  }

  /** Changes the stored bytes in place, as no real bucket would. */
  spoil(key: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const versions = this.objects.get(key) ?? [];
    this.objects.set(
      key,
      versions.map((version) =>
        version.bytes === undefined ? version : { ...version, bytes: change(version.bytes) },
      ),
    );
  }

  /** Removes all versions, as no locked bucket would. */
  erase(key: string): void {
    this.objects.delete(key);
  }

  /** A store of its own with the same objects. */
  copy(): MemoryRecordStore {
    const store = new MemoryRecordStore(this.#now);
    store.#versions = this.#versions;
    for (const [key, versions] of this.objects) store.objects.set(key, [...versions]);
    return store;
  }

  /** SHA-256 of everything stored, to see that nothing changed. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const [key, versions] of this.objects) {
      for (const { versionId, bytes } of versions) hash.update(`${key}\0${versionId}\0`).update(bytes ?? "");
    }
    return hash.digest("hex");
  }

  #oldest(key: string): Version | undefined {
    return this.objects.get(key)?.find((version) => version.bytes !== undefined);
  }

  async *#all(prefix: string): AsyncGenerator<ListedObject> {
    for (const key of [...this.objects.keys()].sort(compareNames)) {
      if (!key.startsWith(prefix)) continue;
      const newestFirst = [...(this.objects.get(key) ?? [])].reverse();
      for (const [index, { versionId, bytes, lastModified }] of newestFirst.entries()) {
        const isDeleteMarker = bytes === undefined;
        yield {
          key,
          versionId,
          size: bytes?.length ?? 0,
          lastModified,
          isLatest: index === 0,
          isDeleteMarker,
        };
      }
    }
  }
}
