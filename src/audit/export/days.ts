import { hash } from "node:crypto";
import { idTime } from "../id.ts";
import { readKey } from "../key.ts";
import type { Period } from "../log/moment.ts";
import { ChainNumbers, hoursIn, listHours, type NamedRecord, type NamedRequest } from "../log/names.ts";
import { isRequest } from "../log/read.ts";
import type { RecordStore } from "../ports.ts";
import type { ScannedObject } from "../scan.ts";
import { hourStart, isHour } from "../time.ts";
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

type Store = Pick<RecordStore, "listVersions" | "versionPages" | "listPrefixes">;

const dayMs = 86_400_000;
/** So long after a request a record can still be of it: no review waits for longer. */
const latest = 400 * dayMs;

/**
 * The days of a period. A request has all its records on the day that its id tells, everything else lies on the day of its
 * name's hour. All names are listed once, and of them only this is kept: the numbers of chains, and what lies in the hours of another
 * day than it belongs to. So a log of a million records is held a day at a time.
 */
export class Days {
  readonly #store: Store;
  readonly #hours = new Map<string, string[]>();
  /** Objects of another day's hours. */
  readonly #late = new Map<string, ScannedObject[]>();
  readonly #names: readonly string[];
  readonly chains: ChainNumbers;

  private constructor(
    store: Store,
    hours: ReadonlyMap<string, string[]>,
    late: ReadonlyMap<string, ScannedObject[]>,
    names: readonly string[],
    chains: ChainNumbers,
  ) {
    this.#store = store;
    this.#hours = new Map(hours);
    this.#late = new Map(late);
    this.#names = names;
    this.chains = chains;
  }

  /** Those that have anything, oldest first. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** @param until to when records of the period's requests are looked for @param tell is told how far it is */
  static async survey(
    store: Store,
    period: Period,
    until: Date,
    tell: (day: string) => void = () => undefined,
  ): Promise<Days> {
    const hours = new Map<string, string[]>();
    for (const hour of await hoursIn(store, { from: period.from, to: until })) {
      if (!isHour(hour)) continue;
      const day = dayAt(hourStart(hour));
      const known = hours.get(day);
      if (known === undefined) hours.set(day, [hour]);
      else known.push(hour);
    }
    const [first, end] = [dayAt(period.from.getTime()), dayAt(period.to.getTime())];
    const late = new Map<string, ScannedObject[]>();
    const chains = new ChainNumbers();
    const found = new Set<string>();
    for (const [day, own] of hours) {
      tell(day);
      for (const object of await listHours(store, own)) {
        const key = readKey(object.name);
        if (key !== undefined) chains.add(key);
        const owner = ownerOf(object, day);
        if (owner < first || owner >= end) continue;
        found.add(owner);
        if (owner === day) continue;
        const known = late.get(owner);
        if (known === undefined) late.set(owner, [object]);
        else known.push(object);
      }
    }
    return new Days(store, hours, late, [...found].sort(), chains);
  }

  async read(day: string): Promise<Day> {
    const listed = await listHours(this.#store, this.#hours.get(day) ?? []);
    const objects = listed.filter((object) => ownerOf(object, day) === day);
    objects.push(...(this.#late.get(day) ?? []));
    const byRequest = new Map<string, NamedRecord[]>();
    const others: NamedRecord[] = [];
    const noise: ScannedObject[] = [];
    for (const object of objects) {
      const key = readKey(object.name);
      if (key === undefined) noise.push(object);
      // It came after all names were listed: the next run has it.
      else if (!this.chains.has(key)) continue;
      else if (key.request === "-") others.push({ object, key });
      else {
        const known = byRequest.get(key.request);
        if (known === undefined) byRequest.set(key.request, [{ object, key }]);
        else known.push({ object, key });
      }
    }
    const requests: NamedRequest[] = [];
    for (const [request, records] of byRequest) {
      const named = { request, records };
      if (isRequest(named) && dayAt(idTime(request)) === day) requests.push(named);
      else others.push(...records);
    }
    return {
      day,
      requests: requests.sort((a, b) => (a.request < b.request ? -1 : 1)),
      others: others.sort((a, b) => (a.object.name < b.object.name ? -1 : 1)),
      noise,
    };
  }
}

/** The day on which an object of a day's hours has its row. */
function ownerOf({ name }: ScannedObject, day: string): string {
  const key = readKey(name);
  if (key === undefined || key.request === "-") return day;
  const at = idTime(key.request);
  const start = Date.parse(`${day}T00:00:00Z`);
  // An id of another time is a stranger's word.
  return at >= start - latest && at < start + 2 * dayMs ? dayAt(at) : day;
}

function dayAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** SHA-256 of all that names, versions, chains and the tree tell of a day: the same of the same files. */
export function inputsOf(
  { requests, others, noise }: Day,
  chains: ChainNumbers,
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
    take(object, chains.chainFault(key) ?? "-");
  }
  for (const object of noise) take(object, "-");
  return hash("sha256", lines.join("\n"), "hex");
}
