/**
 * The columns of the exported table, in their order: the one place that the Parquet schema, Athena's DDL and docs/query.md go by.
 * Names, kinds and meanings stay; what is new comes last.
 */

/** `integer`: 64 bits; `time`: milliseconds, UTC; `texts`: a list of texts without gaps. */
export type ColumnKind = "integer" | "boolean" | "time" | "text" | "texts";

interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly about: string;
}

export const columns = [
  {
    name: "tree_index",
    kind: "integer",
    about: "place of the object in the tree of the log; empty: not sealed yet",
  },
  { name: "leaf_hash", kind: "text", about: "RFC 6962 hash of that entry, hexadecimal" },
  { name: "object", kind: "text", about: "name of the object in the bucket" },
  { name: "version_id", kind: "text", about: "the version of it that counts" },
  { name: "sha256", kind: "text", about: "of its bytes" },
  { name: "arrived_at", kind: "time", about: "when S3 took it" },
  {
    name: "type",
    kind: "text",
    about: "enrol, request, approval, denial, issue, end, abort, revoke, review or notice",
  },
  { name: "request", kind: "text", about: "id of the request that it belongs to" },
  {
    name: "verified",
    kind: "boolean",
    about: "nothing is wrong with it, nor with the records of its request",
  },
  {
    name: "findings",
    kind: "texts",
    about: "codes of what is wrong (record-format.md); empty where verified",
  },
  { name: "notices", kind: "texts", about: "codes of what is worth a look in its request" },
  {
    name: "counts",
    kind: "boolean",
    about: "whether it decides about its request: no word of a stranger, no unused approval",
  },
  { name: "signed_at", kind: "time", about: "when it was signed, by the clock of its writer" },
  { name: "writer", kind: "text", about: "who signed it: the last part of the ARN" },
  { name: "arn", kind: "text", about: "ARN of who signed it" },
  { name: "userid", kind: "text", about: "aws:userid of who signed it" },
  { name: "account", kind: "text", about: "AWS account of who signed it" },
  {
    name: "grade",
    kind: "text",
    about: "attested: AWS signed whose key it is; path only: the policy of the bucket says so",
  },
  { name: "key_id", kind: "text", about: "thumbprint of the key" },
  { name: "chain_number", kind: "integer", about: "place in the chain of the key" },
  { name: "client", kind: "text", about: "program that wrote it" },
  { name: "catalog", kind: "text", about: "SHA-256 of the catalog that it was judged by" },
  { name: "asked_at", kind: "time", about: "when the request was made" },
  {
    name: "outcome",
    kind: "text",
    about: "what came of the request: as in jit audit log, at the time of the export",
  },
  { name: "who", kind: "text", about: "the requester: the last part of the ARN" },
  { name: "requester_arn", kind: "text", about: "ARN of the requester" },
  { name: "requester_userid", kind: "text", about: "aws:userid of the requester" },
  { name: "targets", kind: "texts", about: "STORE:ACCESS, each that was asked for" },
  { name: "stores", kind: "texts", about: "the stores of these" },
  { name: "accesses", kind: "texts", about: "the accesses of these" },
  { name: "classifications", kind: "texts", about: "of the stores, by the catalog of the request" },
  { name: "data_categories", kind: "texts", about: "of the stores, by the catalog of the request" },
  { name: "role", kind: "text", about: "ARN of the role that was asked for" },
  { name: "issuer", kind: "text", about: "requester, approver or broker" },
  { name: "requested_seconds", kind: "integer", about: "how long it was asked for" },
  { name: "purpose", kind: "text", about: "purpose of the request" },
  { name: "reason", kind: "text", about: "reason, where it stands in the record itself" },
  { name: "ticket", kind: "text", about: "ticket, where it stands in the record itself" },
  {
    name: "texts",
    kind: "text",
    about: "kept: reason and ticket stand in the record; apart: they lie elsewhere",
  },
  { name: "break_glass", kind: "boolean", about: "an emergency, without the approval of anybody" },
  { name: "extends", kind: "text", about: "the request that this one extends" },
  {
    name: "attested",
    kind: "text",
    about: "JSON object: circumstances that AWS or an identity provider signed",
  },
  {
    name: "claimed",
    kind: "text",
    about: "JSON object: circumstances by the machine of the requester alone",
  },
  { name: "access_key_id", kind: "text", about: "issue, abort: the access key id of the session" },
  { name: "session_name", kind: "text", about: "issue, revoke: RoleSessionName" },
  { name: "source_identity", kind: "text", about: "issue: SourceIdentity" },
  { name: "session_userid", kind: "text", about: "issue: aws:userid of the session, as CloudTrail has it" },
  { name: "session_seconds", kind: "integer", about: "issue: how long AWS issued the session for" },
  { name: "expires", kind: "time", about: "issue: when the credentials lapse" },
  { name: "not_after", kind: "time", about: "issue: when the grant ends, for every session of it" },
  { name: "is_renewal", kind: "boolean", about: "issue: whether it renews a session of the same grant" },
  { name: "policy_sha256", kind: "text", about: "issue: SHA-256 of the session policy" },
  { name: "end_outcome", kind: "text", about: "end: completed or forgotten" },
  { name: "exit_code", kind: "integer", about: "end: of the command" },
  { name: "used_seconds", kind: "integer", about: "end: how long the command ran" },
  { name: "error_code", kind: "text", about: "abort, notice: what went wrong" },
  { name: "abort_step", kind: "text", about: "abort: the step that did not finish" },
  { name: "verdict", kind: "text", about: "review: justified or unjustified" },
  {
    name: "comment",
    kind: "text",
    about: "approval, denial, review, revoke: the words, where they stand in the record",
  },
  { name: "notice_event", kind: "text", about: "notice: what somebody was not told of" },
  { name: "notice_to", kind: "text", about: "notice: the host or program that was to tell it" },
] as const satisfies readonly Column[];

interface Values {
  readonly integer: number;
  readonly boolean: boolean;
  readonly time: Date;
  readonly text: string;
  readonly texts: readonly string[];
}

type ColumnName = (typeof columns)[number]["name"];
type KindOf<Name extends ColumnName> = Extract<(typeof columns)[number], { readonly name: Name }>["kind"];

/** One row; what is left out is NULL. */
export type Row = { readonly [Name in ColumnName]?: Values[KindOf<Name>] | undefined };

/** The column that is a folder's name and stands in no file: `day=2026-11-24`. */
export const partition = {
  name: "day",
  about: "UTC day of the request; of what belongs to none the day of the record",
} as const;

/** Changes where a file of before would be read otherwise. */
export const schemaVersion = 1;
