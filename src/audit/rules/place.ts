import { type Finding, finding } from "../finding.ts";
import type { JudgedRecord } from "../judged.ts";
import type { RecordKey } from "../key.ts";
import { isInHour, secondsOf } from "../time.ts";

/** A record whose form and signature are right, and where it was found. */
export interface SeenRecord {
  readonly name: string;
  readonly key: RecordKey;
  readonly record: JudgedRecord;
  /** Thumbprint of the key that signed. */
  readonly kid: string;
  readonly sha256: string;
  /** The server's time of arrival. */
  readonly lastModified: Date;
}

/** Seconds between signing and arrival that nobody need hear of. */
const arrivalTolerance = 900;

/**
 * A record against the name it is stored under and the log it lies in: names tell everything that a listing must
 * know, so they must not lie. A record with an `invalid` finding counts for nothing else.
 * @param log the organization's fingerprint
 */
export function placeFindings(seen: SeenRecord, log: string): Finding[] {
  const { key, record, name } = seen;
  const found: Finding[] = [];
  const say = (code: Parameters<typeof finding>[0], message: string) =>
    found.push(finding(code, name, key.userid, message));
  if (record.log !== log) say("LOG_DIFFERS", "the record belongs to another organization's log");
  if (key.thumbprint !== seen.kid) say("KID_DIFFERS", "the name tells another key than the one that signed");
  if (key.userid !== record.by.userid) say("USERID_DIFFERS", "the record lies under another writer's prefix");
  if (key.n !== record.n || key.type !== record.type || key.request !== record.request) {
    say("NAME_DIFFERS", "the name tells another request, number or type than the record");
  }
  if (!isInHour(record.at, key.hour)) say("HOUR_DIFFERS", "the name tells another hour than that of signing");
  return found;
}

/** What the time of arrival tells: reported, and not held against the record. */
export function arrivalFindings({ name, key, record, lastModified }: SeenRecord): readonly Finding[] {
  const late = lastModified.getTime() / 1000 - secondsOf(record.at);
  if (late > arrivalTolerance) {
    const message = `the record arrived ${Math.round(late)} seconds after it was signed`;
    return [finding("LATE_ARRIVAL", name, key.userid, message)];
  }
  if (late < -arrivalTolerance) {
    const message = `the record is dated ${Math.round(-late)} seconds after its arrival`;
    return [finding("TIME_AHEAD", name, key.userid, message)];
  }
  return none;
}

const none: readonly Finding[] = [];
