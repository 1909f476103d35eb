import { hash } from "node:crypto";
import { idTime } from "../id.ts";
import { type RecordKey, readKey, recordPrefix } from "../key.ts";
import type { Period } from "../log/moment.ts";
import type { NamedRecord, NamedRequest, NameIndex } from "../log/names.ts";
import { isRequest } from "../log/read.ts";
import type { ScannedObject } from "../scan.ts";
import { isHour } from "../time.ts";
import type { LeafIndex } from "../tree/leaf-index.ts";

/** What one file is made of. */
export interface Day {
  /** `2026-11-24`. */
  readonly day: string;
  /** By their ids. */
  readonly requests: readonly NamedRequest[];
  /** Records that belong to no request of this log, by their names. */
  readonly others: readonly NamedRecord[];
  /** Objects whose names break the grammar. */
  readonly noise: readonly ScannedObject[];
}

/**
 * The days of a period, oldest first: a request with all its records on the day that its id tells, everything else on the day
 * of its name's hour.
 * @param objects what was listed of the period, and of the time after it in which more of its requests may come
 */
export function daysOf(objects: readonly ScannedObject[], names: NameIndex, period: Period): readonly Day[] {
  const days = new Map<string, { requests: NamedRequest[]; others: NamedRecord[]; noise: ScannedObject[] }>();
  const at = (day: string) => {
    const known = days.get(day) ?? { requests: [], others: [], noise: [] };
    days.set(day, known);
    return known;
  };
  const told = new Set<string>();
  for (const named of names.within(period)) {
    if (!isRequest(named)) continue;
    told.add(named.request);
    at(new Date(idTime(named.request)).toISOString().slice(0, 10)).requests.push(named);
  }
  const [first, last] = [period.from, period.to].map((edge) => edge.toISOString().slice(0, 10));
  for (const object of objects) {
    const hour = object.name.slice(recordPrefix.length).split("/")[0] ?? "";
    if (!isHour(hour)) continue;
    const day = `${hour.slice(0, 4)}-${hour.slice(4, 6)}-${hour.slice(6, 8)}`;
    if (day < (first ?? "") || day >= (last ?? "")) continue;
    const key = readKey(object.name);
    if (key === undefined) at(day).noise.push(object);
    else if (!told.has(key.request) && !isBefore(key, period)) at(day).others.push({ object, key });
  }
  return [...days].map(([day, parts]) => ({ day, ...parts })).sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** Of a request of another day, which has its rows there. */
function isBefore({ request }: RecordKey, { from }: Period): boolean {
  return request !== "-" && idTime(request) < from.getTime();
}

/** SHA-256 of all that names, versions, chains and the tree tell of a day: the same of the same files. */
export function inputsOf(
  { requests, others, noise }: Day,
  names: NameIndex,
  leaves: Pick<LeafIndex, "find">,
  more: readonly string[],
): string {
  const lines: string[] = [...more];
  const take = ({ name, oldest, later, deleteMarkers }: ScannedObject, chain: string) => {
    const versions = [oldest, ...later].map((version) => version?.versionId ?? "-");
    const index = oldest === undefined ? undefined : leaves.find(name, oldest.versionId)?.index;
    lines.push(JSON.stringify([name, versions, deleteMarkers, index ?? -1, chain]));
  };
  for (const { object, key } of [...requests.flatMap(({ records }) => records), ...others]) {
    take(object, names.chainFault(key) ?? "-");
  }
  for (const object of noise) take(object, "-");
  return hash("sha256", lines.join("\n"), "hex");
}
