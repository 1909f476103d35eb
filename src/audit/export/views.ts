import { type ColumnKind, columns, partition } from "./columns.ts";

/** What SQL sees of an export. */

/** Kinds as DuckDB spells them; docs/query.md has these. */
export const sqlTypes: Readonly<Record<ColumnKind, string>> = {
  integer: "BIGINT",
  boolean: "BOOLEAN",
  time: "TIMESTAMP",
  text: "VARCHAR",
  texts: "VARCHAR[]",
};

/** `records`, of these files alone; without rows where there are none. */
export function recordsView(files: readonly string[]): string {
  const names = columns.map(({ name }) => name);
  if (files.length === 0) {
    const typed = columns.map(({ name, kind }) => `NULL::${sqlTypes[kind]} AS ${name}`);
    return `CREATE VIEW records AS SELECT ${typed.join(", ")}, NULL::VARCHAR AS ${partition.name} WHERE false`;
  }
  const list = files.map(sqlText).join(", ");
  const options = `hive_partitioning = true, hive_types = {'${partition.name}': VARCHAR}`;
  return `CREATE VIEW records AS SELECT ${[...names, partition.name].join(", ")} FROM read_parquet([${list}], ${options})`;
}

/** A text as SQL spells it. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const when = (types: string) => `FILTER (WHERE counts AND type ${types})`;

/**
 * `requests`: a row for each request, as `jit audit log` counts them. DuckDB and Athena both understand it.
 * What follows from records that are not verified, or that decide nothing, is left out.
 */
export const requestsView = `CREATE VIEW requests AS
SELECT
  a.request,
  a.day,
  a.asked_at,
  r.who,
  r.requester_arn,
  r.requester_userid,
  r.grade,
  r.targets,
  r.stores,
  r.accesses,
  r.classifications,
  r.data_categories,
  r.role,
  r.issuer,
  r.purpose,
  r.reason,
  r.ticket,
  r.break_glass,
  r.extends,
  r.requested_seconds,
  a.outcome,
  a.approved_by,
  a.denied_by,
  a.answered_at,
  date_diff('second', a.asked_at, a.answered_at) AS answer_seconds,
  a.issued_at,
  a.sessions,
  a.not_after,
  date_diff('second', a.issued_at, a.not_after) AS granted_seconds,
  a.ended_at,
  a.used_seconds,
  a.revoked_at,
  a.review,
  a.reviewed_by,
  a.verified,
  a.findings,
  a.notices,
  r.tree_index,
  r.leaf_hash
FROM (
  SELECT
    request,
    day,
    min(asked_at) AS asked_at,
    min(outcome) AS outcome,
    array_agg(DISTINCT writer) ${when("= 'approval'")} AS approved_by,
    array_agg(DISTINCT writer) ${when("= 'denial'")} AS denied_by,
    min(signed_at) ${when("IN ('approval', 'denial')")} AS answered_at,
    min(signed_at) ${when("= 'issue'")} AS issued_at,
    count(*) ${when("= 'issue'")} AS sessions,
    max(not_after) ${when("= 'issue'")} AS not_after,
    max(signed_at) ${when("= 'end'")} AS ended_at,
    sum(used_seconds) ${when("= 'end'")} AS used_seconds,
    min(signed_at) ${when("= 'revoke'")} AS revoked_at,
    min(verdict) ${when("= 'review'")} AS review,
    min(writer) ${when("= 'review'")} AS reviewed_by,
    min(CASE WHEN verified THEN 1 ELSE 0 END) = 1 AS verified,
    max(findings) AS findings,
    max(notices) AS notices
  FROM records
  WHERE request IS NOT NULL
  GROUP BY request, day
  HAVING count(*) FILTER (WHERE type IN ('request', 'issue')) > 0
) a
LEFT JOIN (SELECT * FROM records WHERE type = 'request' AND counts) r
ON r.request = a.request AND r.day = a.day`;
