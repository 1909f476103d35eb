import { idFloor } from "../id.ts";
import { type RecordKey, readKey, recordPrefix } from "../key.ts";
import type { RecordStore } from "../ports.ts";
import { chainOf } from "../rules/chain.ts";
import { mapAtMost, type ScannedObject, scanPages } from "../scan.ts";
import { hourOf, hoursBetween } from "../time.ts";
import type { Period } from "./moment.ts";

/** An object under a name that is a record's, with its versions; nothing of it is read yet. */
export interface NamedRecord {
  readonly object: ScannedObject;
  readonly key: RecordKey;
}

/** What names tell of one request: the word of whoever could write them. */
export interface NamedRequest {
  readonly request: string;
  /** In the order of their names. */
  readonly records: readonly NamedRecord[];
}

type Store = Pick<RecordStore, "listVersions" | "versionPages" | "listPrefixes">;

const parallelLists = 12;
const hour = 3_600_000;
/** So many hours are listed one by one; of a longer time it is asked first which hours the log has. */
const mostHours = 48;

/** Of each chain the numbers that names tell, and how often. */
export class ChainNumbers {
  readonly #chains = new Map<string, Map<number, number>>();
  /** Of the key before: neighbours in a listing are mostly of one writer. */
  #last: { readonly key: RecordKey; readonly numbers: Map<number, number> } | undefined;

  add(key: RecordKey): void {
    const last = this.#last;
    const isSame = last?.key.thumbprint === key.thumbprint && last.key.userid === key.userid;
    const chain = isSame ? "" : chainOf(key);
    const numbers = (isSame ? last?.numbers : this.#chains.get(chain)) ?? new Map<number, number>();
    if (numbers.size === 0) this.#chains.set(chain, numbers);
    if (!isSame) this.#last = { key, numbers };
    numbers.set(key.n, (numbers.get(key.n) ?? 0) + 1);
  }

  has(key: RecordKey): boolean {
    return this.#chains.get(chainOf(key))?.has(key.n) === true;
  }

  /**
   * Whether a record's number is used once and its predecessor was listed, where the chain has an earlier number here. The
   * first of a chain in this time has its predecessor before it, which is not looked for.
   */
  chainFault(key: RecordKey): "CHAIN_FORK" | "CHAIN_GAP" | undefined {
    const numbers = this.#chains.get(chainOf(key));
    if (numbers === undefined) return undefined;
    if ((numbers.get(key.n) ?? 0) > 1) return "CHAIN_FORK";
    if (numbers.has(key.n - 1)) return undefined;
    for (const n of numbers.keys()) if (n < key.n) return "CHAIN_GAP";
    return undefined;
  }
}

/** The names of a time, by request; and of each chain the numbers that they tell. */
export class NameIndex {
  readonly #requests = new Map<string, NamedRecord[]>();
  readonly #chains = new ChainNumbers();
  /** The first listing; its names are gathered when a second one comes. */
  #first: readonly ScannedObject[] | undefined;
  #seen: Set<string> | undefined;
  /** Of the name before: neighbours in a listing are of one request. */
  #last: { readonly key: RecordKey; readonly records: NamedRecord[] } | undefined;
  /** Objects whose names break the grammar, by the `aws:userid` of their prefix. */
  readonly noise = new Map<string, number>();

