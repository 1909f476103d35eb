import { isJitError } from "../../error.ts";
import { recordPrefix } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { mapAtMost, objectOf } from "../scan.ts";
import { hourOf, hoursBetween, isHour } from "../time.ts";
import type { Cursor, FeedState } from "./cursor.ts";
import type { FeedEvent } from "./event.ts";
import { KnownEnrolments, type KnownKeys } from "./known-enrolments.ts";
import type { FreshObject } from "./own-findings.ts";
import { type FeedPorts, FeedReader } from "./read.ts";

/** Where events go, and where it is remembered that they went. */
export interface FeedSink {
  /** When the promise resolves, the operating system has every line. */
  write(events: readonly FeedEvent[]): Promise<void>;
  /** Replaces what was remembered, whole; durable when the promise resolves. */
  save(state: FeedState): Promise<void>;
  /** Keeps what was learnt about keys, where the sink can: without it the next feed learns it again. */
  keep?(known: KnownKeys): void;
}

export interface FollowOptions {
  readonly now: () => Date;
  /** Until the next look; `false` where there is to be none. */
  readonly wait: () => Promise<boolean>;
  /** Whether a look is to end before it has told everything: the next goes on there. */
  readonly isStopped?: () => boolean;
  /** The store did not answer; the next look may. Left out: it is thrown. */
  readonly onTrouble?: (error: Error) => void;
  /** Seconds between two looks through all hours. */
  readonly fullEvery: number;
  /** What is known about keys from before. */
  readonly known?: KnownKeys | undefined;
  /** How old an hour may be that is looked through for what arrives late, seconds before the last such look. */
  readonly lateness: number;
}

const hourMs = 3_600_000;
/** Hours before this one that every look lists; and the next, for clocks that run ahead. */
const hoursBack = 2;
/** Events that are told before it is remembered that they were. */
const mostAtOnce = 500;
const parallelLists = 12;

/**
 * Tells every version of every object under the records' prefix at least once: it is remembered only when it was written.
 * A look lists the last hours; from time to time one looks through all, for what arrived late under an old name.
 * @param open the log and who may sign what, asked anew at each look through all hours
 */
export async function followFeed(
  open: () => Promise<FeedPorts>,
  cursor: Cursor,
  sink: FeedSink,
  options: FollowOptions,
): Promise<void> {
  const enrolments = new KnownEnrolments(options.known);
  const { now, lateness } = options;
  let reading: { readonly ports: FeedPorts; readonly reader: FeedReader } | undefined;
  do {
    try {
      const at = Math.floor(options.now().getTime() / 1000);
      const isFull = at >= cursor.fullAt + options.fullEvery;
      if (reading === undefined || isFull) {
        const ports = await open();
        reading = { ports, reader: new FeedReader(ports, { now, lateness, enrolments }) };
      }
      await new Look(reading.ports, reading.reader, enrolments, cursor, sink, options).run(at, isFull);
      const news = enrolments.news();
      if (news !== undefined) sink.keep?.(news);
    } catch (error) {
      if (!isJitError(error) || options.onTrouble === undefined) throw error;
      options.onTrouble(error);
    }
  } while (await options.wait());
}

class Look {
  readonly #store: Pick<RecordStore, "listVersions" | "listPrefixes">;
  readonly #reader: FeedReader;
  readonly #enrolments: KnownEnrolments;
  readonly #cursor: Cursor;
  readonly #sink: FeedSink;
  readonly #options: FollowOptions;

  constructor(
    { store }: FeedPorts,
    reader: FeedReader,
    enrolments: KnownEnrolments,
    cursor: Cursor,
    sink: FeedSink,
    options: FollowOptions,
  ) {
    this.#store = store;
    this.#reader = reader;
    this.#enrolments = enrolments;
    this.#cursor = cursor;
    this.#sink = sink;
    this.#options = options;
  }

