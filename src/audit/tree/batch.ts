import { type Leaf, readLeaf, writeLeaf } from "./leaf.ts";

/** Most leaves of one batch. */
export const maximumBatch = 16_384;

const newline = 0x0a;

/** Leaves in the order of the tree: each an entry, ended by a newline, which no entry holds. */
export function writeBatch(leaves: readonly Leaf[]): Uint8Array {
  return Buffer.concat(leaves.flatMap((leaf) => [writeLeaf(leaf), Buffer.of(newline)]));
}

export interface BatchEntry {
  readonly leaf: Leaf;
  readonly entry: Uint8Array;
}

/** The entries of a batch, or `undefined` where it is none: empty, too long, or not of leaves alone. */
export function readBatch(bytes: Uint8Array): readonly BatchEntry[] | undefined {
  const entries: BatchEntry[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start);
    const entry = bytes.subarray(start, end);
    const leaf = end < 0 ? undefined : readLeaf(entry);
    if (leaf === undefined || entries.length === maximumBatch) return undefined;
    entries.push({ leaf, entry });
    start = end + 1;
  }
  return entries.length > 0 ? entries : undefined;
}
