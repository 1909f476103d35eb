import { shortName } from "../../access/short-name.ts";
import { type Act, isVerified, type LogEntry } from "../log/entry.ts";
import type { Period } from "../log/moment.ts";
import { type Outcome, outcomes } from "../log/outcome.ts";
import type { Grade } from "../statement.ts";
import { secondsOf } from "../time.ts";
import { clockOf, isOpen, type OfficeHours } from "./clock.ts";
import { type Count, count, grantedSeconds, perDay } from "./counts.ts";
import { median } from "./median.ts";
import { type Requester, requestersOf } from "./persons.ts";

/** One request in a list. Texts are not escaped. */
export interface Item {
  readonly request: string;
  readonly at: Date;
  readonly who: string;
  /** Of the key that the request was made with; `undefined` where it cannot be believed. */
  readonly grade: Grade | undefined;
  readonly targets: string;
}

/** Who did something about a request: a name, and the grade of its key. */
export interface Actor {
  readonly by: string;
  readonly byGrade: Grade | undefined;
}

export interface Figures {
  readonly period: Period;
  /** Requests with a request record that can be believed: what is counted below. */
  readonly requests: number;
  readonly granted: number;
  readonly byOutcome: Readonly<Record<Outcome, number>>;
  readonly unverified: readonly (Item & { readonly problems: readonly string[] })[];
  /** Requests by keys of which AWS did not sign whose they are, and how many requesters made them. */
  readonly pathOnly: { readonly requests: number; readonly requesters: readonly string[] };
  /** Requests that call circumstances attested without a proof. */
  readonly unproven: number;
  /** Requests whose catalog was not to be had: their stores' classification and categories are not known. */
  readonly withoutCatalog: number;
  /** Objects under the records' prefix that are none, by writer. */
  readonly noise: ReadonlyMap<string, number>;
  readonly byPerson: readonly (Count & { readonly attested: boolean })[];
  readonly byStore: readonly Count[];
  readonly byPurpose: readonly Count[];
  readonly byClassification: readonly Count[];
  readonly byCategory: readonly Count[];
  /** For each UTC day of the period that has any. */
  readonly perDay: readonly { readonly day: string; readonly granted: number; readonly others: number }[];
  /** Requests by weekday (from Monday) and hour of the office's clock. */
  readonly byHour: readonly (readonly number[])[];
  readonly answers: {
    /** Of approvals that a session rests on, and of denials: seconds after the request. */
    readonly approvals: number;
    readonly denials: number;
    readonly median: number | undefined;
    readonly longest: { readonly seconds: number; readonly request: string } | undefined;
    readonly each: readonly (Item &
      Actor & {
        readonly verdict: "approval" | "denial";
        readonly seconds: number;
      })[];
  };
  readonly breakGlass: readonly (Item & {
    readonly outcome: string;
    readonly review: (Actor & { readonly verdict: string; readonly seconds: number }) | undefined;
  })[];
  readonly revoked: readonly (Item &
    Actor & {
      readonly when: string;
      readonly reason: string;
    })[];
  /** Sessions that are over, without an end record. */
  readonly unended: readonly Item[];
  readonly lengths: {
    readonly asked: number | undefined;
    readonly granted: number | undefined;
    /** From a session to its last end record, of those that have one. */
    readonly used: number | undefined;
    readonly ended: number;
    /** Shares of the granted time after which the last end came, in tenths. */
    readonly tenths: readonly number[];
  };
  readonly office: OfficeHours;
  readonly outside: readonly (Item & { readonly local: string })[];
}

export interface FigureOptions {
  readonly period: Period;
  readonly office: OfficeHours;
  readonly noise: ReadonlyMap<string, number>;
  /** Sessions that have not ended yet are not missed. */
  readonly now: Date;
}

