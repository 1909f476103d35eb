import { copyStore } from "../copy-store.ts";
import { readKey } from "../key.ts";
import { type ReadRecord, RecordReader } from "../record-reader.ts";
import type { ProofOptions } from "./check-proof.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { cosignedBy } from "./cosignatures.ts";
import type { EntryProof } from "./entry-proof.ts";
import { checkIncluded, type Included, oneHead, trustOf, versionOf } from "./included.ts";
import type { Verified } from "./note.ts";
import { invalid } from "./request-proof.ts";

/** What the proof of an entry shows: that this was sealed at this place. What else its request has does not show. */
export interface CheckedEntry extends Pick<Included, "index" | "leafHash" | "leaf"> {
  readonly organization: string;
  readonly trustVersion: number;
  readonly checkpoint: SignedCheckpoint;
  readonly cosigners: readonly Verified[];
  /** The record, checked by itself; `undefined` where the entry is of something that is none. */
  readonly record: ReadRecord | undefined;
}

/**
 * Checks a proof by nothing but the pinned fingerprint.
 * @throws JitError `PROOF_INVALID`, and what `verifyTrustChain` says
 */
export async function checkEntry(
  proof: EntryProof,
  options: Pick<ProofOptions, "fingerprint" | "trustSeen" | "keysOf">,
): Promise<CheckedEntry> {
  const trust = trustOf(proof, options);
  const keys = options.keysOf(trust);
  const included = proof.records.map((record) => checkIncluded(record, keys));
  const checkpoint = oneHead(included);
  const [entry] = included;
  if (entry?.index !== proof.index) throw invalid("its first entry is not the one that it names");
  const { cosigners } = cosignedBy(checkpoint, checkpoint.note.signatures, keys.witnesses);
  const key = entry.leaf.fault === "-" ? readKey(entry.leaf.key) : undefined;
  const reader = new RecordReader(copyStore(included.map(versionOf)), {
    log: proof.log,
    trust,
    maximumHours: Number.POSITIVE_INFINITY,
  });
  const object = versionOf(entry);
  return {
    index: entry.index,
    leafHash: entry.leafHash,
    leaf: entry.leaf,
    organization: trust.organization,
    trustVersion: trust.version,
    checkpoint,
    cosigners,
    record: key === undefined ? undefined : await reader.readOne(object, key),
  };
}
