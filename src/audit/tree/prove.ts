import { JitError } from "../../error.ts";
import { claimPrefix } from "../claim.ts";
import { findEnrolment } from "../enrolments.ts";
import type { RecordStore } from "../ports.ts";
import { defaultHours } from "../record-reader.ts";
import { scanObjects } from "../scan.ts";
import type { Story } from "../story.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { readCosigned } from "./cosignatures.ts";
import type { TreeKeys } from "./keys.ts";
import { leafHash } from "./merkle.ts";
import { formatNote } from "./note.ts";
import { keptCheckpoint, treePrefix } from "./places.ts";
import { provesInclusion } from "./proof.ts";
import type { ProvenRecord, RequestProof } from "./request-proof.ts";
import { listBatches, newestCheckpoint, readStoredBatch, type StoredBatch } from "./stored.ts";
import { TiledTree } from "./tiled-tree.ts";
import { formatTlogProof } from "./tlog-proof.ts";

/** A leaf where the batches have it. */
export interface Entry {
  readonly name: string;
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly fault: string;
  readonly versionId: string;
}

/**
 * The proof of everything that a story tells: with a cosigned checkpoint where one reaches so far, else with the newest.
 * @throws JitError `PROOF_UNSEALED` where a record is in no checkpoint yet, `PROOF_TREE` where the tree proves nothing; those of the store
 */
export async function proveRequest(
  store: RecordStore,
  story: Story,
  log: string,
  keys: TreeKeys,
): Promise<RequestProof> {
  const newest = await newestCheckpoint(store, keys.logKeys);
  if (newest === undefined) throw unsealed(story.request, "the log has no checkpoint yet");
  const batches = await listBatches(store);
  const names = await namesOf(store, story, log);
  const entries: Entry[] = [];
  for (const name of names) {
    const entry = await entryOf(store, batches, name, newest.size);
    if (entry === undefined) throw unsealed(story.request, `${name} is not sealed yet`);
    // Garbage that somebody put under the request proves nothing.
    if (entry.fault === "-") entries.push(entry);
  }
  if (entries.length === 0) throw unsealed(story.request, "it has no good record");
  const reach = Math.max(...entries.map(({ index }) => index)) + 1;
  const checkpoint = await cosignedFrom(store, newest, reach, keys);
  const tree = new TiledTree(store, checkpoint.size);
  const records: ProvenRecord[] = [];
  for (const entry of entries) {
    const bytes = await store.readVersion(entry.name, entry.versionId);
    if (bytes === undefined) throw unproven();
    records.push(await provenRecord(tree, entry, bytes, checkpoint));
  }
  return { log, request: story.request, records, context: await contextOf(store, story) };
}

/** @throws JitError `PROOF_TREE` */
export async function provenRecord(
  tree: TiledTree,
  { leaf, index }: Pick<Entry, "leaf" | "index">,
  bytes: Uint8Array,
  checkpoint: SignedCheckpoint,
): Promise<ProvenRecord> {
  const hashes = await tree.inclusionProof(index);
  if (hashes === undefined || !provesInclusion(hashes, leafHash(leaf), index, checkpoint)) throw unproven();
  return { leaf, proof: formatTlogProof({ index, hashes, checkpoint: formatNote(checkpoint.note) }), bytes };
}

export function unproven(): JitError {
  return new JitError("PROOF_TREE", "the log's tree does not prove what its batches say", {
    hint: "`jit audit verify` tells what is wrong",
  });
}

/** The story's objects, and the enrolments of those keys that are found. */
async function namesOf(store: RecordStore, story: Story, log: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { key, name } of story.entries) {
    const enrolment = await findEnrolment(store, key, log, defaultHours);
    if (enrolment !== undefined) names.add(enrolment.seen.name);
    names.add(name);
  }
  return [...names].sort();
}

/** The leaf of the version that counts. It is in the first batch that S3 took after it, or soon behind. */
export async function entryOf(
  store: RecordStore,
  batches: readonly StoredBatch[],
  name: string,
  size: number,
): Promise<Entry | undefined> {
  for await (const object of scanObjects(store, name)) {
    const { oldest } = object;
    if (object.name !== name || oldest === undefined) continue;
    for (const batch of batches) {
      if (batch.lastModified.getTime() + 1000 < oldest.lastModified.getTime()) continue;
      const entries = (await readStoredBatch(store, batch)) ?? [];
      const at = entries.findIndex(({ leaf }) => leaf.key === name && leaf.versionId === oldest.versionId);
      const found = entries[at];
      const index = batch.first + at;
      if (found !== undefined && index < size) {
        return { name, index, leaf: found.entry, fault: found.leaf.fault, versionId: oldest.versionId };
      }
    }
  }
  return undefined;
}

/** The smallest cosigned checkpoint that reaches so far; the newest where none does. */
export async function cosignedFrom(
  store: RecordStore,
  newest: SignedCheckpoint,
  reach: number,
  { logKeys, witnesses }: TreeKeys,
): Promise<SignedCheckpoint> {
  const prefix = `${treePrefix}cosignatures/`;
  const sizes = new Set<number>();
  for await (const { key } of store.list(prefix, `${prefix}${String(reach - 1).padStart(16, "0")}0`)) {
    sizes.add(Number(key.slice(prefix.length).split("/")[0]));
  }
  for (const size of [...sizes].filter(Number.isSafeInteger)) {
    const bytes = await store.read(keptCheckpoint(size));
    const kept = bytes === undefined ? undefined : readCheckpoint(bytes, logKeys);
    if (kept === undefined || kept.size < reach || kept.size > newest.size) continue;
    const { checkpoint, cosigners } = await readCosigned(store, kept, witnesses);
    if (cosigners.length > 0) return checkpoint;
  }
  return (await readCosigned(store, newest, witnesses)).checkpoint;
}

/** Trust files 1 to n, by name. */
export async function trustFilesIn(store: Pick<RecordStore, "read">): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (let version = 1; ; version += 1) {
    const bytes = await store.read(`v1/trust/${version}.json`);
    if (bytes === undefined) return files;
    files[`v1/trust/${version}.json`] = bytes;
  }
}

/** Trust files, the catalogs that the records name, and the request's claim. */
async function contextOf(store: RecordStore, story: Story): Promise<Readonly<Record<string, Uint8Array>>> {
  const context = await trustFilesIn(store);
  const take = async (name: string): Promise<void> => {
    const bytes = await store.read(name);
    if (bytes !== undefined) context[name] = bytes;
  };
  const catalogs = new Set(story.entries.flatMap(({ record }) => record?.catalog ?? []));
  for (const digest of catalogs) await take(`v1/catalog/${digest}.jws`);
  await take(`${claimPrefix}${story.request}`);
  return context;
}

function unsealed(request: string, why: string): JitError {
  return new JitError("PROOF_UNSEALED", `request ${request} cannot be proven yet: ${why}`, {
    hint: "try again after the next `jit audit seal`",
  });
}
