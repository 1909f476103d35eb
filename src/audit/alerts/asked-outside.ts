import { idTime } from "../id.ts";
import { recordPrefix } from "../key.ts";
import type { Period } from "../log/moment.ts";
import type { NamedRequest, NameIndex } from "../log/names.ts";
import type { RecordStore } from "../ports.ts";
import { mapAtMost, type ScannedObject, scanObjects } from "../scan.ts";
import { hoursBetween } from "../time.ts";

const parallelLists = 12;
const hourMs = 3_600_000;
/** Hours from a request to what follows, unless it was made for a window. */
const most = 8 * 24;

/**
 * Requests that are dated before or after a period and of which a session was listed all the same: the day of a request is the
 * word of whoever signs it. The hours from theirs to the period are listed, too, so far as an answer may lie there.
 * @param names what was listed; takes what is found besides
 */
export async function askedOutside(
  store: Pick<RecordStore, "listVersions" | "versionPages">,
  names: NameIndex,
  period: Period,
): Promise<readonly NamedRequest[]> {
  const requests = names.issuedOutside(period);
  const found = await mapAtMost(parallelLists, requests, async (request) => {
    const made = idTime(request);
    const last = Math.max(made, Math.min(period.from.getTime() - 1, made + most * hourMs));
    const objects: ScannedObject[] = [];
    for (const hour of hoursBetween(new Date(made), new Date(last)))
      for await (const object of scanObjects(store, `${recordPrefix}${hour}/${request}/`))
        objects.push(object);
    return objects;
  });
  names.add(found.flat());
  return requests.map((request) => names.of(request));
}
