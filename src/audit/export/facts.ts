import { shortName } from "../../access/short-name.ts";
import { extendsOf } from "../extends.ts";
import { type LogEntry, nameOf } from "../log/entry.ts";
import { formatTime } from "../time.ts";
import type { AuditRecord, SealedText } from "../types.ts";
import type { Row } from "./columns.ts";

/** The part of a row that comes from what records say. */

/** What stands in the record itself, or of one that is not valid in its name. */
export function recordRow({ key, record, reason, grade }: LogEntry["records"][number]): Row {
  const named = {
    type: key.type,
    request: orNull(key.request),
    userid: key.userid,
    key_id: key.thumbprint,
    chain_number: key.n,
  };
  if (reason !== undefined || record === undefined) return named;
  const { by, at, client, catalog } = record;
  return {
    ...named,
    signed_at: new Date(at),
    writer: shortName(by.arn),
    arn: by.arn,
    account: by.account,
    grade,
    client,
    catalog,
    ...bodyRow(record),
  };
}

function bodyRow(record: AuditRecord): Row {
  switch (record.type) {
    case "issue":
      return {
        access_key_id: record.accessKeyId,
        session_name: record.sessionName,
        source_identity: orNull(record.sourceIdentity),
        session_userid: record.assumedRoleId,
        session_seconds: record.durationSeconds,
        expires: new Date(record.expiration),
        not_after: new Date(record.notAfter),
        is_renewal: record.renews !== "-",
        policy_sha256: record.policySha256,
      };
    case "end":
      return {
        end_outcome: record.outcome,
        exit_code: record.exitCode < 0 ? undefined : record.exitCode,
        used_seconds: record.seconds < 0 ? undefined : record.seconds,
      };
    case "abort":
      return {
        error_code: record.code,
        abort_step: record.step,
        access_key_id: orNull(record.accessKeyId),
      };
    case "approval":
    case "denial":
      return { comment: textOf(record.comment) };
    case "review":
      return { verdict: record.verdict, comment: textOf(record.comment) };
    case "revoke":
      return { session_name: record.sessionName, comment: record.reason };
    case "notice":
      return { notice_event: record.event, notice_to: record.to, error_code: record.code };
    default:
      return {};
  }
}

/** What is the same on every row of a request. */
export function askedRow(entry: LogEntry): Row {
  const { asked, at, outcome } = entry;
  const known = {
    asked_at: new Date(formatTime(at)),
    outcome,
    requester_userid: orNull(entry.userid),
    who: nameOf(entry),
  };
  if (asked === undefined) return { ...known, who: undefined };
  const named = asked.targets.map((target) => target.split(":"));
  return {
    ...known,
    requester_arn: asked.by.arn,
    targets: asked.targets,
    stores: unique(named.map(([store = ""]) => store)),
    accesses: unique(named.map(([, access = ""]) => access)),
    classifications: unique(asked.stores.map(({ classification }) => classification)),
    data_categories: unique(asked.stores.flatMap(({ dataCategories }) => dataCategories)),
    role: asked.role,
    issuer: asked.issuer,
    requested_seconds: asked.duration,
    purpose: asked.purpose,
    reason: asked.texts.state === "kept" ? asked.texts.reason : undefined,
    ticket: asked.texts.state === "kept" ? asked.texts.ticket : undefined,
    texts: asked.texts.state,
    break_glass: asked.breakGlass,
    extends: extendsOf(asked),
  };
}

function orNull(text: string): string | undefined {
  return text === "-" ? undefined : text;
}

function textOf(sealed: SealedText | "-"): string | undefined {
  return sealed !== "-" && "text" in sealed ? sealed.text : undefined;
}

export function unique<T>(list: readonly T[]): readonly T[] {
  return [...new Set(list)];
}
