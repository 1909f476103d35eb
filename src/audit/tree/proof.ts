import { type Hash, nodeHash, type Range, splitOf } from "./merkle.ts";

/**
 * Proofs of RFC 6962: which parts of a tree they are made of (sections 2.1.1 and 2.1.2), and how they are checked
 * (RFC 9162, sections 2.1.3.2 and 2.1.4.2, whose proofs are the same).
 */

/** The ranges whose roots are the inclusion proof of a leaf, from its sibling up. @param index below `size` */
export function inclusionRanges(index: number, size: number): readonly Range[] {
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** The ranges whose roots prove that a tree of `size` begins with the one of `first` leaves. @param first 1 to `size` */
export function consistencyRanges(first: number, size: number): readonly Range[] {
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  // Whether the part that is left is the first tree itself, whose root the checker has.
  let isWhole = true;
  while (first !== end) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
      isWhole = false;
    }
  }
  if (!isWhole) ranges.push({ start, end });
  return ranges.reverse();
}

/** Whether a proof leads from a leaf at `index` to the root of a tree of `size`. */
export function provesInclusion(
  proof: readonly Hash[],
  leaf: Hash,
  index: number,
  { size, root }: { readonly size: number; readonly root: Hash },
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && isSame(hash, root);
}

interface Head {
  readonly size: number;
  readonly root: Hash;
}

/** Whether a proof shows that the second tree begins with the first. Of an empty tree, every tree is a continuation. */
export function provesConsistency(proof: readonly Hash[], first: Head, second: Head): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && isSame(first.root, second.root);
  if (first.size === 0) return proof.length === 0;
  // Where the first tree is one complete subtree, its own root is where the proof begins.
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof;
  let [at, last] = [first.size - 1, second.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  const [start, ...rest] = path;
  if (start === undefined) return false;
  let [old, whole] = [start, start];
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = nodeHash(hash, old);
      whole = nodeHash(hash, whole);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      whole = nodeHash(whole, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && isSame(old, first.root) && isSame(whole, second.root);
}

function half(number: number): number {
  return Math.floor(number / 2);
}

function isPowerOfTwo(number: number): boolean {
  return Number.isInteger(Math.log2(number)) && 2 ** Math.round(Math.log2(number)) === number;
}

function isSame(one: Hash, other: Hash): boolean {
  return Buffer.compare(one, other) === 0;
}
