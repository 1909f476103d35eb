import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import { type Finding, type FindingCode, finding } from "../finding.ts";
import type { RecordStore } from "../ports.ts";
import { mapAtMost, type ScannedObject, scanObjects } from "../scan.ts";
import { readBatch } from "./batch.ts";
import { type Tile, TreeBuilder } from "./builder.ts";
import { readCheckpoint, type SignedCheckpoint, type TreeHead } from "./checkpoint.ts";
import { LeafBook } from "./leaf-book.ts";
import { LockBook } from "./locks.ts";
import { batchPrefix, checkpointName, readBatchName, tileName } from "./places.ts";
import {
  listBatches,
  newestCheckpoint,
  readPointer,
  readStoredBatch,
  restoreTree,
  type StoredBatch,
} from "./stored.ts";

type Store = Pick<RecordStore, "listVersions" | "readVersion" | "read" | "readCurrent" | "list">;

const parallelReads = 16;
/** Most names that one finding gives. */
const examples = 5;

/**
 * A tree as its batches make it, compared with the checkpoint and the tiles: each batch is read once, and every tile that the
 * checkpoint's tree has. It is read bit by bit, while the records are: what is said of the whole holds when it is read to the end.
 */
export class TreeReader {
  /** Of the largest size that a log key signed; `undefined` where there is none. */
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly leaves: LeafBook;
  /** Size of the tree that was verified before; 0 where there is none. */
  readonly start: number;
  /** Where only what is new is looked at: batches that were verified before, oldest first. */
  readonly before: StoredBatch[] | undefined;
  readonly findings: Finding[] = [];
  readonly #store: Store;
  readonly #logKeys: readonly VerifierKey[];
  readonly #builder: TreeBuilder;
  readonly #locks: LockBook;
  readonly #batches: AsyncIterator<ScannedObject>;
  readonly #roots: Map<number, string>;
  readonly #badTiles: string[] = [];
  #newestBatch: Date | undefined;
  #isBroken = false;
  #isRead = false;
  #isWhole = false;

  private constructor(
    store: Store,
    logKeys: readonly VerifierKey[],
    checkpoint: SignedCheckpoint | undefined,
    builder: TreeBuilder,
    before: StoredBatch[] | undefined,
  ) {
    this.#store = store;
    this.#logKeys = logKeys;
    this.checkpoint = checkpoint;
    this.#builder = builder;
    this.before = before;
    this.start = builder.size;
    this.leaves = new LeafBook(this.start);
    this.#locks = new LockBook(store, () => before?.at(-1));
    this.#roots = new Map([[this.start, rootText(builder)]]);
    this.#batches = scanObjects(store, batchPrefix);
  }

