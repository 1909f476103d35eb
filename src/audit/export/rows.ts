import { withoutProofs } from "../attested.ts";
import type { FindingCode } from "../finding.ts";
import type { LogEntry } from "../log/entry.ts";
import type { ReadRecord } from "../record-reader.ts";
import type { ScannedObject } from "../scan.ts";
import type { LeafIndex } from "../tree/leaf-index.ts";
import type { Row } from "./columns.ts";
import { askedRow, recordRow, unique } from "./facts.ts";

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
      attested:
        record === own && entry.asked ? JSON.stringify(withoutProofs(entry.asked.attested)) : undefined,
      claimed: record === own && entry.asked ? JSON.stringify(entry.asked.claimed) : undefined,
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
    if (leaf.arrived !== Math.floor(arrived.getTime() / 1000)) findings.push("SEALED_TIME");
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
