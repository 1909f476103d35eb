import { parseCatalog } from "../../access/catalog/parse.ts";
import { sha256Hex } from "../../access/digest.ts";
import { verifyCatalogFile } from "../../access/trust/catalog-file.ts";
import { verifyTrustChain } from "../../access/trust/trust-file.ts";
import type { ApprovalRules, Catalog, Trust } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import { claimPrefix } from "../claim.ts";
import { type CopiedVersion, copyStore } from "../copy-store.ts";
import { type Finding, finding } from "../finding.ts";
import { readKey, recordPrefix, writerOf } from "../key.ts";
import { defaultHours, type ReadRecord, RecordReader } from "../record-reader.ts";
import { inOrder, judgeEntries } from "../story.ts";
import type { StoryState } from "../story-state.ts";
import { isSameHead, readCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { cosignedBy } from "./cosignatures.ts";
import type { TreeKeys } from "./keys.ts";
import { type Leaf, readLeaf } from "./leaf.ts";
import { leafHash } from "./merkle.ts";
import type { Verified } from "./note.ts";
import { provesInclusion } from "./proof.ts";
import { invalid, type RequestProof } from "./request-proof.ts";
import { readTlogProof } from "./tlog-proof.ts";

/** What a proof shows. What was left out of it does not show. */
export interface CheckedProof {
  readonly request: string;
  readonly organization: string;
  readonly trustVersion: number;
  readonly checkpoint: SignedCheckpoint;
  readonly cosigners: readonly Verified[];
  readonly state: StoryState;
  /** Of the request, each by itself; those of the keys are not among them. */
  readonly entries: readonly ReadRecord[];
  readonly findings: readonly Finding[];
}

export interface ProofOptions {
  /** The fingerprint that is pinned. */
  readonly fingerprint: string;
  /** The highest trust file that this machine has seen: a proof by an older one is refused. */
  readonly trustSeen: number;
  readonly now: Date;
  readonly rules: ApprovalRules;
  /** The keys of a trust file's tree. */
  keysOf(trust: Trust): TreeKeys;
}

/**
 * Checks a proof by nothing but the pinned fingerprint. Catalogs count if the newest trust file's administrators signed them.
 * @throws JitError `PROOF_INVALID`, and what `verifyTrustChain` says
 */
export async function checkProof(proof: RequestProof, options: ProofOptions): Promise<CheckedProof> {
  if (proof.log !== options.fingerprint) throw invalid("it is of another organization than the pinned one");
  const trust = verifyTrustChain(trustFilesOf(proof), options.fingerprint);
  if (trust.version < options.trustSeen) {
    throw invalid(`it goes by trust file ${trust.version}, and this machine has seen ${options.trustSeen}`);
  }
  const keys = options.keysOf(trust);
  const checked = proof.records.map((record) => checkRecord(record, keys));
  const [first] = checked;
  if (first === undefined) throw invalid("it has no record");
  const { checkpoint } = first;
  if (!checked.every((one) => isSameHead(one.checkpoint, checkpoint))) {
    throw invalid("its records are proven by different checkpoints");
  }
  const { cosigners } = cosignedBy(checkpoint, checkpoint.note.signatures, keys.witnesses);
  const catalogs = catalogsOf(proof, trust);
  const catalogOf = async (digest: string) => catalogs.get(digest);
  const store = copyStore(checked.map(versionOf));
  const reader = new RecordReader(store, { log: proof.log, trust, maximumHours: defaultHours });
  const read = await reader.read(recordPrefix);
  const entries = read.filter(({ key }) => key.request === proof.request).sort(inOrder);
  if (entries.length === 0) throw invalid("it has no record of the request");
  const { state, findings } = await judgeEntries(proof.request, entries, {
    now: options.now,
    catalogOf,
    approvals: {
      rules: options.rules,
      claimOf: async (request) => proof.context[`${claimPrefix}${request}`],
    },
  });
  const { organization, version: trustVersion } = trust;
  return {
    request: proof.request,
    organization,
    trustVersion,
    checkpoint,
    cosigners,
    state,
    entries,
    findings: [...unknownCatalogs(entries, catalogs), ...findings],
  };
}

interface CheckedRecord {
  readonly leaf: Leaf;
  readonly bytes: Uint8Array;
  readonly checkpoint: SignedCheckpoint;
}

function checkRecord(record: RequestProof["records"][number], { logKeys }: TreeKeys): CheckedRecord {
  const leaf = readLeaf(record.leaf);
  const proof = readTlogProof(record.proof);
  if (leaf === undefined || proof === undefined) throw invalid("a record's entry or proof breaks its form");
  const checkpoint = readCheckpoint(proof.checkpoint, logKeys);
  if (checkpoint === undefined) throw invalid("its checkpoint is signed by no log key of the trust file");
  if (!provesInclusion(proof.hashes, leafHash(record.leaf), proof.index, checkpoint)) {
    throw invalid(`entry ${proof.index} does not lead to the checkpoint's root`);
  }
  if (sha256Hex(record.bytes) !== leaf.sha256) throw invalid("a record is not the one that was sealed");
  // A version that came after the one that counts is flagged, too.
  if (readKey(leaf.key) === undefined || leaf.fault !== "-") throw invalid("an entry is no good record's");
  return { leaf, bytes: record.bytes, checkpoint };
}

function versionOf({ leaf, bytes }: CheckedRecord): CopiedVersion {
  return {
    key: leaf.key,
    versionId: leaf.versionId,
    size: bytes.length,
    lastModified: new Date(leaf.serverTime),
    isDeleteMarker: false,
    bytes: async () => bytes,
  };
}

function trustFilesOf({ context }: RequestProof): readonly Uint8Array[] {
  const files: Uint8Array[] = [];
  for (;;) {
    const file = context[`v1/trust/${files.length + 1}.json`];
    if (file === undefined) return files;
    files.push(file);
  }
}

function catalogsOf({ context }: RequestProof, trust: Trust): ReadonlyMap<string, Catalog> {
  const catalogs = new Map<string, Catalog>();
  for (const [name, file] of Object.entries(context)) {
    const [, digest] = /^v1\/catalog\/([0-9a-f]{64})\.jws$/.exec(name) ?? [];
    if (digest === undefined) continue;
    try {
      const catalog = parseCatalog(verifyCatalogFile(file, trust), digest);
      if (catalog.digest === digest && catalog.organization === trust.organization)
        catalogs.set(digest, catalog);
    } catch (error) {
      // Not signed as the trust file asks, or no catalog: none that counts.
      if (!isJitError(error)) throw error;
    }
  }
  return catalogs;
}

function unknownCatalogs(
  entries: readonly ReadRecord[],
  catalogs: ReadonlyMap<string, Catalog>,
): readonly Finding[] {
  return entries.flatMap(({ name, record }) =>
    record === undefined || catalogs.has(record.catalog)
      ? []
      : [
          finding(
            "CATALOG_UNKNOWN",
            name,
            writerOf(name),
            "the proof has no catalog of this digest that counts",
          ),
        ],
  );
}
