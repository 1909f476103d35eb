import { checkSignature } from "./check-signature.ts";
import { readEnvelope } from "./envelope.ts";
import { type RecordKey, readKey, recordPrefix } from "./key.ts";
import type { RecordStore } from "./ports.ts";
import { KeyRing } from "./rules/keys.ts";
import { placeFindings, type SeenRecord } from "./rules/place.ts";
import { mapAtMost } from "./scan.ts";
import type { AuditRecord } from "./types.ts";

const parallelLists = 16;

/** A valid record 0. */
export interface FoundEnrolment {
  readonly seen: SeenRecord;
  readonly record: AuditRecord<"enrol">;
}

/**
 * Finds the `enrol` record of a key. Its hour is not known, so the hours that the log has are looked through backwards
 * from that of a record by the key: one LIST each, of a prefix that has one object at most.
 * @param log the organization's fingerprint
 * @param maximumHours hours to look through
 * @returns the oldest valid one within the hour in which one is found; `undefined` where there is none
 */
export async function findEnrolment(
  store: Pick<RecordStore, "list" | "listPrefixes" | "read">,
  key: Pick<RecordKey, "hour" | "userid" | "thumbprint">,
  log: string,
  maximumHours: number,
): Promise<FoundEnrolment | undefined> {
  const here = await enrolmentIn(store, key, key.hour, log);
  if (here !== undefined) return here;
  const earlier: string[] = [];
  for await (const prefix of store.listPrefixes(recordPrefix)) {
    const hour = prefix.slice(recordPrefix.length, -1);
    if (hour < key.hour) earlier.push(hour);
  }
  const hours = earlier.sort().reverse().slice(0, maximumHours);
  for (let i = 0; i < hours.length; i += parallelLists) {
    const some = hours.slice(i, i + parallelLists);
    const found = await mapAtMost(parallelLists, some, (hour) => enrolmentIn(store, key, hour, log));
    const first = found.find((enrolment) => enrolment !== undefined);
    if (first !== undefined) return first;
  }
  return undefined;
}

/** The oldest valid one of a key in one hour: one LIST, and a GET where there is one. */
export async function enrolmentIn(
  store: Pick<RecordStore, "list" | "read">,
  { userid, thumbprint }: Pick<RecordKey, "userid" | "thumbprint">,
  hour: string,
  log: string,
): Promise<FoundEnrolment | undefined> {
  for await (const { key: name, lastModified } of store.list(
    `${recordPrefix}${hour}/-/${userid}/${thumbprint}.0.enrol.jws`,
  )) {
    const key = readKey(name);
    const bytes = key === undefined ? undefined : await store.read(name);
    if (key === undefined || bytes === undefined) continue;
    const opened = readEnvelope(bytes);
    if (!opened.ok || opened.record.type !== "enrol") continue;
    const { record, kid, sha256 } = opened;
    const seen = { name, key, record, kid, sha256, lastModified };
    if (placeFindings(seen, log).length > 0) continue;
    if ((await checkSignature(opened, KeyRing.ownKey(record))) === undefined) return { seen, record };
  }
  return undefined;
}
