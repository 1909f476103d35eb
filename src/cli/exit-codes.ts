/** Exit codes: one table, which docs/exit-codes.md repeats; a test compares them. */

export const exitCodes = {
  ok: { code: 0, meaning: "done" },
  failed: { code: 1, meaning: "something unexpected went wrong" },
  usage: { code: 2, meaning: "a flag or value is missing or wrong; the message names it" },
  refused: { code: 3, meaning: "the catalog or its rules do not allow this" },
  pending: { code: 4, meaning: "the request waits for somebody's approval" },
  denied: { code: 5, meaning: "an approver said no" },
  expired: { code: 6, meaning: "the request or its grant has run out" },
  untrusted: { code: 7, meaning: "catalog, trust file or endpoint is not one that we believe" },
  aws: { code: 8, meaning: "AWS credentials are missing or expired, or AWS says no" },
  unavailable: { code: 9, meaning: "AWS or the ticket check does not answer, or is too busy; try again" },
  audit: { code: 10, meaning: "the record could not be written as it must be, so nothing was issued" },
  local: { code: 11, meaning: "this machine's disk is full, read-only or not private enough" },
  noSession: { code: 12, meaning: "no session is there, and no reason was given to ask for one" },
  found: { code: 20, meaning: "verification found something wrong" },
  wrapper: { code: 125, meaning: "`jit exec` itself failed, the command did not run" },
  notExecutable: { code: 126, meaning: "`jit exec`: the command cannot be executed" },
  notFound: {
    code: 127,
    meaning: "`jit exec`: the command was not found (128+N: it was killed by signal N)",
  },
  interrupted: { code: 130, meaning: "Ctrl-C (SIGINT): stopped before it was done" },
} as const;

export type ExitName = keyof typeof exitCodes;

/** Which exit a stable error code leads to; by its exact name, else by its prefix. */
const byCode: Readonly<Record<string, ExitName>> = {
  USAGE: "usage",
  FLAG_MISSING: "usage",
  NOT_A_TERMINAL: "usage",
  CANCELLED: "usage",
  INTERRUPTED: "interrupted",
  DURATION_INVALID: "usage",
  DURATION_TOO_SHORT: "usage",
  TARGET_INVALID: "usage",
  TARGET_UNKNOWN: "usage",
  TARGETS_DIFFERENT_ROLES: "usage",
  STORE_UNKNOWN: "usage",
  ACTION_INVALID: "usage",
  ACTION_NOT_GRANTED: "usage",
  LOCATION_INVALID: "usage",
  REQUEST_ID_INVALID: "usage",
  SETTING_UNKNOWN: "usage",
  REASON_MISSING: "usage",
  PURPOSE_MISSING: "usage",
  TICKET_MISSING: "usage",
  NESTED_SESSION: "usage",
  TARGET_MISSING: "usage",
  NAME_INVALID: "usage",
  KEY_FILE: "usage",
  KEY_INVALID: "usage",
  KEY_NOT_ADMINISTRATOR: "usage",
  FILE_: "usage",
  REASON_: "refused",
  PURPOSE_: "refused",
  TICKET_: "refused",
  TICKET_CHECK_DOWN: "unavailable",
  TEXT_: "refused",
  DURATION_TOO_LONG: "refused",
  REFUSED: "refused",
  LEASE_TOO_LONG: "usage",
  LEASE_: "refused",
  POLICY_: "refused",
  SOURCE_IDENTITY_: "refused",
  ISSUE_REFUSED: "refused",
  ISSUER_UNSUPPORTED: "refused",
  PENDING: "pending",
  DENIED: "denied",
  EXPIRED: "expired",
  GRANT_ENDED: "expired",
  SESSION_ENDED: "expired",
  CATALOG_: "untrusted",
  TRUST_: "untrusted",
  JWS_: "untrusted",
  ENDPOINT_REFUSED: "untrusted",
  TLS_: "untrusted",
  PROJECT_FILE_: "untrusted",
  ENCODING_: "untrusted",
  NOT_PINNED: "untrusted",
  AWS_THROTTLED: "unavailable",
  AWS_: "aws",
  STS_UNREACHABLE: "unavailable",
  STS_REPLY_LOST: "unavailable",
  STS_DURATION: "refused",
  STS_: "aws",
  IAM_UNREACHABLE: "unavailable",
  IAM_NOT_CONFIRMED: "unavailable",
  IAM_: "aws",
  REVOKE_UNRECORDED: "audit",
  END_OF_ANOTHER: "audit",
  LIFT_: "usage",
  ROLE_NOT_IN_CATALOG: "refused",
  AUDIT_UNREACHABLE: "unavailable",
  AUDIT_DENIED: "aws",
  AUDIT_: "audit",
  REASONS_: "audit",
  REASONS_DENIED: "aws",
  REASONS_IN_RECORD: "refused",
  ISSUE_: "audit",
  CHAIN_: "audit",
  RECORD_: "audit",
  KEY_: "audit",
  LOCAL_: "local",
  LOCK_: "local",
  ENDPOINT_FAILED: "local",
  NO_SESSION: "noSession",
  REQUEST_NOT_FOUND: "noSession",
  FOUND: "found",
};

/** Exit of an error code; the longest prefix in the table wins, and what is not there is `failed`. */
export function exitOf(code: string): ExitName {
  let best = "";
  for (const name of Object.keys(byCode)) {
    const fits = name.endsWith("_") ? code.startsWith(name) : code === name;
    if (fits && name.length > best.length) best = name;
  }
  return byCode[best] ?? "failed";
}

/** What to do about an error that does not say it itself. */
const advice: Partial<Record<ExitName, string>> = {
  failed: "`jit doctor` may tell more",
  usage: "add --help for what it takes",
  refused: "`jit explain TARGET` shows what is allowed",
  expired: "make a new request",
  untrusted: "do not go on with it: ask an administrator of the organization",
  aws: "`jit doctor` looks at your identity; docs/aws.md says what it needs",
  unavailable: "try again in a minute",
  audit: "nothing was issued: `jit doctor` may tell more; tell whoever keeps the audit bucket",
  local: "look at the disk and the folder's permissions; `jit doctor` may tell more",
};

export function adviceOn(code: string): string | undefined {
  // Who said no needs no advice.
  return code === "CANCELLED" ? undefined : advice[exitOf(code)];
}
