import { sha256Hex } from "../../access/digest.ts";
import { verifyTrustChain } from "../../access/trust/trust-file.ts";
import type { Trust } from "../../access/types.ts";
import type { CopiedVersion } from "../copy-store.ts";
import { isSameHead, readCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import type { TreeKeys } from "./keys.ts";
import { type Leaf, readLeaf } from "./leaf.ts";
import { leafHash } from "./merkle.ts";
import { provesInclusion } from "./proof.ts";
import { invalid, type ProvenRecord, type RequestProof } from "./request-proof.ts";
import { readTlogProof } from "./tlog-proof.ts";

/** An entry that leads to a signed checkpoint, and the object that it is of. */
export interface Included {
  readonly leaf: Leaf;
  readonly index: number;
  /** RFC 6962 leaf hash, hexadecimal: what an export's row has. */
  readonly leafHash: string;
  /** Those that were sealed; empty where the sealer did not read them. */
  readonly bytes: Uint8Array;
  readonly checkpoint: SignedCheckpoint;
}

/** @throws JitError `PROOF_INVALID` */
export function checkIncluded(record: ProvenRecord, { logKeys }: Pick<TreeKeys, "logKeys">): Included {
  const leaf = readLeaf(record.leaf);
  const proof = readTlogProof(record.proof);
  if (leaf === undefined || proof === undefined) throw invalid("a record's entry or proof breaks its form");
  const checkpoint = readCheckpoint(proof.checkpoint, logKeys);
  if (checkpoint === undefined) throw invalid("its checkpoint is signed by no log key of the trust file");
  const { index } = proof;
  const hash = leafHash(record.leaf);
  if (!provesInclusion(proof.hashes, hash, index, checkpoint)) {
    throw invalid(`entry ${index} does not lead to the checkpoint's root`);
  }
  const isThere = leaf.sha256 === "-" ? record.bytes.length === 0 : sha256Hex(record.bytes) === leaf.sha256;
  if (!isThere) throw invalid("a record is not the one that was sealed");
  return { leaf, index, leafHash: Buffer.from(hash).toString("hex"), bytes: record.bytes, checkpoint };
}

/** The checkpoint that all of them lead to. */
export function oneHead(included: readonly Included[]): SignedCheckpoint {
  const [first] = included;
  if (first === undefined) throw invalid("it has no record");
  if (!included.every((one) => isSameHead(one.checkpoint, first.checkpoint))) {
    throw invalid("its records are proven by different checkpoints");
  }
  return first.checkpoint;
}

/** What a proof is judged by: its chain of trust files, as far as the pinned fingerprint believes it. */
export function trustOf(
  { log, context }: Pick<RequestProof, "log" | "context">,
  options: { readonly fingerprint: string; readonly trustSeen: number },
): Trust {
  if (log !== options.fingerprint) throw invalid("it is of another organization than the pinned one");
  const files: Uint8Array[] = [];
  for (let file = context["v1/trust/1.json"]; file !== undefined; ) {
    files.push(file);
    file = context[`v1/trust/${files.length + 1}.json`];
  }
  const trust = verifyTrustChain(files, options.fingerprint);
  if (trust.version < options.trustSeen) {
    throw invalid(`it goes by trust file ${trust.version}, and this machine has seen ${options.trustSeen}`);
  }
  return trust;
}

export function versionOf({ leaf, bytes }: Included): CopiedVersion {
  return {
    key: leaf.key,
    versionId: leaf.versionId,
    size: bytes.length,
    lastModified: new Date(leaf.serverTime),
    isDeleteMarker: false,
    bytes: async () => bytes,
  };
}
