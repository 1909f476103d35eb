import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import { type Finding, finding } from "../finding.ts";
import type { RecordStore } from "../ports.ts";
import { formatTime } from "../time.ts";
import { readCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { readCosigned } from "./cosignatures.ts";
import { checkpointName, keptCheckpoint, treePrefix } from "./places.ts";
import type { TreeReader } from "./read-tree.ts";
import { newestCheckpoint } from "./stored.ts";

/** What witnesses have said of a tree. */
export interface Cosignatures {
  /** Whether the trust file names witnesses. */
  readonly areAsked: boolean;
  /** The largest tree that a witness cosigned, and that the batches make. */
  readonly size: number;
  /** The newest checkpoint that each witness of the trust file cosigned, and when. */
  readonly newest: readonly { readonly name: string; readonly size: number; readonly time: string }[];
  readonly findings: readonly Finding[];
}

/**
 * Looks from the newest cosigned size back, until each witness has been met, or nothing is left.
 * @param tree read to the end
 */
export async function readCosignatures(
  store: Pick<RecordStore, "readCurrent" | "read" | "list">,
  tree: TreeReader,
  logKeys: readonly VerifierKey[],
  witnesses: readonly VerifierKey[],
): Promise<Cosignatures> {
  const sizes = new Set<number>();
  const prefix = `${treePrefix}cosignatures/`;
  for await (const { key } of store.list(prefix)) {
    const size = Number(key.slice(prefix.length).split("/")[0]);
    if (Number.isSafeInteger(size)) sizes.add(size);
  }
  // Of what is cosigned the batches are there already: those that came while records were read, too.
  const largestFirst = [...sizes].sort((a, b) => b - a);
  await tree.readUpTo(largestFirst[0] ?? 0);
  const findings: Finding[] = [];
  const isFirst = tree.checkpoint === undefined && sizes.size > 0;
  if (isFirst && (await newestCheckpoint(store, logKeys)) === undefined) {
    const message = "there are cosignatures, and no checkpoint";
    findings.push(finding("CHECKPOINT_MISSING", checkpointName, "-", message));
  }
  const heard = new Set<string>();
  const newest = new Map<string, Cosignatures["newest"][number]>();
  const ordered = largestFirst.slice(0, witnesses.length === 0 ? 0 : mostSizes);
  for (const size of ordered) {
    if (newest.size === witnesses.length) break;
    const checkpoint = await keptAt(store, tree.checkpoint, size, logKeys);
    if (checkpoint === undefined) continue;
    const { cosigners } = await readCosigned(store, checkpoint, witnesses);
    if (cosigners.length === 0) continue;
    for (const { key } of cosigners) heard.add(key.name);
    const isOld = size < tree.start;
    if (!isOld && tree.roots.get(size) !== Buffer.from(checkpoint.root).toString("base64")) {
      // Of batches that are damaged it is said already.
      const message = "a witness has cosigned another tree of this size than the batches make";
      if (tree.isWhole) findings.push(finding("TREE_FORKED", keptCheckpoint(size), "-", message));
      continue;
    }
    for (const { key, time = 0 } of cosigners) {
      const one = { name: key.name, size, time: formatTime(new Date(time * 1000)) };
      if (!newest.has(key.name)) newest.set(key.name, one);
    }
  }
  for (const { name } of witnesses) {
    if (heard.has(name) || tree.checkpoint === undefined) continue;
    const message = `the witness ${name} of the trust file has cosigned no checkpoint that is there`;
    findings.push(finding("COSIGNATURE_MISSING", checkpointName, "-", message));
  }
  const known = [...newest.values()];
  return {
    areAsked: witnesses.length > 0,
    size: Math.max(0, ...known.map(({ size }) => size)),
    newest: known,
    findings,
  };
}

/** Sizes that are looked at for a witness that fell behind. */
const mostSizes = 1000;

async function keptAt(
  store: Pick<RecordStore, "read">,
  newest: SignedCheckpoint | undefined,
  size: number,
  logKeys: readonly VerifierKey[],
): Promise<SignedCheckpoint | undefined> {
  if (newest?.size === size) return newest;
  const bytes = await store.read(keptCheckpoint(size));
  return bytes === undefined ? undefined : readCheckpoint(bytes, logKeys);
}
