import { sha256Hex } from "../../access/digest.ts";
import { maximumEnvelope, readEnvelope } from "../envelope.ts";
import { readKey, recordPrefix } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { mapAtMost, scanObjects } from "../scan.ts";
import { formatTime, hourOf } from "../time.ts";
import type { Leaf } from "./leaf.ts";
import type { SealedVersions } from "./sealed-versions.ts";

/** Looking for what is to be sealed. */

type Store = Pick<RecordStore, "listVersions" | "readVersion" | "readRetained">;

/** A version that is in no batch yet. */
export interface Unsealed {
  readonly version: ListedObject;
  /** The version that counts, where this is a later one. */
  readonly oldest: ListedObject | undefined;
}

/** Hours of names, both included; left out, all there are. */
export interface Window {
  readonly from: string;
  readonly to: string;
}

/** Hours before the last batch that every run looks through again, for records that arrive late. */
const hoursBack = 3;
const hourMs = 3_600_000;

/** What a run looks through that does not look through everything. Names of the next hour are of clocks that run ahead. */
export function recentHours(lastBatch: Date, now: Date): Window {
  const hour = (ms: number) => hourOf(new Date(ms).toISOString());
  return { from: hour(lastBatch.getTime() - hoursBack * hourMs), to: hour(now.getTime() + hourMs) };
}

/** Some of what is not sealed yet. */
export interface Found {
  /** In the order in which S3 took it. */
  readonly unsealed: readonly Unsealed[];
  /** The name up to which was looked through; `undefined` where that is all. */
  readonly until: string | undefined;
}

/**
 * What is not sealed yet, until there is `limit` of it.
 * @param until where the look before this one ended
 */
export async function findUnsealed(
  store: Store,
  sealed: SealedVersions,
  window: Window | undefined,
  limit: number,
  until?: string,
): Promise<Found> {
  const found: Unsealed[] = [];
  const after = until ?? (window === undefined ? undefined : `${recordPrefix}${window.from}`);
  const end = window === undefined ? undefined : `${recordPrefix}${window.to}0`;
  for await (const { name, oldest, later } of scanObjects(store, recordPrefix, after)) {
    if (end !== undefined && name > end) break;
    if (oldest === undefined) continue;
    if (!(await sealed.has(oldest))) found.push({ version: oldest, oldest: undefined });
    for (const version of later) if (!(await sealed.has(version))) found.push({ version, oldest });
    if (found.length >= limit) return { unsealed: found.sort(inOrder), until: name };
  }
  return { unsealed: found.sort(inOrder), until: undefined };
}

function inOrder({ version: one }: Unsealed, { version: other }: Unsealed): number {
  const [first, second] = [one.lastModified.getTime(), other.lastModified.getTime()];
  if (first !== second) return first - second;
  return one.key === other.key ? 0 : one.key < other.key ? -1 : 1;
}

const parallelReads = 32;

/** Reads each version once. @param tell is called for each */
export async function leavesOf(
  store: Store,
  unsealed: readonly Unsealed[],
  tell: () => void = () => undefined,
): Promise<readonly Leaf[]> {
  return await mapAtMost(parallelReads, unsealed, async (one) => {
    const leaf = await leafOf(store, one);
    tell();
    return leaf;
  });
}

async function leafOf(store: Store, { version, oldest }: Unsealed): Promise<Leaf> {
  const { key, versionId, size, lastModified } = version;
  const serverTime = formatTime(lastModified);
  const leaf = { key, versionId, sha256: "-", serverTime, lockedUntil: "-" };
  if (size > maximumEnvelope) return { ...leaf, fault: "ENVELOPE_TOO_LARGE" };
  const read = await readRetained(store, key, versionId);
  if (read === undefined) return { ...leaf, fault: "OBJECT_UNREADABLE" };
  const { bytes, lockedUntil } = read;
  return {
    ...leaf,
    sha256: sha256Hex(bytes),
    lockedUntil: lockedUntil === undefined ? "-" : formatTime(lockedUntil),
    fault: oldest === undefined ? faultOf(key, bytes) : await repeatOf(store, bytes, oldest),
  };
}

async function readRetained(store: Store, key: string, versionId: string) {
  if (store.readRetained !== undefined) return await store.readRetained(key, versionId);
  const bytes = await store.readVersion(key, versionId);
  return bytes === undefined ? undefined : { bytes, lockedUntil: undefined };
}

function faultOf(key: string, bytes: Uint8Array): string {
  if (readKey(key) === undefined) return "NAME_INVALID";
  const opened = readEnvelope(bytes);
  return opened.ok ? "-" : opened.code;
}

async function repeatOf(store: Store, bytes: Uint8Array, oldest: ListedObject): Promise<string> {
  const first =
    oldest.size === bytes.length ? await store.readVersion(oldest.key, oldest.versionId) : undefined;
  return first !== undefined && Buffer.compare(first, bytes) === 0 ? "OBJECT_REPEATED" : "OBJECT_REPLACED";
}
