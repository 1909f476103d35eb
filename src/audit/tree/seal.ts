import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Clock, RecordStore, Signer } from "../ports.ts";
import { mapAtMost } from "../scan.ts";
import { formatTime } from "../time.ts";
import { type BatchEntry, maximumBatch, readBatch, writeBatch } from "./batch.ts";
import { type Tile, TreeBuilder } from "./builder.ts";
import { formatTreeHead, readTreeHead, type TreeHead } from "./checkpoint.ts";
import { findUnsealed, leavesOf, recentHours } from "./gather.ts";
import type { Leaf } from "./leaf.ts";
import { formatNote, readNote, signNote } from "./note.ts";
import { batchName, checkpointName, fullScanName, keptCheckpoint, tileName } from "./places.ts";
import { SealedVersions } from "./sealed-versions.ts";
import {
  currentCheckpoint,
  listBatches,
  newestCheckpoint,
  readStoredBatch,
  restoreTree,
  type StoredBatch,
} from "./stored.ts";

export interface SealPorts {
  readonly store: RecordStore;
  readonly clock: Clock;
  /** An Ed25519 key. */
  readonly signer: Signer;
  /** The same key as the trust file names it; its name is the log's origin. */
  readonly logKey: VerifierKey;
  /** Every log key of the trust file: who may have signed the checkpoint that is there. */
  readonly logKeys: readonly VerifierKey[];
}

export interface Sealed extends TreeHead {
  /** Leaves that this run added. */
  readonly added: number;
  /** Whether every hour was looked through. */
  readonly full: boolean;
}

/** Most versions that are gathered before they are sealed; it bounds the memory. */
const maximumPass = 4 * maximumBatch;

/**
 * Adds to the tree whatever lies under the records' prefix and is not in it yet, and signs its new head. Each run looks
 * through the hours from three before the last batch on; the first run of each day (UTC) through all, so that what arrives
 * late under an old name is sealed within a day. Any number of sealers may run at once, and be cut off at any moment:
 * `batch` objects, created once, are all that decides, and everything else follows from them.
 * @param full look through all hours whatever the day
 * @param tell is told how many versions were read, of how many that were found until then
 * @throws JitError `SEAL_DAMAGED` where what lies in the bucket is no tree of ours, and nothing is signed then; those of the store
 */
export async function seal(
  ports: SealPorts,
  full = false,
  tell: (read: number, found: number) => void = () => undefined,
): Promise<Sealed> {
  const { store, clock } = ports;
  const batches = await listBatches(store);
  const tree = await SealedTree.open(ports, batches);
  const now = clock.now();
  const scan = fullScanName(formatTime(now).slice(0, 10));
  const last = batches.at(-1);
  const isFull = full || last === undefined || (await store.read(scan)) === undefined;
  const window = isFull ? undefined : recentHours(last.lastModified, now);
  const sealed = new SealedVersions(store, batches);
  const before = tree.size;
  let [read, found] = [0, 0];
  for (let from: string | undefined; ; ) {
    const { unsealed, until } = await findUnsealed(store, sealed, window, maximumPass, from);
    found += unsealed.length;
    for (let i = 0; i < unsealed.length; i += maximumBatch) {
      const batch = unsealed.slice(i, i + maximumBatch);
      await tree.add(await leavesOf(store, batch, () => tell(++read, found)), sealed);
    }
    if (until === undefined) break;
    from = until;
  }
  // A crash before this costs another look through all hours, no more. An empty log needs none.
  if (isFull && tree.size > 0) await createOnce(store, scan, Buffer.from(`${tree.size}\n`));
  return { ...tree.head(), added: tree.size - before, full: isFull };
}

/** The marker's text differs between sealers of one day; that it is there is all it says. */
async function createOnce(store: RecordStore, name: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.create(name, bytes);
  } catch (error) {
    if (codeOf(error) !== "RECORD_CONFLICT") throw error;
  }
}

class SealedTree {
  readonly #ports: SealPorts;
  readonly #builder: TreeBuilder;
  /** Full tiles that are not stored yet. */
  #tiles: Tile[] = [];

  private constructor(ports: SealPorts, builder: TreeBuilder) {
    this.#ports = ports;
    this.#builder = builder;
  }

