import { JitError } from "../../error.ts";
import { findEnrolment } from "../enrolments.ts";
import { readKey } from "../key.ts";
import type { RecordStore } from "../ports.ts";
import type { EntryProof } from "./entry-proof.ts";
import type { TreeKeys } from "./keys.ts";
import { cosignedFrom, type Entry, entryOf, provenRecord, trustFilesIn, unproven } from "./prove.ts";
import { listBatches, newestCheckpoint, readStoredBatch, type StoredBatch } from "./stored.ts";
import { TiledTree } from "./tiled-tree.ts";

/**
 * The proof of one entry of the tree, whatever it is of: with a cosigned checkpoint where one reaches so far, else with the
 * newest; and with the enrolment of the key that signed its record, so that this can be checked as well.
 * @throws JitError `PROOF_UNSEALED` where no checkpoint reaches so far, `PROOF_TREE` where the tree proves nothing; those of the store
 */
export async function proveEntry(
  store: RecordStore,
  index: number,
  log: string,
  keys: TreeKeys,
): Promise<EntryProof> {
  const newest = await newestCheckpoint(store, keys.logKeys);
  if (newest === undefined || index >= newest.size) {
    throw new JitError(
      "PROOF_UNSEALED",
      `the log has ${newest?.size ?? 0} entries: none has the index ${index}`,
      {
        hint: "entries are counted from 0; new ones come with `jit audit seal`",
      },
    );
  }
  const batches = await listBatches(store);
  const { entry, isRead } = await entryAt(store, batches, index);
  const enrolment = await enrolmentOf(store, batches, entry, log, newest.size);
  const reach = Math.max(index, enrolment?.index ?? 0) + 1;
  const checkpoint = await cosignedFrom(store, newest, reach, keys);
  const tree = new TiledTree(store, checkpoint.size);
  const records = [
    await provenRecord(tree, entry, isRead ? await bytesOf(store, entry) : new Uint8Array(), checkpoint),
  ];
  if (enrolment !== undefined)
    records.push(await provenRecord(tree, enrolment, await bytesOf(store, enrolment), checkpoint));
  return { log, index, records, context: await trustFilesIn(store) };
}

async function entryAt(store: RecordStore, batches: readonly StoredBatch[], index: number) {
  const batch = batches.findLast(({ first }) => first <= index);
  const entries = batch === undefined ? undefined : await readStoredBatch(store, batch);
  const found = entries?.[index - (batch?.first ?? 0)];
  if (found === undefined) throw unproven();
  const { key, versionId, fault, sha256 } = found.leaf;
  const entry: Entry = { name: key, index, leaf: found.entry, fault, versionId };
  return { entry, isRead: sha256 !== "-" };
}

async function bytesOf(store: RecordStore, { name, versionId }: Entry): Promise<Uint8Array> {
  const bytes = await store.readVersion(name, versionId);
  if (bytes !== undefined) return bytes;
  throw new JitError("PROOF_TREE", `entry ${name} is no longer there`, {
    hint: "`jit audit verify` tells what is wrong",
  });
}

/** Sealed, as well; `undefined` where the entry is none's, or is one itself. */
async function enrolmentOf(
  store: RecordStore,
  batches: readonly StoredBatch[],
  { name, fault }: Entry,
  log: string,
  size: number,
): Promise<Entry | undefined> {
  const key = fault === "-" ? readKey(name) : undefined;
  if (key === undefined || key.type === "enrol") return undefined;
  const found = await findEnrolment(store, key, log, Number.POSITIVE_INFINITY);
  const entry = found === undefined ? undefined : await entryOf(store, batches, found.seen.name, size);
  return entry?.fault === "-" ? entry : undefined;
}
