import { type TileName, tilePath } from "./tile.ts";

/** Where the tree lies in the bucket. `v1/tree` is the prefix that C2SP tlog-tiles speaks of. */

export const treePrefix = "v1/tree/";
export const batchPrefix = `${treePrefix}batch/`;
/** The newest checkpoint: alone overwritten. */
export const checkpointName = `${treePrefix}checkpoint`;
/** Every checkpoint, by its size. */
export const checkpointsPrefix = `${treePrefix}checkpoints/`;

/** The batch whose first leaf has that index. */
export function batchName(first: number): string {
  return `${batchPrefix}${digits(first)}`;
}

/** Index of a batch's first leaf, or `undefined` for another name. */
export function readBatchName(name: string): number | undefined {
  const first = Number(name.slice(batchPrefix.length));
  return Number.isSafeInteger(first) && first >= 0 && batchName(first) === name ? first : undefined;
}

export function keptCheckpoint(size: number): string {
  return `${checkpointsPrefix}${digits(size)}`;
}

/** Cosignatures of the checkpoint of a size, a file each. */
export function cosignaturesPrefix(size: number): string {
  return `${treePrefix}cosignatures/${digits(size)}/`;
}

/** @param key id of the witness's key */
export function cosignatureName(size: number, key: string): string {
  return `${cosignaturesPrefix(size)}${key}`;
}

/** Says that on that day every hour was looked through. @param day `2026-11-24` */
export function fullScanName(day: string): string {
  return `${treePrefix}full/${day.replaceAll("-", "")}`;
}

export function tileName(tile: TileName): string {
  return `${treePrefix}${tilePath(tile)}`;
}

/** So that S3 lists numbers in their order. */
function digits(number: number): string {
  return String(number).padStart(16, "0");
}
