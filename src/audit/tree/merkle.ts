import { hash } from "node:crypto";

/** RFC 6962 Merkle trees over SHA-256 (section 2.1): hashes, and what is asked of them for proofs. */

/** 32 bytes. */
export type Hash = Uint8Array;

/** The hash of the subtree over the leaves `index · 2^level` to `(index + 1) · 2^level − 1`, all of which exist. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `start` to before `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The root of a tree without leaves. */
export const emptyRoot: Hash = sha256(new Uint8Array());

/** `SHA-256(0x00 ‖ entry)` */
export function leafHash(entry: Uint8Array): Hash {
  return prefixedHash(0, entry, nothing);
}

/** `SHA-256(0x01 ‖ left ‖ right)` */
export function nodeHash(left: Hash, right: Hash): Hash {
  return prefixedHash(1, left, right);
}

const nothing = new Uint8Array();
/** What is hashed is put together here: a buffer for each hash of a large tree would cost more than to hash it. */
const scratch = Buffer.alloc(1024);

function prefixedHash(prefix: number, first: Uint8Array, second: Uint8Array): Hash {
  const end = 1 + first.length + second.length;
  const bytes = end > scratch.length ? Buffer.alloc(end) : scratch.subarray(0, end);
  bytes[0] = prefix;
  bytes.set(first, 1);
  bytes.set(second, 1 + first.length);
  return sha256(bytes);
}

function sha256(bytes: Uint8Array): Hash {
  // As a text it comes three times faster than in a buffer of its own.
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}

/** The largest power of two below a number of at least 2, by which RFC 6962 splits a tree. */
export function splitOf(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/**
 * The complete subtrees, from left to right, that a range of a tree consists of. `start` must be a multiple of the power
 * of two that the first of them spans, as all ranges are that proofs ask for.
 */
export function nodesOf({ start, end }: Range): readonly Node[] {
  const nodes: Node[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    let span = 1;
    while (at + span * 2 <= end && at % (span * 2) === 0) {
      level++;
      span *= 2;
    }
    nodes.push({ level, index: at / span });
    at += span;
  }
  return nodes;
}

/** The root over complete subtrees from left to right, each smaller than the one before. */
export function foldNodes(hashes: readonly Hash[]): Hash {
  const [last, ...before] = hashes.toReversed();
  if (last === undefined) return emptyRoot;
  return before.reduce((right, left) => nodeHash(left, right), last);
}

/** The root over leaf hashes. */
export function rootOf(leaves: readonly Hash[]): Hash {
  return foldNodes(nodesOf({ start: 0, end: leaves.length }).map((node) => completeHash(leaves, node)));
}

/** The hash of a complete subtree whose leaves are all in `leaves`. */
export function completeHash(leaves: readonly Hash[], { level, index }: Node): Hash {
  const span = 2 ** level;
  let row = leaves.slice(index * span, (index + 1) * span);
  if (row.length !== span) throw new RangeError("the subtree is not complete");
  while (row.length > 1) row = pairs(row);
  const [top] = row;
  if (top === undefined) throw new RangeError("a subtree has a leaf at least");
  return top;
}

function pairs(row: readonly Hash[]): Hash[] {
  const above: Hash[] = [];
  for (let i = 0; i + 1 < row.length; i += 2) {
    const [left, right] = [row[i], row[i + 1]];
    if (left !== undefined && right !== undefined) above.push(nodeHash(left, right));
  }
  return above;
}
