import { hash } from "node:crypto";
import type { ListedObject } from "../ports.ts";
import { isHour } from "../time.ts";
import { nameOf } from "../tree/sealed-versions.ts";

/**
 * What a feed has told. Names sort by hour and writer, not by arrival, so the last name says nothing: of each hour it is
 * known which versions were told. Hours that can still grow every minute are remembered version by version, all others by a
 * sum over the versions and by when they were listed last.
 */
export interface FeedState {
  readonly v: 1;
  /** The organization's fingerprint. */
  readonly log: string;
  /** The first hour that is looked at. */
  readonly from: string;
  /** When the last look through all hours began, Unix seconds; 0: there was none. */
  readonly fullAt: number;
  readonly hours: Readonly<Record<string, HourState>>;
  /** Ids of the findings that were told last, oldest first. */
  readonly findings: readonly string[];
}

export type HourState = { readonly told: readonly string[] } | SummedHour;

interface SummedHour {
  readonly sum: string;
  /** Unix seconds: what arrived well before was listed then. */
  readonly at: number;
}

type Version = Pick<ListedObject, "key" | "versionId">;

/** Seconds between what S3 calls an object's arrival and the first LIST that must have it, with much to spare. */
const arrivalMargin = 900;
/** So many findings are remembered; what is told again beyond has the same id. */
const mostFindings = 20_000;

export class Cursor {
  readonly log: string;
  readonly from: string;
  #fullAt: number;
  readonly #told = new Map<string, Set<string>>();
  readonly #summed = new Map<string, SummedHour>();
  readonly #findings: Set<string>;

  constructor({ log, from, fullAt, hours, findings }: FeedState) {
    this.log = log;
    this.from = from;
    this.#fullAt = fullAt;
    this.#findings = new Set(findings);
    for (const [hour, state] of Object.entries(hours)) {
      if ("told" in state) this.#told.set(hour, new Set(state.told));
      else this.#summed.set(hour, state);
    }
  }

  /** One that has told nothing. @param from hour */
  static begin(log: string, from: string): Cursor {
    return new Cursor({ v: 1, log, from, fullAt: 0, hours: {}, findings: [] });
  }

  get fullAt(): number {
    return this.#fullAt;
  }

  /** All hours were looked through by a look that began then. */
  lookedThrough(at: number): void {
    this.#fullAt = at;
  }

  /**
   * Which of an hour's versions are not told yet. Where a sum does not fit what is there, and arrivals do not explain it,
   * that is the whole hour: rather twice than never.
   * @param listed all of the hour
   */
  untold<V extends Version & Pick<ListedObject, "lastModified">>(
    hour: string,
    listed: readonly V[],
  ): readonly V[] {
    const told = this.#told.get(hour);
    if (told !== undefined) return listed.filter((version) => !told.has(shortOf(version)));
    const summed = this.#summed.get(hour);
    if (summed === undefined) return listed;
    if (sumOf(listed.map(shortOf)) === summed.sum) return [];
    const since = (summed.at - arrivalMargin) * 1000;
    const isOld = ({ lastModified }: V) => lastModified.getTime() < since;
    // The margin may hold versions that were told: then they are told again.
    return sumOf(listed.filter(isOld).map(shortOf)) === summed.sum
      ? listed.filter((version) => !isOld(version))
      : listed;
  }

  /** Begins to tell an hour's versions: those listed and not among the untold were told before. */
  open(hour: string, listed: readonly Version[], untold: readonly Version[]): void {
    const wanted = new Set(untold.map(shortOf));
    this.#summed.delete(hour);
    const told = listed.map(shortOf).filter((name) => !wanted.has(name));
    this.#told.set(hour, new Set([...(this.#told.get(hour) ?? []), ...told]));
  }

  tell(hour: string, versions: readonly Version[]): void {
    const told = this.#told.get(hour) ?? new Set();
    this.#told.set(hour, told);
    for (const version of versions) told.add(shortOf(version));
  }

  /** An hour all of which was told, and that is listed seldom from now on. @param at when it was listed, Unix seconds */
  settle(hour: string, at: number): void {
    const told = this.#told.get(hour);
    const before = this.#summed.get(hour);
    if (told !== undefined) this.#summed.set(hour, { sum: sumOf([...told]), at });
    else if (before !== undefined) this.#summed.set(hour, { ...before, at });
    this.#told.delete(hour);
  }

  /** Hours that are remembered version by version. */
  get openHours(): readonly string[] {
    return [...this.#told.keys()].sort();
  }

  /** Forgets hours before one: they are not looked at any more. */
  forgetBefore(hour: string): void {
    for (const hours of [this.#told, this.#summed])
      for (const known of hours.keys()) if (known < hour) hours.delete(known);
  }

  knowsFinding(id: string): boolean {
    return this.#findings.has(id);
  }

  tellFindings(ids: readonly string[]): void {
    for (const id of ids) this.#findings.add(id);
    for (const id of this.#findings) {
      if (this.#findings.size <= mostFindings) break;
      this.#findings.delete(id);
    }
  }

  state(): FeedState {
    const hours: Record<string, HourState> = {};
    for (const [hour, told] of this.#told) hours[hour] = { told: [...told] };
    for (const [hour, summed] of this.#summed) hours[hour] = summed;
    const { log, from } = this;
    return { v: 1, log, from, fullAt: this.#fullAt, hours, findings: [...this.#findings] };
  }
}

/** A state in its form, or `undefined`. @param value parsed JSON */
export function readFeedState(value: unknown): FeedState | undefined {
  if (!isObject(value)) return undefined;
  const { v, log, from, fullAt, hours, findings } = value;
  if (v !== 1 || typeof log !== "string" || typeof from !== "string" || !isHour(from)) return undefined;
  if (!isSeconds(fullAt) || !isObject(hours) || !isTexts(findings)) return undefined;
  const read: Record<string, HourState> = {};
  for (const [hour, state] of Object.entries(hours)) {
    if (!isHour(hour) || !isObject(state)) return undefined;
    const { told, sum, at } = state;
    if (isTexts(told)) read[hour] = { told };
    else if (typeof sum === "string" && isSeconds(at)) read[hour] = { sum, at };
    else return undefined;
  }
  return { v, log, from, fullAt, hours: read, findings };
}

function shortOf({ key, versionId }: Version): string {
  return nameOf(key, versionId);
}

function sumOf(names: readonly string[]): string {
  return hash("sha256", [...names].sort().join("\n"), "base64url").slice(0, 22);
}

function isObject(value: unknown): value is Readonly<Partial<Record<string, unknown>>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
