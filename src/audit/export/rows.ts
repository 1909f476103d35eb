import { shortName } from "../../access/short-name.ts";
import { withoutProofs } from "../attested.ts";
import { extendsOf } from "../extends.ts";
import type { FindingCode } from "../finding.ts";
import { type LogEntry, nameOf } from "../log/entry.ts";
import type { ReadRecord } from "../record-reader.ts";
import type { ScannedObject } from "../scan.ts";
import { formatTime } from "../time.ts";
import type { LeafIndex } from "../tree/leaf-index.ts";
import type { AuditRecord, SealedText } from "../types.ts";
import type { Row } from "./columns.ts";

export type Leaves = Pick<LeafIndex, "find" | "newestBatch">;

/** A record that arrived that long before the newest batch is in it: sealers look at everything once a day. */
const overdueMs = 26 * 3_600_000;

/** The rows of one request. What its records say stands in them only as far as it is verified. */
export function rowsOfRequest(
  entry: LogEntry,
  objectOf: (name: string) => ScannedObject | undefined,
  leaves: Leaves,
): readonly Row[] {
  const own = entry.records.find(
    ({ key, reason }) => key.type === "request" && reason === undefined && key.userid === entry.userid,
  );
  const acts = new Map<string, boolean>();
  for (const { sha256, counts } of entry.answers) acts.set(sha256, counts);
  for (const list of [entry.sessions, entry.ends, entry.revocations, entry.reviews, entry.aborts]) {
    for (const { sha256 } of list) acts.set(sha256, true);
  }
  return entry.records.map((record) => {
    const object = objectOf(record.name);
    const place = placeOf(record.name, object, record.sha256, leaves);
    const findings = unique([...entry.problems, ...place.findings]);
    const counts = record === own || acts.get(record.sha256 ?? "") === true;
    return {
      ...place.row,
      ...recordRow(record),
      ...askedRow(entry),
      verified: findings.length === 0,
      findings,
      notices: entry.notices,
      // What somebody was not told decides nothing.
      counts: record.key.type === "notice" ? undefined : counts,
      attested: record === own && entry.asked ? jsonOf(withoutProofs(entry.asked.attested)) : undefined,
      claimed: record === own && entry.asked ? jsonOf(entry.asked.claimed) : undefined,
    };
  });
}

/** The row of a record that belongs to no request, or to one of which there is no request record. */
export function rowOfRecord(
  record: ReadRecord,
  object: ScannedObject,
  more: readonly FindingCode[],
  leaves: Leaves,
): Row {
  const place = placeOf(record.name, object, record.sha256, leaves);
  const findings = unique([
    ...(record.reason === undefined ? [] : [record.reason]),
    ...more,
    ...place.findings,
  ]);
  const notices = unique((record.notices ?? []).map(({ code }) => code));
  return { ...place.row, ...recordRow(record), verified: findings.length === 0, findings, notices };
}

/** The row of an object whose name breaks the grammar; its text is hostile. */
export function rowOfNoise(object: ScannedObject, leaves: Leaves): Row {
  const { row } = placeOf(object.name, object, undefined, leaves);
  return { ...row, verified: false, findings: ["NAME_INVALID"], notices: [] };
}

function placeOf(
  name: string,
  object: ScannedObject | undefined,
  sha256: string | undefined,
  leaves: Leaves,
): { readonly row: Row; readonly findings: readonly FindingCode[] } {
  const oldest = object?.oldest;
  const leaf = oldest === undefined ? undefined : leaves.find(name, oldest.versionId);
  const findings: FindingCode[] = [];
  const arrived = oldest?.lastModified;
  if (leaf !== undefined && arrived !== undefined) {
    if (leaf.sha256 !== "-" && sha256 !== undefined && leaf.sha256 !== sha256)
      findings.push("SEALED_CHANGED");
    if (leaf.serverTime !== formatTime(arrived)) findings.push("SEALED_TIME");
  } else if (
    arrived !== undefined &&
    leaves.newestBatch !== undefined &&
    arrived.getTime() + overdueMs < leaves.newestBatch.getTime()
  ) {
    findings.push("SEALED_WITHOUT");
  }
  return {
    row: {
      tree_index: leaf?.index,
      leaf_hash: leaf?.leafHash,
      object: name,
      version_id: oldest?.versionId,
      sha256,
      arrived_at: arrived,
    },
    findings,
  };
}

/** What stands in the record itself, or of one that is not valid in its name. */
function recordRow({ key, record, reason, grade }: LogEntry["records"][number]): Row {
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
function askedRow(entry: LogEntry): Row {
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

function jsonOf(values: Readonly<Record<string, string>>): string {
  return JSON.stringify(values);
}

function orNull(text: string): string | undefined {
  return text === "-" ? undefined : text;
}

function textOf(sealed: SealedText | "-"): string | undefined {
  return sealed !== "-" && "text" in sealed ? sealed.text : undefined;
}

function unique<T>(list: readonly T[]): readonly T[] {
  return [...new Set(list)];
}
