import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import { type Finding, finding } from "../finding.ts";
import type { RecordStore } from "../ports.ts";
import { mapAtMost, type ScannedObject, scanObjects } from "../scan.ts";
import { readBatch } from "./batch.ts";
import { type Tile, TreeBuilder } from "./builder.ts";
import { readCheckpoint, type SignedCheckpoint, type TreeHead } from "./checkpoint.ts";
import { LeafBook } from "./leaf-book.ts";
import { LockBook } from "./locks.ts";
import { batchPrefix, checkpointName, readBatchName, tileName } from "./places.ts";
import { newestCheckpoint, readPointer, restoreTree, type StoredBatch } from "./stored.ts";

type Store = Pick<RecordStore, "listVersions" | "readVersion" | "read" | "readCurrent" | "list">;

/** A tree as its batches make it, compared with the checkpoint and the tiles. */
export interface ReadTree {
  /** Of the largest size that a log key signed; `undefined` where there is none. */
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly leaves: LeafBook;
  /** Size of the tree that was verified before; 0 where there is none. */
  readonly start: number;
  /** Roots in base64 at the sizes at which batches end: those that checkpoints can have. */
  readonly roots: ReadonlyMap<number, string>;
  /** When S3 took the newest batch below the checkpoint. */
  readonly newestBatch: Date | undefined;
  /** Whether all batches below the checkpoint are there, and make its root. */
  readonly isWhole: boolean;
  readonly findings: readonly Finding[];
  /** Where only what is new is looked at: batches that were verified before, oldest first. */
  readonly before: readonly StoredBatch[] | undefined;
}

const parallelReads = 16;
/** Most names that one finding gives. */
const examples = 5;

/**
 * Reads all batches once, and every tile that the checkpoint's tree has.
 * @param since a head that was verified before: what it has is not read again, and that the tree begins with it is shown
 * @param tell is told how many leaves there are so far
 */
export async function readTree(
  store: Store,
  logKeys: readonly VerifierKey[],
  since?: TreeHead,
  tell: (leaves: number) => void = () => undefined,
): Promise<ReadTree> {
  const findings: Finding[] = [];
  const say = (code: Parameters<typeof finding>[0], object: string, message: string) =>
    findings.push(finding(code, object, "-", message));
  const checkpoint = await newestCheckpoint(store, logKeys);
  const known = await treeBefore(store, since, checkpoint?.size ?? 0);
  if (known === undefined) {
    say("TREE_FORKED", checkpointName, "the tree does not begin with the one that was verified before");
  }
  const builder = known ?? new TreeBuilder();
  const start = builder.size;
  const leaves = new LeafBook(start);
  const before: StoredBatch[] = [];
  const locks = new LockBook(store, () => before.at(-1));
  const roots = new Map<number, string>([[start, rootText(builder)]]);
  const size = checkpoint?.size ?? 0;
  const badTiles: string[] = [];
  let newestBatch: Date | undefined;
  let isBroken = false;
  for await (const object of scanObjects(store, batchPrefix)) {
    for (const { code, message } of await versionFaults(store, object)) say(code, object.name, message);
    const first = readBatchName(object.name);
    if (first === undefined || object.oldest === undefined || isBroken) continue;
    if (first < start) {
      const { versionId, lastModified } = object.oldest;
      before.push({ first, name: object.name, versionId, lastModified });
      if (start === size) newestBatch = lastModified;
      continue;
    }
    if (first !== builder.size) {
      isBroken = true;
      say("BATCH_MISSING", object.name, `no batch reaches from entry ${builder.size} to this one`);
      continue;
    }
    const bytes = await store.readVersion(object.name, object.oldest.versionId);
    const entries = bytes === undefined ? undefined : readBatch(bytes);
    if (entries === undefined) {
      isBroken = true;
      say("BATCH_INVALID", object.name, "the object is no batch of leaves");
      continue;
    }
    leaves.add(entries);
    tell(leaves.size);
    locks.add(first, entries);
    const tiles: Tile[] = [];
    for (const { entry } of entries) tiles.push(...builder.append(entry));
    roots.set(builder.size, rootText(builder));
    if (builder.size <= size) {
      newestBatch = object.oldest.lastModified;
      if (builder.size === size) tiles.push(...builder.partial());
      badTiles.push(...(await wrongTiles(store, tiles)));
    }
  }
  const isShort = !isBroken && builder.size < size;
  if (isShort) {
    say("BATCH_MISSING", batchPrefix, `the checkpoint has ${size} entries, the batches ${builder.size}`);
  }
  const root = checkpoint === undefined ? undefined : Buffer.from(checkpoint.root).toString("base64");
  const isDifferent =
    !isShort && (!isBroken || builder.size >= size) && root !== undefined && roots.get(size) !== root;
  if (isDifferent) {
    say("CHECKPOINT_ROOT", checkpointName, "the batches make another tree than the one that is signed");
  }
  const [tile] = badTiles;
  if (tile !== undefined && !isDifferent) {
    findings.push({
      ...finding("TILE_INVALID", tile, "-", "a tile is missing, or is not what the batches make"),
      objects: badTiles.length,
      examples: badTiles.slice(0, examples),
    });
  }
  findings.push(...(await locks.finish()));
  const pointer = await readPointer(store);
  if (pointer !== undefined && readCheckpoint(pointer, logKeys) === undefined) {
    say("CHECKPOINT_INVALID", checkpointName, "no log key of the trust file has signed it");
  }
  const isWhole = checkpoint !== undefined && !isShort && !isDifferent && builder.size >= size;
  return {
    checkpoint,
    leaves,
    start,
    roots,
    newestBatch,
    isWhole,
    findings,
    before: since === undefined ? undefined : before,
  };
}

/** What was verified before; `undefined` where the tree does not go on from there, or ends before. */
async function treeBefore(
  store: Store,
  since: TreeHead | undefined,
  size: number,
): Promise<TreeBuilder | undefined> {
  if (since === undefined) return new TreeBuilder();
  return since.size > size ? undefined : await restoreTree(store, since);
}

function rootText(builder: TreeBuilder): string {
  return Buffer.from(builder.root()).toString("base64");
}

async function wrongTiles(store: Store, tiles: readonly Tile[]): Promise<readonly string[]> {
  const wrong = await mapAtMost(parallelReads, tiles, async (tile) => {
    const name = tileName(tile);
    const stored = await store.read(name);
    return stored !== undefined && Buffer.compare(stored, tile.bytes) === 0 ? [] : [name];
  });
  return wrong.flat();
}

/** What is created once has one version. */
async function versionFaults(store: Store, { name, oldest, later, deleteMarkers }: ScannedObject) {
  const faults: { readonly code: "OBJECT_DELETED" | "OBJECT_REPLACED"; readonly message: string }[] = [];
  if (deleteMarkers > 0) {
    faults.push({ code: "OBJECT_DELETED", message: "a delete marker hides the batch from listings" });
  }
  const first = oldest === undefined ? undefined : await firstOf(store, oldest, later.length);
  for (const version of later) {
    const other = await store.readVersion(name, version.versionId);
    if (first === undefined || other === undefined || Buffer.compare(first, other) !== 0) {
      faults.push({ code: "OBJECT_REPLACED", message: "the batch has a later version with other bytes" });
    }
  }
  return faults;
}

async function firstOf(
  store: Store,
  { key, versionId }: { readonly key: string; readonly versionId: string },
  later: number,
): Promise<Uint8Array | undefined> {
  return later === 0 ? undefined : await store.readVersion(key, versionId);
}
