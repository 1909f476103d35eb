import type { RecordStore } from "../ports.ts";
import type { RecordReader } from "../record-reader.ts";
import { mapAtMost } from "../scan.ts";
import { Collector } from "./collect.ts";
import { type Finding, finding, type Severity } from "./finding.ts";
import { match, type Touched } from "./match.ts";
import type { TrailSource } from "./ports.ts";
import { readRecords } from "./records.ts";
import type { Watched } from "./watched.ts";

export interface ReconcileOptions {
  readonly watched: Watched;
  readonly since: Date;
  readonly until: Date;
  readonly now: Date;
  /** Whether what could not be looked at fails, too. */
  readonly strict: boolean;
}

export interface Reconciled {
  readonly ok: boolean;
  /** Whether anything was read of an account that holds a role or the records; else nothing is said of anything. */
  readonly compared: boolean;
  readonly since: Date;
  readonly until: Date;
  /** Until when a record without an event counts as such; earlier than `until` where events can still come. */
  readonly horizon: Date;
  readonly sources: readonly string[];
  readonly events: number;
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  /** Services whose data events were there; none: what was read or written does not show. */
  readonly dataServices: readonly string[];
  readonly sessions: number;
  readonly explained: number;
  readonly pending: number;
  readonly leases: number;
  /** Calls of AssumeRole on a store's role that AWS refused. */
  readonly refused: number;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly findings: readonly Finding[];
  readonly touched: readonly Touched[];
}

/** CloudTrail delivers "within an average of about 5 minutes"; three times that, seconds. */
export const lateDelivery = 900;
/** The longest session of STS, and one hour for the grant before: whose session is used in the range began then. */
const longestSession = 13 * 3600;
/** CloudTrail limits calls by region, so regions are asked at the same time. */
const parallelSources = 20;
/** How long after its session a record is still looked for. */
const latestRecord = 24 * 3600;

/**
 * Compares CloudTrail with the records, both ways. Events are read before records: a session whose event is there had its
 * record before.
 * @throws JitError of the sources and the store; what the trail and the log hold makes findings, not errors
 */
export async function reconcile(
  sources: readonly TrailSource[],
  store: Pick<RecordStore, "list">,
  reader: Pick<RecordReader, "readOne">,
  options: ReconcileOptions,
): Promise<Reconciled> {
  const [since, until, now] = [options.since, options.until, options.now].map(secondsOf) as [
    number,
    number,
    number,
  ];
  const events = new Collector(options.watched, { since, until });
  const range = { from: new Date((since - longestSession) * 1000), to: options.until };
  const found: Finding[] = [];
  await mapAtMost(parallelSources, sources, async (source) => {
    for await (const { value, place } of source.events(range)) events.take(value, place);
  });
  const to = new Date(Math.min(now, until + latestRecord) * 1000);
  const book = await readRecords(store, reader, { from: range.from, to });
  const keys = book.issues.map(({ record }) => record.accessKeyId);
  await mapAtMost(parallelSources, sources, async (source) => {
    for await (const { value, place } of source.callsOf?.(keys, range) ?? []) events.take(value, place);
  });
  for (const source of sources) found.push(...source.findings());
  const covered = new Set([...events.accounts, ...sources.flatMap(({ accounts }) => [...accounts()])]);
  const ends = horizons(sources, events, Math.min(until, now - lateDelivery));
  const matched = match(events, book, {
    range: { since, until },
    horizon: (account) => ends(account, covered),
  });
  found.push(...matched.findings, ...events.changes, ...events.unreadable, ...gaps(options.watched, covered));
  const findings = found.sort((a, b) => order(a) - order(b) || (a.at ?? 0) - (b.at ?? 0));
  const bySeverity = { invalid: 0, gap: 0, notice: 0 };
  for (const { severity } of findings) bySeverity[severity]++;
  const compared = [...options.watched.accounts].some((account) => covered.has(account));
  return {
    ok: compared && bySeverity.invalid === 0 && (!options.strict || bySeverity.gap === 0),
    compared,
    since: options.since,
    until: options.until,
    horizon: new Date(
      Math.min(until, ...[...covered].map((account) => ends(account, covered) ?? until)) * 1000,
    ),
    sources: sources.map(({ name }) => name),
    events: events.events,
    accounts: [...covered].sort(),
    regions: [...new Set([...events.regions, ...sources.flatMap(({ regions }) => [...regions()])])].sort(),
    dataServices: [...events.dataServices].sort(),
    sessions: matched.sessions,
    explained: matched.explained,
    pending: matched.pending,
    leases: matched.leases,
    refused: events.refused,
    bySeverity,
    findings,
    touched: matched.touched,
  };
}

/** A copy ends where it was copied: what happened after its newest event or file cannot be missed in it. */
function horizons(sources: readonly TrailSource[], events: Collector, latest: number) {
  const isCopy = sources.every(({ isCopy }) => isCopy);
  return (account: string, covered: ReadonlySet<string>): number | undefined => {
    if (!covered.has(account)) return undefined;
    const delivered = Math.max(0, ...sources.map((source) => source.delivered?.(account) ?? 0));
    const end = Math.max(events.newest.get(account) ?? 0, delivered - lateDelivery);
    return isCopy ? Math.min(latest, end) : latest;
  };
}

function gaps({ accounts }: Watched, covered: ReadonlySet<string>): readonly Finding[] {
  return [...accounts]
    .filter((account) => !covered.has(account))
    .sort()
    .map((account) =>
      finding(
        "ACCOUNT_NOT_COVERED",
        account,
        `no events of account ${account} were read: run with its credentials, or with its trail`,
      ),
    );
}

function order({ severity }: Finding): number {
  return ["invalid", "gap", "notice"].indexOf(severity);
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
