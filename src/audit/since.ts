import { extendsOf } from "./extends.ts";
import { type RecordKey, readKey, recordPrefix } from "./key.ts";
import type { RecordStore } from "./ports.ts";
import { readObject } from "./read-object.ts";
import { chainOf } from "./rules/chain.ts";
import { mapAtMost, type ScannedObject, scanObjects } from "./scan.ts";
import type { SealedLog } from "./tree/sealed-log.ts";

/** What has to be read where a part of the log was verified before. */
export interface NewPart {
  /** In order of their names: what is new, what lies under the same requests, and what their keys' chains need. */
  readonly objects: readonly ScannedObject[];
  /** The requests that are read whole; of others there is at most what a chain needs. */
  readonly requests: ReadonlySet<string>;
  /** Names of the objects that are new. */
  readonly fresh: ReadonlySet<string>;
}

const parallelReads = 32;

/**
 * Picks by names: everything that is new; all of the requests that something new belongs to, or that a new request says to extend;
 * of each chain among these the enrolment, and the record before the first new one, whose hash that one names.
 * @param pass is told the places in those chains whose records were verified before, and are not read
 */
export async function newPart(
  store: Pick<RecordStore, "listVersions" | "listArrived" | "readVersion">,
  sealed: SealedLog,
  pass: (key: RecordKey) => void,
): Promise<NewPart> {
  const fresh = new Set<string>();
  const requests = new Set<string>();
  /** The lowest new number of each chain. */
  const chains = new Map<string, number>();
  const asked: ScannedObject[] = [];
  let old = 0;
  const onLeftOut = (versions: number) => {
    old += versions;
  };
  for await (const object of perhapsNew(store, sealed, onLeftOut)) {
    const { versions, verified } = await versionsOf(object, sealed);
    old += verified;
    if (verified === versions && versions > 0 && object.deleteMarkers === 0) continue;
    fresh.add(object.name);
    const key = readKey(object.name);
    if (key === undefined) continue;
    if (key.request !== "-") requests.add(key.request);
    if (key.type === "request") asked.push(object);
    chains.set(chainOf(key), Math.min(key.n, chains.get(chainOf(key)) ?? key.n));
  }
  sealed.countOld(old);
  if (fresh.size === 0) return { objects: [], requests, fresh };
  for (const extended of await mapAtMost(parallelReads, asked, (object) => extendedBy(store, object)))
    if (extended !== undefined) requests.add(extended);
  for await (const { name } of scanObjects(store, recordPrefix)) {
    const key = readKey(name);
    if (key === undefined || !requests.has(key.request)) continue;
    if (!chains.has(chainOf(key))) chains.set(chainOf(key), Number.POSITIVE_INFINITY);
  }
  const objects: ScannedObject[] = [];
  for await (const object of scanObjects(store, recordPrefix)) {
    const key = readKey(object.name);
    const lowest = key === undefined ? undefined : chains.get(chainOf(key));
    if (fresh.has(object.name)) objects.push(object);
    else if (key !== undefined && lowest !== undefined) {
      const isNeeded = requests.has(key.request) || key.n === 0 || key.n === lowest - 1;
      if (isNeeded) objects.push(object);
      else pass(key);
    }
  }
  return { objects, requests, fresh };
}

/** The request that one says to extend, whether it counts or not. */
async function extendedBy(
  store: Pick<RecordStore, "readVersion">,
  object: ScannedObject,
): Promise<string | undefined> {
  const { opened } = await readObject(store, { ...object, later: [] });
  return opened?.record.type === "request" ? extendsOf(opened.record) : undefined;
}

/** What arrived before the last batch that was verified is new only if it was sealed since. */
function perhapsNew(
  store: Pick<RecordStore, "listVersions" | "listArrived">,
  sealed: SealedLog,
  onLeftOut: (versions: number) => void,
): AsyncIterable<ScannedObject> {
  const from = sealed.nothingNewBefore;
  const { listArrived } = store;
  if (from === undefined || listArrived === undefined) return scanObjects(store, recordPrefix);
  return scanObjects({ listVersions: (prefix) => listArrived(prefix, from, onLeftOut) }, recordPrefix);
}

async function versionsOf({ oldest, later }: ScannedObject, sealed: SealedLog) {
  const versions = oldest === undefined ? later : [oldest, ...later];
  let verified = 0;
  for (const version of versions) if (await sealed.wasVerified(version)) verified++;
  return { versions: versions.length, verified };
}
