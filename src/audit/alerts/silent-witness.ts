import type { VerifierKey } from "../../access/trust/verifier-key.ts";
import type { RecordStore } from "../ports.ts";
import { readCheckpoint, type SignedCheckpoint } from "../tree/checkpoint.ts";
import { readCosigned } from "../tree/cosignatures.ts";
import type { TreeKeys } from "../tree/keys.ts";
import { checkpointsPrefix, treePrefix } from "../tree/places.ts";
import { type Alert, isPast } from "./alert.ts";

type Store = Pick<RecordStore, "list" | "read">;

/**
 * Witnesses of the trust file that have cosigned no checkpoint as large as one that has been there for longer than the
 * deadline: each must have seen that one by now, or a later one.
 */
export async function silentWitnesses(
  store: Store,
  { logKeys, witnesses }: TreeKeys,
  deadline: number,
  now: Date,
): Promise<readonly Alert[]> {
  if (witnesses.length === 0) return [];
  const kept = await keptCheckpoints(store);
  const due = kept.filter(({ at }) => isPast(at, deadline, now)).at(-1);
  if (due === undefined) return [];
  const heard = await cosignersFrom(store, due.size, logKeys, witnesses);
  return witnesses
    .filter((witness) => !heard.has(witness))
    .map(({ name }) => ({
      kind: "witness",
      id: `witness ${name}`,
      since: due.at,
      deadline,
      message: `the witness ${name} has cosigned neither the checkpoint of ${due.size} entries nor a later one`,
      request: undefined,
      object: name,
    }));
}

/** By size, the smallest first. */
async function keptCheckpoints(
  store: Store,
): Promise<readonly { readonly size: number; readonly at: Date }[]> {
  const kept: { readonly size: number; readonly at: Date }[] = [];
  for await (const { key, lastModified } of store.list(checkpointsPrefix)) {
    const size = Number(key.slice(checkpointsPrefix.length));
    if (Number.isSafeInteger(size)) kept.push({ size, at: lastModified });
  }
  return kept.sort((a, b) => a.size - b.size);
}

/** Who has cosigned a checkpoint of a log key that is of this size, or larger. */
async function cosignersFrom(
  store: Store,
  size: number,
  logKeys: readonly VerifierKey[],
  witnesses: readonly VerifierKey[],
): Promise<ReadonlySet<VerifierKey>> {
  const prefix = `${treePrefix}cosignatures/`;
  const sizes = new Set<string>();
  for await (const { key } of store.list(prefix)) {
    const [digits = ""] = key.slice(prefix.length).split("/");
    if (Number(digits) >= size) sizes.add(digits);
  }
  const heard = new Set<VerifierKey>();
  for (const digits of [...sizes].sort().reverse()) {
    if (heard.size === witnesses.length) break;
    const checkpoint = await checkpointOf(store, digits, logKeys);
    if (checkpoint === undefined) continue;
    const { cosigners } = await readCosigned(store, checkpoint, witnesses);
    for (const { key } of cosigners) heard.add(key);
  }
  return heard;
}

async function checkpointOf(
  store: Store,
  digits: string,
  logKeys: readonly VerifierKey[],
): Promise<SignedCheckpoint | undefined> {
  const bytes = await store.read(`${checkpointsPrefix}${digits}`);
  const checkpoint = bytes === undefined ? undefined : readCheckpoint(bytes, logKeys);
  return checkpoint?.size === Number(digits) ? checkpoint : undefined;
}
