import { parseCatalog } from "../../access/catalog/parse.ts";
import { verifyCatalogFile } from "../../access/trust/catalog-file.ts";
import type { ApprovalRules, Catalog, Trust } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import { claimPrefix } from "../claim.ts";
import { copyStore } from "../copy-store.ts";
import { type Finding, finding } from "../finding.ts";
import { readKey, recordPrefix, writerOf } from "../key.ts";
import { defaultHours, type ReadRecord, RecordReader } from "../record-reader.ts";
import { inOrder, judgeEntries } from "../story.ts";
import type { StoryState } from "../story-state.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { cosignedBy } from "./cosignatures.ts";
import { checkIncluded, type Included, oneHead, trustOf, versionOf } from "./included.ts";
import type { TreeKeys } from "./keys.ts";
import type { Verified } from "./note.ts";
import { invalid, type RequestProof } from "./request-proof.ts";

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
  /** Where objects stand in the tree, by their names. */
  readonly places: ReadonlyMap<string, Pick<Included, "index" | "leafHash">>;
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
  const trust = trustOf(proof, options);
  const keys = options.keysOf(trust);
  const checked = proof.records.map((record) => checkRecord(record, keys));
  const checkpoint = oneHead(checked);
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
    places: new Map(checked.map(({ leaf, index, leafHash }) => [leaf.key, { index, leafHash }])),
    findings: [...unknownCatalogs(entries, catalogs), ...findings],
  };
}

function checkRecord(record: RequestProof["records"][number], keys: TreeKeys): Included {
  const included = checkIncluded(record, keys);
  const { leaf } = included;
  // A version that came after the one that counts is flagged, too.
  if (readKey(leaf.key) === undefined || leaf.fault !== "-") throw invalid("an entry is no good record's");
  return included;
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
