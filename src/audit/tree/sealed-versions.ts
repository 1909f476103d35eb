import { DigestMap } from "../digest-map.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import type { Leaf } from "./leaf.ts";
import { readStoredBatch, type StoredBatch } from "./stored.ts";

/**
 * Which versions of which objects are in the tree. Batches are read from the newest back, and only as far as needed: what
 * arrived after a batch did is in none before it.
 */
export class SealedVersions {
  readonly #store: Pick<RecordStore, "readVersion">;
  /** Those not read yet, oldest first. */
  readonly #batches: StoredBatch[];
  readonly #known = new DigestMap();

  constructor(store: Pick<RecordStore, "readVersion">, batches: readonly StoredBatch[]) {
    this.#store = store;
    this.#batches = [...batches];
  }

  async has(version: Pick<ListedObject, "key" | "versionId" | "lastModified">): Promise<boolean> {
    const name = nameOf(version.key, version.versionId);
    for (;;) {
      if (this.#known.has(name)) return true;
      const batch = this.#batches.at(-1);
      // S3 tells whole seconds.
      if (batch === undefined || batch.lastModified.getTime() + 1000 < version.lastModified.getTime())
        return false;
      this.#batches.pop();
      for (const { leaf } of (await readStoredBatch(this.#store, batch)) ?? []) this.add(leaf);
    }
  }

  /** Whether one is among those that are known already. */
  knows({ key, versionId }: Pick<Leaf, "key" | "versionId">): boolean {
    return this.#known.has(nameOf(key, versionId));
  }

  add({ key, versionId }: Pick<Leaf, "key" | "versionId">): void {
    this.#known.add(nameOf(key, versionId));
  }
}

/** One name for a version of an object. */
export function nameOf(key: string, versionId: string): string {
  return `${key}\0${versionId}`;
}
