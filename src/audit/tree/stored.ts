import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import type { RecordStore } from "../ports.ts";
import { scanObjects } from "../scan.ts";
import { type BatchEntry, readBatch } from "./batch.ts";
import { TreeBuilder } from "./builder.ts";
import { readCheckpoint, type SignedCheckpoint, type TreeHead } from "./checkpoint.ts";
import {
  batchPrefix,
  checkpointName,
  checkpointsPrefix,
  keptCheckpoint,
  readBatchName,
  tileName,
} from "./places.ts";
import { readBundle, readTile, type TileName } from "./tile.ts";

/** What of the tree lies in the bucket. */

/** A batch by its name; the oldest version is the one that counts. */
export interface StoredBatch {
  readonly first: number;
  readonly name: string;
  readonly versionId: string;
  /** When S3 took it: all its leaves were there before. */
  readonly lastModified: Date;
}

export async function listBatches(store: Pick<RecordStore, "listVersions">): Promise<readonly StoredBatch[]> {
  const batches: StoredBatch[] = [];
  for await (const { name, oldest } of scanObjects(store, batchPrefix)) {
    const first = readBatchName(name);
    if (first === undefined || oldest === undefined) continue;
    const { versionId, lastModified } = oldest;
    batches.push({ first, name, versionId, lastModified });
  }
  return batches;
}

/** The entries of a batch, or `undefined` where it cannot be read or is none. */
export async function readStoredBatch(
  store: Pick<RecordStore, "readVersion">,
  { name, versionId }: Pick<StoredBatch, "name" | "versionId">,
): Promise<readonly BatchEntry[] | undefined> {
  const bytes = await store.readVersion(name, versionId);
  return bytes === undefined ? undefined : readBatch(bytes);
}

/**
 * The checkpoint of the largest size that a log key signed: `checkpoint`, or one that is kept by its size, where a slower
 * sealer has put an older one in its place.
 */
export async function newestCheckpoint(
  store: Pick<RecordStore, "readCurrent" | "read" | "list">,
  logKeys: readonly VerifierKey[],
): Promise<SignedCheckpoint | undefined> {
  const current = await currentCheckpoint(store, logKeys);
  const after = current === undefined ? undefined : keptCheckpoint(current.size);
  const later: string[] = [];
  for await (const { key } of store.list(checkpointsPrefix, after)) later.push(key);
  for (const name of later.reverse()) {
    const bytes = await store.read(name);
    const kept = bytes === undefined ? undefined : readCheckpoint(bytes, logKeys);
    if (kept !== undefined && keptCheckpoint(kept.size) === name) return kept;
  }
  return current;
}

/** What `checkpoint` says, or `undefined` where it is none that a log key signed. */
export async function currentCheckpoint(
  store: Pick<RecordStore, "readCurrent" | "read">,
  logKeys: readonly VerifierKey[],
): Promise<SignedCheckpoint | undefined> {
  const bytes = await readPointer(store);
  return bytes === undefined ? undefined : readCheckpoint(bytes, logKeys);
}

/** The tree of a checkpoint, by the tiles at its edge; `undefined` where they do not make its root. */
export async function restoreTree(
  store: Pick<RecordStore, "read">,
  { size, root }: Pick<TreeHead, "size" | "root">,
): Promise<TreeBuilder | undefined> {
  const read = async (tile: TileName) => (await store.read(tileName(tile))) ?? new Uint8Array();
  const builder = await TreeBuilder.restore(
    size,
    async (tile) => readTile(await read(tile), tile) ?? [],
    async (tile) => readBundle(await read(tile), tile) ?? [],
  );
  return Buffer.compare(builder.root(), root) === 0 ? builder : undefined;
}

/** The bytes of `checkpoint` as they are now. */
export async function readPointer(
  store: Pick<RecordStore, "readCurrent" | "read">,
): Promise<Uint8Array | undefined> {
  return store.readCurrent === undefined
    ? await store.read(checkpointName)
    : await store.readCurrent(checkpointName);
}
