import { canonicalJson } from "../../access/canonical.ts";
import { sha256Hex } from "../../access/digest.ts";
import { maximumEnvelope } from "../envelope.ts";
import type { Finding, FindingCode } from "../finding.ts";
import type { RecordStore } from "../ports.ts";

type Store = Pick<RecordStore, "listVersions" | "readVersion">;

/** A finding as an acknowledgement names it: what was found of which object, as the bucket had it then. */
export interface Named {
  readonly code: string;
  readonly severity: string;
  readonly object: string;
  /** `-` where code and object say all. */
  readonly about: string;
  /** Of the object's versions and bytes (`evidenceOf`). */
  readonly evidence: string;
}

/**
 * What no administrator can acknowledge: that the sealed tree, or what was sealed in it, is no longer what it was. No
 * writer can cause these, and what the log proves of all records rests on there being none. Nor what cannot be read: it
 * could be anything by tomorrow.
 */
const never: ReadonlySet<string> = new Set<FindingCode>([
  "CHECKPOINT_INVALID",
  "CHECKPOINT_MISSING",
  "CHECKPOINT_ROOT",
  "BATCH_MISSING",
  "BATCH_INVALID",
  "TILE_INVALID",
  "TREE_FORKED",
  "COSIGNATURE_MISSING",
  "SEALED_REMOVED",
  "SEALED_CHANGED",
  "SEALED_TIME",
  "SEALED_WITHOUT",
  "SEALED_REPEATED",
  "OBJECT_UNREADABLE",
]);

export function canBeAcknowledged(code: string): boolean {
  return !never.has(code) && !code.startsWith("ACKNOWLEDGEMENT_");
}

/** SHA-256 of canonical `Named`, in hexadecimal. Whatever changes makes another finding, which nobody has acknowledged. */
export function findingHash({ code, severity, object, about, evidence }: Named): string {
  return sha256Hex(canonicalJson({ about, code, evidence, object, severity }));
}

/** @param evidence what the bucket has of its object now */
export function nameFinding({ code, severity, object, about = "-" }: Finding, evidence: string): Named {
  return { code, severity, object, about, evidence };
}

/**
 * SHA-256 of canonical `{"sha256","versions"}`: digest of the version that counts (the oldest that is no delete marker), or `-`
 * where there is none, it cannot be read, or it is larger than any record; the ids of all versions and delete markers, newest
 * first.
 */
export async function evidenceOf(store: Store, object: string): Promise<string> {
  const versions: string[] = [];
  let counts: { readonly versionId: string; readonly size: number } | undefined;
  for await (const version of store.listVersions(object)) {
    // Names that only begin like it come behind it.
    if (version.key !== object) break;
    versions.push(version.versionId);
    if (!version.isDeleteMarker) counts = version;
  }
  const bytes =
    counts === undefined || counts.size > maximumEnvelope
      ? undefined
      : await store.readVersion(object, counts.versionId);
  return sha256Hex(canonicalJson({ sha256: bytes === undefined ? "-" : sha256Hex(bytes), versions }));
}