/** What the requests of a period come to. Pure: the same entries give the same figures. */
export function figuresOf(all: readonly LogEntry[], { period, office, noise, now }: FigureOptions): Figures {
  const requesters = requestersOf(all);
  const whose = new Map(all.map((entry, index) => [entry, requesters[index] as Requester]));
  const itemOf = (entry: LogEntry): Item => ({
    request: entry.request,
    at: entry.at,
    who: whose.get(entry)?.name ?? "-",
    grade: entry.grade,
    targets: entry.asked?.targets.join(" ") ?? "?",
  });
  const entries = all.filter(({ asked }) => asked !== undefined);
  const granted = entries.filter(({ sessions }) => sessions.length > 0);
  const unattested = entries.filter(({ grade }) => grade !== "attested");
  const local = clockOf(office.timeZone);
  const byHour = Array.from({ length: 7 }, () => new Array<number>(24).fill(0));
  for (const { at } of entries) {
    const { weekday, hour } = local(at);
    const row = byHour[weekday];
    if (row !== undefined) row[hour] = (row[hour] ?? 0) + 1;
  }
  const attested = new Map<string, boolean>();
  for (const one of whose.values()) attested.set(one.name, one.attested);
  return {
    period,
    requests: entries.length,
    granted: granted.length,
    byOutcome: Object.fromEntries(
      outcomes.map((outcome) => [outcome, entries.filter((entry) => entry.outcome === outcome).length]),
    ) as Record<Outcome, number>,
    unverified: all
      .filter((entry) => !isVerified(entry))
      .map((entry) => ({ ...itemOf(entry), problems: entry.problems })),
    pathOnly: {
      requests: unattested.length,
      requesters: [...new Set(unattested.map((entry) => itemOf(entry).who))].sort(),
    },
    unproven: entries.filter(({ notices }) => notices.includes("ATTESTED_UNPROVEN")).length,
    withoutCatalog: entries.filter(({ asked }) => asked?.stores.length === 0).length,
    noise,
    byPerson: count(entries, (entry) => [itemOf(entry).who]).map((one) => ({
      ...one,
      attested: attested.get(one.name) ?? false,
    })),
    byStore: count(entries, ({ asked }) =>
      (asked?.targets ?? []).map((target) => target.split(":")[0] ?? ""),
    ),
    byPurpose: count(entries, ({ asked }) => [asked?.purpose ?? ""]),
    byClassification: count(entries, ({ asked }) =>
      (asked?.stores ?? []).map((store) => store.classification),
    ),
    byCategory: count(entries, ({ asked }) => (asked?.stores ?? []).flatMap((store) => store.dataCategories)),
    perDay: perDay(entries),
    byHour,
    answers: answersOf(entries, itemOf),
    breakGlass: entries
      .filter(({ asked }) => asked?.breakGlass === true)
      .map((entry) => ({ ...itemOf(entry), outcome: entry.outcome ?? "?", review: reviewOf(entry) })),
    revoked: entries.flatMap((entry) => {
      const [first] = entry.revocations;
      if (first === undefined || entry.sessions.length === 0) return [];
      return [{ ...itemOf(entry), ...actorOf(first), when: first.at, reason: first.reason }];
    }),
    unended: granted
      .filter(
        ({ ends, sessions }) => ends.length === 0 && sessions.every(({ notAfter }) => isOver(notAfter, now)),
      )
      .map(itemOf),
    lengths: lengthsOf(entries, granted),
    office,
    outside: entries.flatMap((entry) => {
      const at = local(entry.at);
      return isOpen(office, at) ? [] : [{ ...itemOf(entry), local: at.text }];
    }),
  };
}

function answersOf(entries: readonly LogEntry[], itemOf: (entry: LogEntry) => Item): Figures["answers"] {
  const each = entries.flatMap((entry) =>
    entry.answers
      .filter(({ counts }) => counts)
      .map((answer) => ({
        ...itemOf(entry),
        ...actorOf(answer),
        verdict: answer.verdict,
        seconds: Math.max(0, secondsOf(answer.at) - Math.floor(entry.at.getTime() / 1000)),
      })),
  );
  const longest = each.reduce<(typeof each)[number] | undefined>(
    (most, one) => (most === undefined || one.seconds > most.seconds ? one : most),
    undefined,
  );
  return {
    approvals: each.filter(({ verdict }) => verdict === "approval").length,
    denials: each.filter(({ verdict }) => verdict === "denial").length,
    median: median(each.map(({ seconds }) => seconds)),
    longest: longest === undefined ? undefined : { seconds: longest.seconds, request: longest.request },
    each,
  };
}

function reviewOf({ reviews, at }: LogEntry): Figures["breakGlass"][number]["review"] {
  const [first] = reviews;
  if (first === undefined) return undefined;
  const seconds = Math.max(0, secondsOf(first.at) - Math.floor(at.getTime() / 1000));
  return { verdict: first.verdict, ...actorOf(first), seconds };
}

function actorOf({ by, grade }: Act): Actor {
  return { by: shortName(by.arn), byGrade: grade };
}

function lengthsOf(entries: readonly LogEntry[], granted: readonly LogEntry[]): Figures["lengths"] {
  const tenths = new Array<number>(10).fill(0);
  const used = granted.flatMap((entry) => {
    const [first] = entry.sessions;
    const last = entry.ends.at(-1);
    if (first === undefined || last === undefined) return [];
    const seconds = Math.max(0, secondsOf(last.at) - secondsOf(first.at));
    const whole = grantedSeconds(entry);
    const tenth = whole === 0 ? 9 : Math.min(9, Math.floor((seconds / whole) * 10));
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    return [seconds];
  });
  return {
    asked: median(entries.flatMap(({ asked }) => asked?.duration ?? [])),
    granted: median(granted.map(grantedSeconds)),
    used: median(used),
    ended: used.length,
    tenths,
  };
}

function isOver(notAfter: string, now: Date): boolean {
  return secondsOf(notAfter) * 1000 <= now.getTime();
}
