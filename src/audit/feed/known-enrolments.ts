import { hash } from "node:crypto";
import { enrolmentIn, type FoundEnrolment } from "../enrolments.ts";
import { type RecordKey, readKey, recordPrefix } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { chainOf } from "../rules/chain.ts";
import { mapAtMost } from "../scan.ts";
import { hourOf, hourStart, isHour } from "../time.ts";

type Store = Pick<RecordStore, "list" | "listPrefixes" | "read">;
type WriterKey = Pick<RecordKey, "hour" | "userid" | "thumbprint">;

/** Which keys an hour may have enrolled. */
interface HourKeys {
  /** When it was listed, Unix seconds. */
  readonly at: number;
  /** 48 bits of each key's digest; `undefined` where there are so many that each is asked for. */
  readonly keys: Set<number> | undefined;
}

/** What a `KnownEnrolments` knows, as JSON. */
export interface KnownKeys {
  readonly hours: Readonly<Record<string, { readonly at: number; readonly keys: readonly number[] | null }>>;
}

export interface SearchOptions {
  /** The organization's fingerprint. */
  readonly log: string;
  readonly now: Date;
  /** Seconds: hours that are older have nothing new. */
  readonly lateness: number;
}

/** Younger hours are listed whenever a key is looked for in them; ms. */
const youngMs = 24 * 3_600_000;
/** So old a listing may be where a key is not found, seconds. */
const mostAge = 600;
const parallelLists = 16;
/** Keys of one hour, and of all: what anybody may make more of takes no more memory than that. */
const mostOfHour = 10_000;
const mostOfAll = 500_000;

/**
 * What hours hold about keys, between looks. A key's `enrol` record may lie in any hour of the log, and whoever may write can name
 * keys that were never enrolled. So of hours that are over it is known which keys they may have enrolled, and only those are asked;
 * what is found is always read anew. A key that is not found is looked for again in listings of the last minutes: a flood of strange keys
 * costs a listing of each hour now and then, and nobody's `enrol` record that comes late is missed for longer than that.
 */
export class KnownEnrolments {
  readonly #hours = new Map<string, HourKeys>();
  readonly #underWay = new Map<string, Promise<HourKeys>>();
  #size = 0;
  #isChanged = false;

  /** @param known of before */
  constructor(known: KnownKeys = { hours: {} }) {
    for (const [hour, { at, keys }] of Object.entries(known.hours))
      this.#put(hour, { at, keys: keys === null ? undefined : new Set(keys) });
    this.#isChanged = false;
  }

  /** All that it knows, where that is more than when it was asked before. */
  news(): KnownKeys | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    const hours: Record<string, KnownKeys["hours"][string]> = {};
    for (const [hour, { at, keys }] of this.#hours)
      hours[hour] = { at, keys: keys === undefined ? null : [...keys] };
    return { hours };
  }

  /**
   * Takes what somebody else has listed, where the hour is over.
   * @param listed all of the hour
   * @param at when that began, Unix seconds
   */
  learn(hour: string, listed: readonly Pick<ListedObject, "key">[], at: number): void {
    if (hour >= youngest(at)) return;
    const keys = new Set<number>();
    for (const { key: name } of listed) {
      if (!name.startsWith(folderOf(hour))) continue;
      const key = readKey(name);
      if (key?.type === "enrol") keys.add(digestOf(key));
    }
    this.#put(hour, { at, keys: this.#isRoomFor(keys) ? keys : undefined });
  }

  /** The nearest valid `enrol` record of a key, in its hour or before. @param near what lists young hours */
  async find(
    store: Store,
    near: Store,
    key: WriterKey,
    options: SearchOptions,
  ): Promise<FoundEnrolment | undefined> {
    const { log, now, lateness } = options;
    const own = await enrolmentIn(near, key, key.hour, log);
    if (own !== undefined) return own;
    const hours: string[] = [];
    for await (const prefix of near.listPrefixes(recordPrefix)) {
      const hour = prefix.slice(recordPrefix.length, -1);
      if (isHour(hour) && hour < key.hour) hours.push(hour);
    }
    hours.sort().reverse();
    const at = Math.floor(now.getTime() / 1000);
    const young = youngest(at);
    const digest = digestOf(key);
    /** Since when nothing that a feed has to see can have come, or not long ago. */
    const mustBeSince = (hour: string) => Math.min(at - mostAge, hourStart(hour) / 1000 + lateness);
    const search = async (some: readonly string[], since: (hour: string) => number) => {
      for (let i = 0; i < some.length; i += parallelLists) {
        const found = await mapAtMost(parallelLists, some.slice(i, i + parallelLists), async (hour) => {
          if (hour >= young) return await enrolmentIn(near, key, hour, log);
          const { keys } = await this.#listed(store, hour, at, since(hour));
          return keys?.has(digest) === false ? undefined : await enrolmentIn(store, key, hour, log);
        });
        const first = found.find((enrolment) => enrolment !== undefined);
        if (first !== undefined) return first;
      }
      return undefined;
    };
    const found = await search(hours, () => 0);
    if (found !== undefined) return found;
    const isOld = (hour: string) => hour < young && (this.#hours.get(hour)?.at ?? 0) < mustBeSince(hour);
    return await search(hours.filter(isOld), mustBeSince);
  }

  /** What is known of an hour since then, else what is listed now. */
  async #listed(store: Store, hour: string, at: number, since: number): Promise<HourKeys> {
    const known = this.#hours.get(hour);
    if (known !== undefined && known.at >= since) return known;
    const listing = this.#underWay.get(hour) ?? this.#list(store, hour, at);
    this.#underWay.set(hour, listing);
    try {
      return await listing;
    } finally {
      this.#underWay.delete(hour);
    }
  }

  async #list(store: Store, hour: string, at: number): Promise<HourKeys> {
    const listed: ListedObject[] = [];
    for await (const object of store.list(folderOf(hour))) {
      listed.push(object);
      if (listed.length > mostOfHour) break;
    }
    if (listed.length > mostOfHour) this.#put(hour, { at, keys: undefined });
    else this.learn(hour, listed, at);
    return this.#hours.get(hour) ?? { at, keys: undefined };
  }

  #isRoomFor(keys: ReadonlySet<number>): boolean {
    return keys.size <= mostOfHour && this.#size + keys.size <= mostOfAll;
  }

  #put(hour: string, known: HourKeys): void {
    this.#size += (known.keys?.size ?? 0) - (this.#hours.get(hour)?.keys?.size ?? 0);
    this.#hours.set(hour, known);
    this.#isChanged = true;
  }
}

/** The first hour that is not over. @param at Unix seconds */
function youngest(at: number): string {
  return hourOf(new Date(Math.max(0, at * 1000 - youngMs)).toISOString());
}

function folderOf(hour: string): string {
  return `${recordPrefix}${hour}/-/`;
}

function digestOf(key: Pick<RecordKey, "userid" | "thumbprint">): number {
  return Number.parseInt(hash("sha256", chainOf(key)).slice(0, 12), 16);
}
