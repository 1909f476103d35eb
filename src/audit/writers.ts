import { withoutRevocations } from "../access/trust/revoked-keys.ts";
import { type RecordKey, readKey, recordPrefix } from "./key.ts";
import type { ListedObject, RecordStore } from "./ports.ts";
import { type ReaderOptions, RecordReader } from "./record-reader.ts";
import { chainOf } from "./rules/chain.ts";
import { mapAtMost } from "./scan.ts";
import { claimsOf, type Grade, type StatementClaims } from "./statement.ts";
import type { AuditRecord } from "./types.ts";

/** A key that records of the log are signed with, as the names of the log tell it. Nothing of it is verified but `enrolment`. */
export interface ListedWriter {
  readonly userid: string;
  readonly thumbprint: string;
  readonly records: number;
  /** When the first and the last of them arrived, by S3. */
  readonly first: Date;
  readonly last: Date;
  /** `undefined` where no valid record brings the key in: then its records count for nothing. */
  readonly enrolment: WriterEnrolment | undefined;
}

export interface WriterEnrolment {
  readonly record: AuditRecord<"enrol">;
  readonly grade: Grade;
  /** What AWS signed about its holder; `undefined` for a key that is `path only`. */
  readonly claims: StatementClaims | undefined;
}

type Store = Pick<RecordStore, "list" | "listPrefixes" | "read">;
type Listed = { readonly key: RecordKey; readonly object: ListedObject };

const parallel = 16;

/**
 * All keys of the log: by LIST of its names, and a GET of each key's `enrol` record.
 * @param thumbprint where given, of this key alone
 */
export async function listWriters(
  store: Store,
  options: ReaderOptions,
  thumbprint?: string,
): Promise<readonly ListedWriter[]> {
  const chains = new Map<
    string,
    { records: number; first: Date; last: Date; key: RecordKey; enrols: Listed[] }
  >();
  for await (const object of store.list(recordPrefix)) {
    const key = readKey(object.key);
    if (key === undefined || (thumbprint !== undefined && key.thumbprint !== thumbprint)) continue;
    const at = object.lastModified;
    const known = chains.get(chainOf(key)) ?? { records: 0, first: at, last: at, key, enrols: [] };
    known.records += 1;
    if (at < known.first) known.first = at;
    if (at > known.last) known.last = at;
    if (key.type === "enrol") known.enrols.push({ key, object });
    chains.set(chainOf(key), known);
  }
  // When it was enrolled counts, and not when it was revoked: what came too late is told by `revokedKeys`.
  const trust = withoutRevocations(options.trust);
  const reader = new RecordReader(store, { ...options, trust });
  return await mapAtMost(parallel, [...chains.values()], async ({ records, first, last, key, enrols }) => ({
    userid: key.userid,
    thumbprint: key.thumbprint,
    records,
    first,
    last,
    enrolment: await firstValid(reader, enrols),
  }));
}

async function firstValid(
  reader: RecordReader,
  enrols: readonly Listed[],
): Promise<WriterEnrolment | undefined> {
  for (const { key, object } of enrols) {
    const { record, reason, grade } = await reader.readOne(object, key);
    if (record?.type !== "enrol" || reason !== undefined || grade === undefined) continue;
    return { record, grade, claims: grade === "attested" ? claimsOf(record.statement) : undefined };
  }
  return undefined;
}
