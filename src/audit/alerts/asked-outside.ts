import { idTime } from "../id.ts";
import { recordPrefix } from "../key.ts";
import type { Period } from "../log/moment.ts";
import type { NamedRequest, NameIndex } from "../log/names.ts";
import type { RecordStore } from "../ports.ts";
import { mapAtMost, type ScannedObject, scanObjects } from "../scan.ts";
import { hourOf } from "../time.ts";

const parallelLists = 12;

/**
 * Requests that are dated before or after a period and of which a session was listed all the same: the day of a request is the
 * word of whoever signs it. Their own hours are listed, too.
 * @param names what was listed; takes what is found besides
 */
export async function askedOutside(
  store: Pick<RecordStore, "listVersions" | "versionPages">,
  names: NameIndex,
  period: Period,
): Promise<readonly NamedRequest[]> {
  const requests = names.issuedOutside(period);
  const found = await mapAtMost(parallelLists, requests, async (request) => {
    const hour = hourOf(new Date(idTime(request)).toISOString());
    const objects: ScannedObject[] = [];
    for await (const object of scanObjects(store, `${recordPrefix}${hour}/${request}/`)) objects.push(object);
    return objects;
  });
  names.add(found.flat());
  return requests.map((request) => names.of(request));
}