  /**
   * Takes what was listed; what was known before changes nothing.
   * @param objects each once
   * @returns the requests of which something is new, and whether a key was enrolled
   */
  add(objects: readonly ScannedObject[]): {
    readonly changed: ReadonlySet<string>;
    readonly enrolled: boolean;
  } {
    const changed = new Set<string>();
    let enrolled = false;
    if (this.#first !== undefined) this.#seen ??= new Set(this.#first.map(({ name }) => name));
    this.#first ??= objects;
    for (const object of objects) {
      const { name } = object;
      if (this.#seen?.has(name) === true) continue;
      this.#seen?.add(name);
      const key = readKey(name);
      if (key === undefined) {
        const writer = writerIn(name);
        this.noise.set(writer, (this.noise.get(writer) ?? 0) + 1);
        continue;
      }
      this.#chains.add(key);
      enrolled ||= key.type === "enrol";
      if (key.request === "-") continue;
      this.#recordsOf(key, changed).push({ object, key });
    }
    return { changed, enrolled };
  }

  /** All objects that were listed. */
  get objects(): number {
    return this.#seen?.size ?? this.#first?.length ?? 0;
  }

  /** Requests made in a time, by their ids, oldest first. */
  within({ from, to }: Period): NamedRequest[] {
    const [first, end] = [idFloor(from.getTime()), idFloor(to.getTime())];
    const found = [...this.#requests].filter(([request]) => request >= first && request < end);
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([request, records]) => ({ request, records }));
  }

  /** Requests made at another time, of which a session lies here. */
  issuedOutside({ from, to }: Period): readonly string[] {
    const [first, end] = [idFloor(from.getTime()), idFloor(to.getTime())];
    return [...this.#requests].flatMap(([request, records]) =>
      (request < first || request >= end) && records.some(({ key }) => key.type === "issue") ? [request] : [],
    );
  }

  of(request: string): NamedRequest {
    return { request, records: this.#requests.get(request) ?? [] };
  }

  chainFault(key: RecordKey): ReturnType<ChainNumbers["chainFault"]> {
    return this.#chains.chainFault(key);
  }

  #recordsOf(key: RecordKey, changed: Set<string>): NamedRecord[] {
    if (this.#last?.key.request === key.request && changed.size > 0) return this.#last.records;
    const records = this.#requests.get(key.request) ?? [];
    if (records.length === 0) this.#requests.set(key.request, records);
    this.#last = { key, records };
    changed.add(key.request);
    return records;
  }
}

function writerIn(name: string): string {
  return name.slice(recordPrefix.length).split("/")[2] ?? "-";
}

/** Lists the hours of a time, all versions of each name, some at once. @param tell is told how far it is */
export async function listNames(
  store: Store,
  period: Period,
  tell?: (hours: number, of: number) => void,
): Promise<readonly ScannedObject[]> {
  return await listHours(store, await hoursIn(store, period), tell);
}

export async function listHours(
  store: Pick<Store, "listVersions" | "versionPages">,
  hours: readonly string[],
  tell: (hours: number, of: number) => void = () => undefined,
): Promise<readonly ScannedObject[]> {
  let done = 0;
  const found = await mapAtMost(parallelLists, hours, async (at) => {
    const objects: ScannedObject[] = [];
    for await (const page of scanPages(store, `${recordPrefix}${at}/`)) objects.push(...page);
    done += 1;
    tell(done, hours.length);
    return objects;
  });
  return found.flat();
}

/** The hours of a time that can hold anything: of a long one those that the log has, one LIST for a month. */
export async function hoursIn(
  store: Pick<Store, "listPrefixes">,
  { from, to }: Period,
): Promise<readonly string[]> {
  const last = new Date(to.getTime() - 1);
  if (to.getTime() - from.getTime() <= mostHours * hour) return [...hoursBetween(from, last)];
  const [first, end] = [from, last].map((at) => hourOf(at.toISOString()));
  const found: string[] = [];
  for (const month of monthsBetween(from, last)) {
    for await (const prefix of store.listPrefixes(`${recordPrefix}${month}`)) {
      const at = prefix.slice(recordPrefix.length, -1);
      if (at >= (first ?? "") && at <= (end ?? "")) found.push(at);
    }
  }
  return found;
}

function monthsBetween(from: Date, last: Date): string[] {
  const months: string[] = [];
  const at = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth()));
  for (; at <= last; at.setUTCMonth(at.getUTCMonth() + 1))
    months.push(at.toISOString().slice(0, 7).replace("-", ""));
  return months;
}
