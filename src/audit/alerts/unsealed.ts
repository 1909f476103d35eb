import { readKey } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { hourOf, hourStart } from "../time.ts";
import { findUnsealed, type Unsealed } from "../tree/gather.ts";
import { SealedVersions } from "../tree/sealed-versions.ts";
import { listBatches } from "../tree/stored.ts";
import { type Alert, isPast } from "./alert.ts";

/** So many are looked at together. */
const atOnce = 10_000;
/** What arrives so long after the hour of its name began may be passed over by every run but the first of a day, ms. */
const lateMs = 2 * 3_600_000;
/** Seconds for what is late: sealers look through all hours once a day. */
const lateDeadline = 26 * 3600;

/**
 * Whether anything lies unsealed for longer than the deadline, by its arrival; what arrives late under an old hour has 26 hours.
 * @param since the earliest hour of names that is looked through
 * @returns one alert at most, since the oldest arrival
 */
export async function unsealedAlerts(
  store: Pick<RecordStore, "listVersions" | "readVersion" | "readRetained">,
  since: Date,
  deadline: number,
  now: Date,
): Promise<readonly Alert[]> {
  const sealed = new SealedVersions(store, await listBatches(store));
  const hour = (at: number) => hourOf(new Date(at).toISOString());
  // Names of the next hour are of clocks that run ahead.
  const window = { from: hour(since.getTime()), to: hour(now.getTime() + 3_600_000) };
  const isOverdue = ({ version }: Unsealed) =>
    isPast(version.lastModified, isLate(version) ? Math.max(deadline, lateDeadline) : deadline, now);
  let first: Unsealed | undefined;
  let count = 0;
  // To the end: what somebody puts in front by the thousand must not hide the rest.
  let until: string | undefined;
  do {
    const found = await findUnsealed(store, sealed, window, atOnce, until);
    const overdue = found.unsealed.filter(isOverdue);
    count += overdue.length;
    const [oldest] = overdue;
    if (oldest !== undefined && (first === undefined || isBefore(oldest, first))) first = oldest;
    until = found.until;
  } while (until !== undefined);
  if (first === undefined) return [];
  const many = count === 1 ? "1 object waits" : `${count} objects wait`;
  const { lastModified, key } = first.version;
  return [
    {
      kind: "seal",
      id: "seal",
      since: lastModified,
      deadline,
      message: `${many} for \`jit audit seal\`: what is not sealed could be removed without a trace`,
      request: undefined,
      object: key,
    },
  ];
}

function isBefore({ version: one }: Unsealed, { version: other }: Unsealed): boolean {
  return one.lastModified < other.lastModified;
}

function isLate({ key, lastModified }: ListedObject): boolean {
  const hour = readKey(key)?.hour;
  return hour !== undefined && hourStart(hour) + lateMs < lastModified.getTime();
}
