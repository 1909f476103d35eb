import { readKey } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { hourOf, hourStart } from "../time.ts";
import { findUnsealed } from "../tree/gather.ts";
import { SealedVersions } from "../tree/sealed-versions.ts";
import { listBatches } from "../tree/stored.ts";
import { type Alert, isPast } from "./alert.ts";

/** Most that are counted. */
const most = 10_000;
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
  const { unsealed } = await findUnsealed(store, sealed, window, most);
  const overdue = unsealed.filter(({ version }) =>
    isPast(version.lastModified, isLate(version) ? Math.max(deadline, lateDeadline) : deadline, now),
  );
  const [first] = overdue;
  if (first === undefined) return [];
  const many = overdue.length === 1 ? "1 object waits" : `${overdue.length} objects wait`;
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

function isLate({ key, lastModified }: ListedObject): boolean {
  const hour = readKey(key)?.hour;
  return hour !== undefined && hourStart(hour) + lateMs < lastModified.getTime();
}
