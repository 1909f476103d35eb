import { type RecordKey, readKey, recordPrefix } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import type { ReadRecord } from "../record-reader.ts";
import { mapAtMost } from "../scan.ts";
import { hoursBetween, secondsOf } from "../time.ts";
import type { AuditRecord } from "../types.ts";

/** An issue record that is valid by itself. Times are Unix seconds. */
export interface IssueEntry {
  readonly name: string;
  readonly record: AuditRecord<"issue">;
  readonly at: number;
  /** When it arrived, by S3. */
  readonly arrived: number;
  readonly expiration: number;
  readonly notAfter: number;
}

export interface RecordBook {
  readonly issues: readonly IssueEntry[];
  /** By access key id. */
  readonly aborts: ReadonlyMap<string, AuditRecord<"abort">>;
  /** By request, the valid `revoke` records under it. Anybody can write one. */
  readonly revoked: ReadonlyMap<string, readonly AuditRecord<"revoke">[]>;
  /** Names of issue records that do not count: damaged, forged, misplaced. */
  readonly notValid: readonly string[];
}

type Listed = { readonly object: ListedObject; readonly key: RecordKey };
type Reader = { readOne(object: ListedObject, key: RecordKey): Promise<ReadRecord> };

const types = ["issue", "abort", "revoke"];
const parallelLists = 12;
const parallelReads = 16;

/** Reads, by the hours of their names, the records that tell of sessions; others are listed and not fetched. */
export async function readRecords(
  store: Pick<RecordStore, "list">,
  reader: Reader,
  range: { readonly from: Date; readonly to: Date },
): Promise<RecordBook> {
  const listed = await mapAtMost(parallelLists, [...hoursBetween(range.from, range.to)], async (hour) => {
    const found: Listed[] = [];
    for await (const object of store.list(`${recordPrefix}${hour}/`)) {
      const key = readKey(object.key);
      if (key !== undefined && types.includes(key.type)) found.push({ object, key });
    }
    return found;
  });
  const read = await mapAtMost(parallelReads, listed.flat(), ({ object, key }) =>
    reader.readOne(object, key),
  );
  return bookOf(read);
}

function bookOf(read: readonly ReadRecord[]): RecordBook {
  const issues: IssueEntry[] = [];
  const aborts = new Map<string, AuditRecord<"abort">>();
  const revoked = new Map<string, AuditRecord<"revoke">[]>();
  const notValid: string[] = [];
  for (const { name, record, reason, lastModified, key } of read) {
    if (record === undefined || reason !== undefined) {
      if (key.type === "issue") notValid.push(name);
      continue;
    }
    if (record.type === "issue") {
      issues.push({
        name,
        record,
        at: secondsOf(record.at),
        arrived: lastModified.getTime() / 1000,
        expiration: secondsOf(record.expiration),
        notAfter: secondsOf(record.notAfter),
      });
    } else if (record.type === "abort" && record.accessKeyId !== "-") {
      aborts.set(record.accessKeyId, record);
    } else if (record.type === "revoke") {
      revoked.set(record.request, [...(revoked.get(record.request) ?? []), record]);
    }
  }
  return { issues, aborts, revoked, notValid };
}