  /** The tree with all its batches: what a crash left without tiles or checkpoint gets them now. */
  static async open(ports: SealPorts, batches: readonly StoredBatch[]): Promise<SealedTree> {
    const { store, logKeys } = ports;
    const checkpoint = await newestCheckpoint(store, logKeys);
    const builder = checkpoint === undefined ? new TreeBuilder() : await restoreTree(store, checkpoint);
    if (builder === undefined) throw damaged("the tiles at its edge are not those of its checkpoint");
    const tree = new SealedTree(ports, builder);
    for (const batch of batches) {
      if (batch.first < (checkpoint?.size ?? 0)) continue;
      if (batch.first !== tree.size) throw damaged(`a batch before ${batch.name} is missing`);
      const entries = await readStoredBatch(store, batch);
      if (entries === undefined) throw damaged(`${batch.name} is no batch`);
      await tree.#take(entries);
    }
    if (checkpoint !== undefined && tree.size === checkpoint.size) {
      // A crash, or a slower sealer, may have left an older one there.
      await tree.#point(formatNote(checkpoint.note));
    }
    return tree;
  }

  get size(): number {
    return this.#builder.size;
  }

  head(): TreeHead {
    return { origin: this.#ports.logKey.name, size: this.size, root: this.#builder.root() };
  }

  /** Makes leaves the next batch. Where another sealer was first, its batch is taken, and what it left is the next. */
  async add(leaves: readonly Leaf[], sealed: SealedVersions): Promise<void> {
    const { store } = this.#ports;
    for (let rest = leaves; rest.length > 0; rest = rest.filter((leaf) => !sealed.knows(leaf))) {
      const name = batchName(this.size);
      const wanted = writeBatch(rest);
      // A crash after this leaves a batch without tiles: the next run makes them.
      const stored = await createBatch(store, name, wanted);
      const entries = readBatch(stored);
      if (entries === undefined) throw damaged(`${name} is no batch`);
      await this.#take(entries);
      for (const { leaf } of entries) sealed.add(leaf);
    }
  }

  async #take(entries: readonly BatchEntry[]): Promise<void> {
    for (const { entry } of entries) this.#tiles.push(...this.#builder.append(entry));
    await this.#publish();
  }

  /** Tiles first, then the checkpoint by its size, then the pointer: a reader of a checkpoint finds all that it needs. */
  async #publish(): Promise<void> {
    const { store, signer, logKey } = this.#ports;
    const tiles = [...this.#tiles, ...this.#builder.partial()];
    // A crash among these leaves some: they are what the next run would write.
    await mapAtMost(parallelWrites, tiles, async (tile) => await createTile(store, tile));
    this.#tiles = [];
    const head = this.head();
    const text = formatTreeHead(head);
    const note = formatNote({ text, signatures: [await signNote(text, logKey, signer)] });
    await this.#keep(head, note);
    // A crash before this leaves a pointer that is behind: readers look further, and the next run sets it.
    await this.#point(note);
  }

  async #keep(head: TreeHead, note: Uint8Array): Promise<void> {
    const { store } = this.#ports;
    const name = keptCheckpoint(head.size);
    try {
      await store.create(name, note);
    } catch (error) {
      if (codeOf(error) !== "RECORD_CONFLICT") throw error;
      // Another log key may have signed the same tree.
      const there = headOf(await store.read(name));
      const isSame = there?.size === head.size && Buffer.compare(there.root, head.root) === 0;
      if (!isSame) throw damaged(`${name} is of another tree`);
    }
  }

  async #point(note: Uint8Array): Promise<void> {
    const { store, logKeys } = this.#ports;
    const there = await currentCheckpoint(store, logKeys);
    if (there !== undefined && there.size >= (headOf(note)?.size ?? 0)) return;
    await store.replace(checkpointName, note);
  }
}

const parallelWrites = 16;

/** @returns the batch that stands there, ours or another sealer's */
async function createBatch(store: RecordStore, name: string, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    await store.create(name, bytes);
    return bytes;
  } catch (error) {
    if (codeOf(error) !== "RECORD_CONFLICT") throw error;
    const there = await store.read(name);
    if (there === undefined) throw error;
    return there;
  }
}

async function createTile(store: RecordStore, tile: Tile): Promise<void> {
  try {
    await store.create(tileName(tile), tile.bytes);
  } catch (error) {
    if (codeOf(error) === "RECORD_CONFLICT") throw damaged(`${tileName(tile)} is of another tree`);
    throw error;
  }
}

function headOf(bytes: Uint8Array | undefined): TreeHead | undefined {
  const note = bytes === undefined ? undefined : readNote(bytes);
  return note === undefined ? undefined : readTreeHead(note.text);
}

function damaged(what: string): JitError {
  return new JitError("SEAL_DAMAGED", `the tree cannot go on: ${what}`, {
    hint: "nothing was signed; `jit audit verify` says what is wrong; tell whoever keeps the audit bucket",
  });
}
