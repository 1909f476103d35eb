import { formatTime, hourOf, hourStart, isHour, isTime } from "../../audit/time.ts";

/**
 * The deny policy of one revoker as values. When each denial may go stands in the policy itself, in its statements' Sids,
 * so that a sweep needs neither records nor clocks of others.
 */
export interface Denials {
  readonly sessions: readonly SessionDenial[];
  readonly people: readonly PersonDenial[];
}

export interface SessionDenial {
  /** The last 13 characters of the session's name: 65 bits, random but for who made the request. */
  readonly ending: string;
  /** Full hour after which the session's credentials have lapsed anyhow. */
  readonly until: Date;
}

export interface PersonDenial {
  /** As a source identity, or as the tag `jit:requester`. */
  readonly name: string;
  /** AWS itself lets the denial end then; whole seconds. */
  readonly until: Date;
}

export const nothingDenied: Denials = { sessions: [], people: [] };

const endingGrammar = /^[0-9A-HJKMNP-TV-Z]{13}$/;
/** SourceIdentity of the STS API; none of it means anything in a policy. */
const nameGrammar = /^[A-Za-z0-9_+=,.@-]{2,64}$/;
const hour = 3_600_000;

/** Whether a text can be a source identity, and so be denied. */
export function isPersonName(text: string): boolean {
  return nameGrammar.test(text);
}

/**
 * @param sessionName `jit-<request id>`
 * @param lapses when the credentials lapse
 */
export function denialOf(sessionName: string, lapses: Date): SessionDenial {
  return { ending: sessionName.slice(-13), until: new Date(Math.ceil(lapses.getTime() / hour) * hour) };
}

/** Everything that one or the other denies, each to the later time. */
export function mergeDenials(a: Denials, b: Denials): Denials {
  return {
    sessions: latest([...a.sessions, ...b.sessions], ({ ending }) => ending),
    people: latest([...a.people, ...b.people], ({ name }) => name),
  };
}

function latest<T extends { readonly until: Date }>(all: readonly T[], nameOf: (one: T) => string): T[] {
  const kept = new Map<string, T>();
  for (const one of all) {
    const before = kept.get(nameOf(one));
    if (before === undefined || before.until < one.until) kept.set(nameOf(one), one);
  }
  return [...kept.values()];
}

/** What still denies something at `now`. */
export function pruneDenials({ sessions, people }: Denials, now: Date): Denials {
  const lasts = ({ until }: { readonly until: Date }) => until > now;
  return { sessions: sessions.filter(lasts), people: people.filter(lasts) };
}

/** Without the denial of one person. */
export function liftPerson({ sessions, people }: Denials, name: string): Denials {
  return { sessions, people: people.filter((one) => one.name !== name) };
}

export function isEmpty({ sessions, people }: Denials): boolean {
  return sessions.length === 0 && people.length === 0;
}

/** Whether `whole` denies all of `part`, for as long. */
export function covers(whole: Denials, part: Denials): boolean {
  return printDenials(mergeDenials(whole, part)) === printDenials(whole);
}

/**
 * The policy, without white space: the same denials give the same text. A person is denied by the source identity, and by
 * jit's own tag where the source identity was set before and is another.
 */
export function printDenials({ sessions, people }: Denials): string {
  const hours = grouped(sessions, ({ until }) => hourOf(until.toISOString()));
  const times = grouped(people, ({ until }) => formatTime(until));
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      ...hours.map(([end, group]) =>
        deny(`Until${end}`, { StringLike: { "aws:userid": group.map(({ ending }) => `*${ending}`).sort() } }),
      ),
      ...times.flatMap(([end, group]) => {
        const names = group.map(({ name }) => name).sort();
        const DateLessThan = { "aws:CurrentTime": end };
        const stamp = end.replaceAll(/[-:]/g, "");
        return [
          deny(`Person${stamp}`, { StringEquals: { "aws:SourceIdentity": names }, DateLessThan }),
          deny(`Tagged${stamp}`, { StringEquals: { "aws:PrincipalTag/jit:requester": names }, DateLessThan }),
        ];
      }),
    ],
  });
}

function deny(Sid: string, Condition: object): object {
  return { Sid, Effect: "Deny", Action: "*", Resource: "*", Condition };
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Reads what `printDenials` wrote.
 * @returns `undefined` for any other policy: what somebody wrote by hand is not for a program to rewrite
 */
export function parseDenials(text: string): Denials | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const sessions: SessionDenial[] = [];
  const people: PersonDenial[] = [];
  for (const statement of statementsOf(value)) {
    const end = String(statement["Sid"]).replace(/^(?:Until|Person)/, "");
    const values = valuesIn(statement);
    if (isHour(end)) {
      const until = new Date(hourStart(end));
      sessions.push(...values.map((like) => ({ ending: like.slice(1), until })));
      continue;
    }
    const time = end.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5");
    if (isTime(time)) people.push(...values.map((name) => ({ name, until: new Date(time) })));
  }
  const good =
    sessions.every(({ ending }) => endingGrammar.test(ending)) &&
    people.every(({ name }) => isPersonName(name));
  const denials = { sessions, people };
  // Whatever was overlooked above is no part of what is printed.
  return good && printDenials(denials) === JSON.stringify(value) ? denials : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function statementsOf(value: unknown): readonly Fields[] {
  const statements = isFields(value) ? value["Statement"] : undefined;
  return Array.isArray(statements) ? statements.filter(isFields) : [];
}

function valuesIn(statement: Fields): readonly string[] {
  const condition = isFields(statement["Condition"]) ? statement["Condition"] : {};
  return [condition["StringLike"], condition["StringEquals"]]
    .filter(isFields)
    .flatMap((test) => [test["aws:userid"], test["aws:SourceIdentity"]])
    .flatMap((values) => (Array.isArray(values) ? values : []))
    .filter((one): one is string => typeof one === "string");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