  /** @param since a head that was verified before: what it has is not read again, and that the tree begins with it is shown */
  static async open(store: Store, logKeys: readonly VerifierKey[], since?: TreeHead): Promise<TreeReader> {
    const checkpoint = await newestCheckpoint(store, logKeys);
    const known = await treeBefore(store, since, checkpoint?.size ?? 0);
    const before = since === undefined ? undefined : [];
    const reader = new TreeReader(store, logKeys, checkpoint, known ?? new TreeBuilder(), before);
    if (known === undefined)
      reader.#say(
        "TREE_FORKED",
        checkpointName,
        "the tree does not begin with the one that was verified before",
      );
    return reader;
  }

  /** Whether it was read to the end. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Roots in base64 at the sizes at which batches end: those that checkpoints can have. */
  get roots(): ReadonlyMap<number, string> {
    return this.#roots;
  }

  /** When S3 took the newest batch below the checkpoint. */
  get newestBatch(): Date | undefined {
    return this.#newestBatch;
  }

  /** Whether all batches below the checkpoint are there, and make its root. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Reads the next batch. @returns false where all were read */
  async readOn(): Promise<boolean> {
    if (this.#isRead) return false;
    const next = await this.#batches.next();
    if (next.done !== true) {
      await this.#take(next.value);
      return true;
    }
    await this.#end();
    this.#isRead = true;
    return false;
  }

  /**
   * Reads batches that came since they were listed, for their roots alone: what witnesses and records say meanwhile is of
   * trees that this run has not listed.
   * @param size that is spoken of; where the batches reach it, nothing is read
   */
  async readUpTo(size: number): Promise<void> {
    if (this.#isBroken || size <= this.#builder.size) return;
    for (const batch of await listBatches(this.#store)) {
      if (batch.first !== this.#builder.size) continue;
      for (const { entry } of (await readStoredBatch(this.#store, batch)) ?? []) this.#builder.append(entry);
      this.#roots.set(this.#builder.size, rootText(this.#builder));
    }
  }

  async #take(object: ScannedObject): Promise<void> {
    const [store, builder] = [this.#store, this.#builder];
    const size = this.#size;
    for (const { code, message } of await versionFaults(store, object)) this.#say(code, object.name, message);
    const first = readBatchName(object.name);
    if (first === undefined || object.oldest === undefined || this.#isBroken) return;
    const { versionId, lastModified } = object.oldest;
    if (first < this.start) {
      this.before?.push({ first, name: object.name, versionId, lastModified });
      if (this.start === size) this.#newestBatch = lastModified;
      return;
    }
    if (first !== builder.size) {
      this.#isBroken = true;
      this.#say("BATCH_MISSING", object.name, `no batch reaches from entry ${builder.size} to this one`);
      return;
    }
    const bytes = await store.readVersion(object.name, versionId);
    const entries = bytes === undefined ? undefined : readBatch(bytes);
    if (entries === undefined) {
      this.#isBroken = true;
      this.#say("BATCH_INVALID", object.name, "the object is no batch of leaves");
      return;
    }
    this.leaves.add(entries);
    this.#locks.add(first, entries);
    const tiles: Tile[] = [];
    for (const { entry } of entries) tiles.push(...builder.append(entry));
    this.#roots.set(builder.size, rootText(builder));
    if (builder.size > size) return;
    this.#newestBatch = lastModified;
    if (builder.size === size) tiles.push(...builder.partial());
    this.#badTiles.push(...(await wrongTiles(store, tiles)));
  }

  async #end(): Promise<void> {
    const { checkpoint } = this;
    const size = this.#size;
    const made = this.#builder.size;
    const isShort = !this.#isBroken && made < size;
    if (isShort) {
      this.#say("BATCH_MISSING", batchPrefix, `the checkpoint has ${size} entries, the batches ${made}`);
    }
    const root = checkpoint === undefined ? undefined : Buffer.from(checkpoint.root).toString("base64");
    const isDifferent =
      !isShort && (!this.#isBroken || made >= size) && root !== undefined && this.#roots.get(size) !== root;
    if (isDifferent) {
      const message = "the batches make another tree than the one that is signed";
      this.#say("CHECKPOINT_ROOT", checkpointName, message);
    }
    this.#isWhole = checkpoint !== undefined && !isShort && !isDifferent && made >= size;
    const [tile] = this.#badTiles;
    if (tile !== undefined && this.#isWhole) {
      this.findings.push({
        ...finding("TILE_INVALID", tile, "-", "a tile is missing, or is not what the batches make"),
        objects: this.#badTiles.length,
        examples: this.#badTiles.slice(0, examples),
      });
    }
    this.findings.push(...(await this.#locks.finish()));
    const pointer = await readPointer(this.#store);
    if (pointer !== undefined && readCheckpoint(pointer, this.#logKeys) === undefined) {
      this.#say("CHECKPOINT_INVALID", checkpointName, "no log key of the trust file has signed it");
    }
  }

  get #size(): number {
    return this.checkpoint?.size ?? 0;
  }

  #say(code: FindingCode, object: string, message: string): void {
    this.findings.push(finding(code, object, "-", message));
  }
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
