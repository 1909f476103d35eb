import type { EnvelopeFault, SignatureFault } from "./envelope.ts";

/**
 * `invalid`: the log does not hold what it should, and verification fails. `noise`: something lies in a writer's own
 * prefix that counts for nothing, and nothing is missing because of it; it harms that writer's name only, and fails
 * under `strict`. `notice`: worth a look.
 */
export type Severity = "invalid" | "noise" | "notice";

/** Every code and how grave it can be; `asNoise` says where it is less. Codes are stable; docs/record-format.md says what each means. */
const severities = {
  NAME_INVALID: "noise",

  OBJECT_REPLACED: "invalid",
  OBJECT_REPEATED: "notice",
  OBJECT_DELETED: "invalid",
  OBJECT_UNREADABLE: "invalid",

  NAME_DIFFERS: "invalid",
  KID_DIFFERS: "invalid",
  USERID_DIFFERS: "invalid",
  HOUR_DIFFERS: "invalid",
  LOG_DIFFERS: "invalid",
  CATALOG_UNKNOWN: "invalid",
  LATE_ARRIVAL: "notice",
  TIME_AHEAD: "notice",

  KEY_NOT_ENROLLED: "invalid",
  KEY_PATH_ONLY: "invalid",
  KEY_REVOKED: "invalid",
  STATEMENT_INVALID: "invalid",
  STATEMENT_UNTRUSTED: "notice",

  CHAIN_GAP: "invalid",
  CHAIN_FORK: "invalid",
  CHAIN_PREV: "invalid",
  CHAIN_TIME: "notice",
  BY_DIFFERS: "invalid",

  REQUEST_MISSING: "invalid",
  REQUEST_HASH: "invalid",
  REQUEST_REPEATED: "invalid",
  ATTESTED_INVALID: "invalid",
  ATTESTED_UNPROVEN: "notice",
  EXTENDS_UNKNOWN: "invalid",
  EXTENDS_DIFFERS: "invalid",
  CATALOG_DIFFERS: "invalid",
  WRITER_DIFFERS: "invalid",
  DECISION_OWN: "invalid",
  DECISION_UNKNOWN: "invalid",
  ISSUE_UNAPPROVED: "invalid",
  ISSUE_DENIED: "invalid",
  ISSUE_UNCLAIMED: "invalid",
  REVIEW_OWN: "invalid",
  REVIEW_REPEATED: "notice",
  REVIEW_NOT_ALLOWED: "noise",
  REVIEW_UNFOUNDED: "noise",
  REVIEW_MISSING: "notice",
  ISSUE_ROLE: "invalid",
  ISSUE_SESSION_NAME: "invalid",
  ISSUE_SEALED: "invalid",
  ISSUE_TAGS: "invalid",
  ISSUE_POLICY: "invalid",
  ISSUE_REPEATED: "invalid",
  ISSUE_EARLY: "invalid",
  ISSUE_LATE: "invalid",
  WINDOW_INVALID: "invalid",
  ISSUE_ABORTED: "notice",
  ISSUE_HASH: "invalid",
  RENEWAL_UNKNOWN: "invalid",
  NOT_AFTER_DIFFERS: "invalid",
  NOT_AFTER_LATE: "invalid",
  EXPIRATION_LATE: "invalid",
  ACCESS_KEY_REPEATED: "invalid",

  CHECKPOINT_INVALID: "invalid",
  CHECKPOINT_MISSING: "invalid",
  CHECKPOINT_ROOT: "invalid",
  BATCH_MISSING: "invalid",
  BATCH_INVALID: "invalid",
  TILE_INVALID: "invalid",
  TREE_FORKED: "invalid",
  COSIGNATURE_MISSING: "notice",
  SEALED_REMOVED: "invalid",
  SEALED_CHANGED: "invalid",
  SEALED_TIME: "invalid",
  SEALED_WITHOUT: "invalid",
  SEALED_REPEATED: "notice",
  SEEN_DIFFERS: "invalid",
  LOCK_MISSING: "invalid",

  ACKNOWLEDGEMENT_INVALID: "notice",
  ACKNOWLEDGEMENT_STRANGER: "notice",
  ACKNOWLEDGEMENT_MISSING: "notice",
  ACKNOWLEDGEMENT_UNUSED: "notice",
} as const satisfies Record<string, Severity>;

export type FindingCode = keyof typeof severities | EnvelopeFault | Exclude<SignatureFault, "KEY_UNKNOWN">;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Name of the object; hostile text where it breaks the grammar. */
  readonly object: string;
  readonly message: string;
  /** `aws:userid` under whose prefix the object lies, `-` where that cannot be told. */
  readonly writer: string;
  /** What tells it from others of this code about this object: the numbers missing from a chain, the records one cause spoils. */
  readonly about?: string;
  /** How many objects one cause spoils, and some of their names; left out where it is `object` alone. */
  readonly objects?: number;
  readonly examples?: readonly string[];
}

export function finding(code: FindingCode, object: string, writer: string, message: string): Finding {
  return { code, severity: severityOf(code), object, message, writer };
}

/** The same of something that nothing is missing without. */
export function asNoise(found: Finding): Finding {
  return found.severity === "invalid" ? { ...found, severity: "noise" } : found;
}

/** What is wrong with the bytes themselves is always grave. */
export function severityOf(code: FindingCode): Severity {
  return Object.hasOwn(severities, code) ? severities[code as keyof typeof severities] : "invalid";
}
