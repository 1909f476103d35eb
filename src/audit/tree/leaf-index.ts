import { JitError } from "../../error.ts";
import type { RecordStore } from "../ports.ts";
import { mapAtMost } from "../scan.ts";
import { maximumBatch } from "./batch.ts";
import { TreeBuilder } from "./builder.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import type { TreeKeys } from "./keys.ts";
import { LeafBook, type SealedAs } from "./leaf-book.ts";
import { leafHash } from "./merkle.ts";
import { listBatches, newestCheckpoint, readStoredBatch } from "./stored.ts";

type Store = Pick<RecordStore, "listVersions" | "readVersion" | "read" | "readCurrent" | "list">;

const hashBytes = 32;
const parallelReads = 16;

/** What the tree says of one version, with the hash that an inclusion proof begins with. */
export interface ProvenLeaf extends SealedAs {
  /** RFC 6962 leaf hash, hexadecimal. */
  readonly leafHash: string;
}

/** The leaves under a signed checkpoint, by the versions that they are of. */
export class LeafIndex {
  /** The newest that a log key signed; `undefined` where there is none: then there are no leaves. */
  readonly checkpoint: SignedCheckpoint | undefined;
  /** When S3 took the newest batch under the checkpoint. */
  readonly newestBatch: Date | undefined;
  readonly #book: LeafBook;
  /** One after the other. */
  readonly #hashes: Buffer;
  readonly #roots: ReadonlyMap<number, string>;

  private constructor(
    checkpoint: SignedCheckpoint | undefined,
    newestBatch: Date | undefined,
    read: {
      readonly book: LeafBook;
      readonly hashes: Buffer;
      readonly roots: ReadonlyMap<number, string>;
    },
  ) {
    this.checkpoint = checkpoint;
    this.newestBatch = newestBatch;
    this.#book = read.book;
    this.#hashes = read.hashes;
    this.#roots = read.roots;
  }

  /**
   * Reads the batches under the newest checkpoint, and makes its root of them.
   * @throws JitError `PROOF_TREE` where they make another; those of the store
   */
  static async read(store: Store, { logKeys }: Pick<TreeKeys, "logKeys">): Promise<LeafIndex> {
    const checkpoint = await newestCheckpoint(store, logKeys);
    const size = checkpoint?.size ?? 0;
    const batches = size === 0 ? [] : await listBatches(store);
    if (size > batches.length * maximumBatch) throw broken();
    const builder = new TreeBuilder();
    const book = new LeafBook();
    const hashes = Buffer.alloc(size * hashBytes);
    const roots = new Map<number, string>();
    let newestBatch: Date | undefined;
    for (let i = 0; i < batches.length && builder.size < size; i += parallelReads) {
      const some = batches.slice(i, i + parallelReads);
      const read = await mapAtMost(parallelReads, some, (batch) => readStoredBatch(store, batch));
      for (const [at, { first, lastModified }] of some.entries()) {
        if (builder.size >= size) break;
        const entries = read[at];
        if (first !== builder.size || entries === undefined || first + entries.length > size) throw broken();
        for (const [more, { entry }] of entries.entries()) {
          builder.append(entry);
          hashes.set(leafHash(entry), (first + more) * hashBytes);
        }
        book.add(entries);
        roots.set(builder.size, rootOf(builder.root()));
        newestBatch = lastModified;
      }
    }
    if (checkpoint !== undefined && size > 0 && roots.get(size) !== rootOf(checkpoint.root)) throw broken();
    return new LeafIndex(checkpoint, newestBatch, { book, hashes, roots });
  }

  /** `undefined` where the version is in no leaf under the checkpoint. */
  find(key: string, versionId: string): ProvenLeaf | undefined {
    const found = this.#book.find(key, versionId);
    if (found === undefined) return undefined;
    const at = found.index * hashBytes;
    return { ...found, leafHash: this.#hashes.toString("hex", at, at + hashBytes) };
  }

  /** Whether a tree of that size and root (base64) is where this one comes from. Sizes are those at which batches end. */
  beginsWith({ size, root }: { readonly size: number; readonly root: string }): boolean {
    return size === 0 || this.#roots.get(size) === root;
  }
}

function rootOf(root: Uint8Array): string {
  return Buffer.from(root).toString("base64");
}

function broken(): JitError {
  return new JitError("PROOF_TREE", "the log's batches do not make the tree that its checkpoint signs", {
    hint: "`jit audit verify` tells what is wrong",
  });
}