  /** @param at when it begins, Unix seconds */
  async run(at: number, isFull: boolean): Promise<void> {
    const cursor = this.#cursor;
    const recent = [...hoursBetween(new Date(at * 1000 - hoursBack * hourMs), new Date(at * 1000 + hourMs))];
    const [first = ""] = recent;
    const hours = isFull ? await this.#allHours() : recent;
    const wanted = [...new Set([...hours, ...cursor.openHours])].filter((hour) => hour >= cursor.from).sort();
    let told = 0;
    for (let i = 0; i < wanted.length; i += parallelLists) {
      const some = wanted.slice(i, i + parallelLists);
      const listed = await mapAtMost(parallelLists, some, (hour) => this.#list(hour));
      for (const [index, hour] of some.entries()) {
        this.#enrolments.learn(hour, listed[index] ?? [], at);
        const count = await this.#tellHour(hour, listed[index] ?? []);
        if (count === undefined) return;
        told += count;
        if (!recent.includes(hour)) cursor.settle(hour, at);
      }
    }
    if (isFull) {
      cursor.lookedThrough(at);
      // Names of hours before the last such look's reach are listed no more.
      cursor.forgetBefore(this.#oldest(at));
    }
    if (told > 0 || isFull || cursor.openHours.some((hour) => hour < first))
      await this.#sink.save(cursor.state());
  }

  async #list(hour: string): Promise<readonly ListedObject[]> {
    const listed: ListedObject[] = [];
    for await (const version of this.#store.listVersions(`${recordPrefix}${hour}/`)) listed.push(version);
    return listed;
  }

  /** @returns how many objects were told of; `undefined` where it was stopped before the last */
  async #tellHour(hour: string, listed: readonly ListedObject[]): Promise<number | undefined> {
    const cursor = this.#cursor;
    const untold = cursor.untold(hour, listed);
    if (untold.length === 0) return 0;
    cursor.open(hour, listed, untold);
    const fresh = freshObjects(listed, new Set(untold));
    for (let i = 0; i < fresh.length; i += mostAtOnce) {
      if (this.#options.isStopped?.() === true) return undefined;
      const some = fresh.slice(i, i + mostAtOnce);
      const events = await this.#reader.events(some, this.#options.now());
      const unknown = events.filter(({ kind, id }) => kind === "record" || !cursor.knowsFinding(id));
      await this.#sink.write(unknown);
      // A crash before this has them told again.
      cursor.tell(
        hour,
        some.flatMap((one) => one.fresh),
      );
      cursor.tellFindings(unknown.flatMap(({ kind, id }) => (kind === "finding" ? [id] : [])));
      await this.#sink.save(cursor.state());
    }
    return fresh.length;
  }

  async #allHours(): Promise<readonly string[]> {
    const first = this.#oldest(this.#cursor.fullAt);
    const hours: string[] = [];
    for await (const prefix of this.#store.listPrefixes(recordPrefix)) {
      const hour = prefix.slice(recordPrefix.length, -1);
      // What breaks the grammar of names has no hour, and is for `audit verify`.
      if (isHour(hour) && hour >= first) hours.push(hour);
    }
    return hours;
  }

  #oldest(at: number): string {
    const ms = Math.max(0, (at - this.#options.lateness) * 1000);
    return hourOf(new Date(ms).toISOString());
  }
}

/** In the order in which S3 took them. */
function freshObjects(
  listed: readonly ListedObject[],
  untold: ReadonlySet<ListedObject>,
): readonly FreshObject[] {
  const names = new Map<string, ListedObject[]>();
  for (const version of listed) names.set(version.key, [...(names.get(version.key) ?? []), version]);
  const found = [...names].map(([name, versions]) => ({
    object: objectOf(name, versions),
    fresh: versions.filter((version) => untold.has(version)),
  }));
  const arrival = ({ fresh: [first] }: FreshObject) => first?.lastModified.getTime() ?? 0;
  return found.filter(({ fresh }) => fresh.length > 0).sort((a, b) => arrival(a) - arrival(b));
}
