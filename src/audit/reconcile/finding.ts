/**
 * `invalid`: the log and CloudTrail do not tell the same story, or somebody changed what they rest on. `gap`: something
 * could not be looked at; it fails under `strict`. `notice`: worth a look.
 */
export type Severity = "invalid" | "gap" | "notice";

/** Every code and how grave it is. Codes are stable; docs/reconcile.md says what each means. */
const severities = {
  SESSION_UNRECORDED: "invalid",
  SESSION_ABORTED: "invalid",
  SESSION_CALLER_DIFFERS: "invalid",
  SESSION_ROLE_DIFFERS: "invalid",
  SESSION_NAME_DIFFERS: "invalid",
  SESSION_TAGS_DIFFER: "invalid",
  SESSION_SOURCE_IDENTITY_DIFFERS: "invalid",
  SESSION_DURATION_DIFFERS: "invalid",
  SESSION_EXPIRATION_DIFFERS: "invalid",
  SESSION_POLICY_DIFFERS: "invalid",
  SESSION_OUTLIVES_GRANT: "invalid",
  SESSION_USED_AFTER_GRANT: "invalid",
  SESSION_USED_AFTER_REVOKE: "invalid",
  REVOKE_WITHOUT_DENIAL: "notice",
  RECORD_UNMATCHED: "invalid",
  RECORD_REPEATED: "invalid",
  RECORD_LATE: "invalid",
  RECORD_NOT_VALID: "notice",
  GRANT_UNUSED: "notice",
  LEASE_WITHOUT_PARENT: "invalid",
  LEASE_DESCRIPTION_DIFFERS: "notice",

  ROLE_TRUST_CHANGED: "invalid",
  ROLE_POLICY_CHANGED: "invalid",
  ROLE_BOUNDARY_CHANGED: "invalid",
  ROLE_CHANGED: "invalid",
  ROLE_DENIAL_CHANGED: "notice",
  POLICY_VERSION_CHANGED: "gap",
  BUCKET_POLICY_CHANGED: "invalid",
  BUCKET_VERSIONING_CHANGED: "invalid",
  BUCKET_LOCK_CHANGED: "invalid",
  BUCKET_CHANGED: "invalid",
  STORE_BUCKET_CHANGED: "notice",
  TRAIL_STOPPED: "invalid",
  TRAIL_DELETED: "invalid",
  TRAIL_SELECTORS_CHANGED: "invalid",
  TRAIL_CHANGED: "invalid",
  TRAIL_STARTED: "gap",
  CHANGE_REFUSED: "notice",

  EVENT_UNREADABLE: "invalid",
  TRAIL_FILE_UNREADABLE: "invalid",
  TRAIL_FILE_MISSING: "invalid",
  TRAIL_FILE_ALTERED: "invalid",
  TRAIL_FILE_UNLISTED: "invalid",
  TRAIL_DIGEST_INVALID: "invalid",
  TRAIL_DIGEST_MISSING: "invalid",
  TRAIL_DIGEST_CHAIN: "invalid",
  TRAIL_KEY_UNKNOWN: "invalid",
  TRAIL_UNSIGNED: "gap",
  ACCOUNT_NOT_COVERED: "gap",
} as const satisfies Record<string, Severity>;

export type FindingCode = keyof typeof severities;

export const findingCodes = Object.keys(severities) as readonly FindingCode[];

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Event (`EVENT-ID`), record (name of the object), file, account or region that it is about: hostile text. */
  readonly object: string;
  /** Unix seconds of what happened, where it is an event or a record. */
  readonly at: number | undefined;
  /** One line for a person; holds hostile text. */
  readonly message: string;
  /** The request, where it is known. */
  readonly request: string | undefined;
}

export function finding(
  code: FindingCode,
  object: string,
  message: string,
  more: { readonly at?: number | undefined; readonly request?: string | undefined } = {},
): Finding {
  return { code, severity: severities[code], object, at: more.at, message, request: more.request };
}
