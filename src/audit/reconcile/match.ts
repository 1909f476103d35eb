import { secondsOf } from "../time.ts";
import type { Collector, Denial, Use } from "./collect.ts";
import { differences, when } from "./compare.ts";
import type { SessionEvent } from "./event.ts";
import { type Finding, finding } from "./finding.ts";
import type { IssueEntry, RecordBook } from "./records.ts";
import { revocationOf } from "./revoked.ts";
import { accountOf } from "./watched.ts";

/** Unix seconds. */
export interface Range {
  readonly since: number;
  readonly until: number;
}

export interface MatchOptions {
  readonly range: Range;
  /** Until when the events of an account are all there; Unix seconds, `undefined` for an account that was not read. */
  horizon(account: string): number | undefined;
}

/** What was touched under one request, by its sessions and their children. */
export interface Touched {
  readonly request: string;
  /** `aws:userid` of who wrote the request's issue record. */
  readonly by: string;
  readonly targets: string;
  readonly calls: number;
  readonly refused: number;
  /** Objects, tables and the like by their ARNs, with how often; the most touched first. */
  readonly resources: readonly (readonly [resource: string, count: number])[];
  /** Resources that are not listed. */
  readonly more: number;
}

export interface Matched {
  readonly findings: readonly Finding[];
  /** Sessions in the range, and how many of them exactly one record explains in every part. */
  readonly sessions: number;
  readonly explained: number;
  /** Records in the range whose event may still come. */
  readonly pending: number;
  readonly leases: number;
  readonly touched: readonly Touched[];
}

/** Seconds in which IAM's denial has reached everywhere, and in which clocks may differ. */
const revokeGrace = 600;
const clockGrace = 60;

/** Compares sessions with issue records, both ways, and what was done with the sessions with their grants. */
export function match(events: Collector, book: RecordBook, options: MatchOptions): Matched {
  const { range } = options;
  const byKey = new Map<string, IssueEntry[]>();
  for (const entry of book.issues) {
    const { accessKeyId } = entry.record;
    byKey.set(accessKeyId, [...(byKey.get(accessKeyId) ?? []), entry]);
  }
  const uses = usesOfSessions(events);
  const findings: Finding[] = [];
  let [sessions, explained] = [0, 0];
  const told = [...events.others.values()].filter(({ accessKeyId }) => byKey.has(accessKeyId));
  const made = new Map([...events.sessions.values(), ...told].map((event) => [event.accessKeyId, event]));
  for (const event of made.values()) {
    if (event.at < range.since) continue;
    sessions++;
    const found = explain(event, byKey.get(event.accessKeyId) ?? [], book);
    if (found.length === 0) explained++;
    findings.push(...found);
  }
  let pending = 0;
  for (const entry of book.issues) {
    const isHere = entry.at >= range.since && entry.at <= range.until;
    const horizon = options.horizon(accountOf(entry.record.role));
    if (isHere && horizon !== undefined && !made.has(entry.record.accessKeyId)) {
      if (entry.at > horizon) pending++;
      else findings.push(unmatched(entry));
    }
    findings.push(...judgeUse(entry, uses.get(entry.record.accessKeyId), book, events.denials, range));
    const isOver = horizon !== undefined && Math.min(entry.expiration, entry.notAfter) <= horizon;
    const wasMade = made.has(entry.record.accessKeyId);
    if (isHere && isOver && wasMade && !uses.has(entry.record.accessKeyId)) {
      findings.push(unused(entry, events));
    }
  }
  const leases = [...events.leases.values()].filter(({ at }) => at >= range.since);
  findings.push(...leases.flatMap((lease) => judgeLease(lease.accessKeyId, events, byKey)));
  if (book.notValid.length > 0) {
    const [first = ""] = book.notValid;
    findings.push(
      finding(
        "RECORD_NOT_VALID",
        first,
        `${book.notValid.length} issue records are not valid and explain nothing: jit audit verify tells why`,
      ),
    );
  }
  return { findings, sessions, explained, pending, leases: leases.length, touched: touched(book, uses) };
}

function explain(event: SessionEvent, entries: readonly IssueEntry[], book: RecordBook): readonly Finding[] {
  const [entry, second] = entries;
  const by = event.who.arn === "" ? event.who.userid : event.who.arn;
  const more = { at: event.at };
  if (entry === undefined) {
    const what = `${by} had a session of ${event.role} (${event.accessKeyId}, ${event.name} as ${JSON.stringify(event.sessionName)})`;
    const abort = book.aborts.get(event.accessKeyId);
    if (abort === undefined) {
      return [finding("SESSION_UNRECORDED", event.id, `${what} that no record tells of`, more)];
    }
    const why = `${what} that only an abort (${abort.code}) tells of: that nobody used it is the writer's word`;
    return [finding("SESSION_ABORTED", event.id, why, { ...more, request: abort.request })];
  }
  if (second !== undefined) {
    return [
      finding(
        "RECORD_REPEATED",
        second.name,
        `${entries.length} issue records tell of the one session ${event.accessKeyId}`,
        { at: second.at, request: second.record.request },
      ),
    ];
  }
  return differences(event, entry);
}

function unmatched({ name, record, at }: IssueEntry): Finding {
  const message = `a record of ${record.by.arn} tells of a session of ${record.role} (${record.accessKeyId}) that AWS never made`;
  return finding("RECORD_UNMATCHED", name, message, { at, request: record.request });
}

function judgeUse(
  entry: IssueEntry,
  use: Use | undefined,
  book: RecordBook,
  denials: readonly Denial[],
  range: Range,
): readonly Finding[] {
  const last = use?.last;
  if (last === undefined || last.at < range.since) return [];
  const { request } = entry.record;
  const more = { at: last.at, request };
  if (last.at > entry.notAfter + clockGrace) {
    const message = `${last.name} went through ${when(last.at)}, the grant ended ${when(entry.notAfter)}`;
    return [finding("SESSION_USED_AFTER_GRANT", last.id, message, more)];
  }
  const revoked = revocationOf(entry, book.revoked.get(request) ?? [], denials);
  const used = `${last.name} went through ${when(last.at)}`;
  if (revoked?.kind === "denied" && last.at > revoked.at + revokeGrace) {
    const message = `${used}, the session was revoked ${when(revoked.at)}`;
    return [finding("SESSION_USED_AFTER_REVOKE", last.id, message, more)];
  }
  if (revoked?.kind !== "said" || last.at <= secondsOf(revoked.by.at) + revokeGrace) return [];
  const message = `${used}, ${revoked.by.by.arn} wrote before that the session was revoked, and CloudTrail has no denial by them`;
  return [finding("REVOKE_WITHOUT_DENIAL", last.id, message, more)];
}

function unused({ name, record, at }: IssueEntry, { dataServices }: Collector): Finding {
  const rests =
    dataServices.size === 0
      ? "no call of it among the management events that were read; data events are not there, so reads of objects would not show"
      : `no call of it among the management events and the data events of ${[...dataServices].sort().join(", ")}`;
  return finding("GRANT_UNUSED", name, `the session was never used, as far as is seen: ${rests}`, {
    at,
    request: record.request,
  });
}

/** The key of the session that a key is a child of, of whatever depth, or the key itself. */
function rootOf(key: string, { leases }: Collector): string {
  const seen = new Set<string>();
  let root = key;
  for (let lease = leases.get(root); lease !== undefined && !seen.has(root); lease = leases.get(root)) {
    seen.add(root);
    root = lease.who.accessKeyId;
  }
  return root;
}

function judgeLease(
  key: string,
  events: Collector,
  byKey: ReadonlyMap<string, readonly IssueEntry[]>,
): readonly Finding[] {
  const lease = events.leases.get(key);
  if (lease === undefined) return [];
  const root = rootOf(key, events);
  const request = byKey.get(root)?.[0]?.record.request;
  if (!events.sessions.has(root) && request === undefined) {
    const message = `${lease.who.arn} was given a child (${key}) of a session (${root}) that neither AWS's events nor any record tell of`;
    return [finding("LEASE_WITHOUT_PARENT", lease.id, message, { at: lease.at })];
  }
  if (request === undefined || lease.description === request) return [];
  const message = `a child of a session is described as ${JSON.stringify(lease.description.slice(0, 200))}, not by its request: jit did not make it`;
  return [finding("LEASE_DESCRIPTION_DIFFERS", lease.id, message, { at: lease.at, request })];
}

/** What was done with each session, its children's calls counted as its own. */
function usesOfSessions(events: Collector): ReadonlyMap<string, Use> {
  const uses = new Map<string, Use>();
  for (const [key, use] of events.uses) {
    const root = rootOf(key, events);
    const known = uses.get(root);
    uses.set(root, known === undefined ? use : joined(known, use));
  }
  return uses;
}

function joined(a: Use, b: Use): Use {
  const resources = new Map(a.resources);
  for (const [name, count] of b.resources) resources.set(name, (resources.get(name) ?? 0) + count);
  return {
    calls: a.calls + b.calls,
    data: a.data + b.data,
    refused: a.refused + b.refused,
    last: (a.last?.at ?? 0) >= (b.last?.at ?? 0) ? a.last : b.last,
    resources,
    more: a.more + b.more,
  };
}

/** Most resources of one request that are told. */
const maximumTold = 100;

function touched(book: RecordBook, uses: ReadonlyMap<string, Use>): readonly Touched[] {
  const byRequest = new Map<string, { readonly entry: IssueEntry; readonly use: Use }>();
  for (const entry of book.issues) {
    const use = uses.get(entry.record.accessKeyId);
    if (use === undefined) continue;
    const known = byRequest.get(entry.record.request);
    byRequest.set(entry.record.request, {
      entry: known?.entry ?? entry,
      use: known === undefined ? use : joined(known.use, use),
    });
  }
  return [...byRequest].map(([request, { entry, use }]) => {
    const all = [...use.resources].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return {
      request,
      by: entry.record.by.userid,
      targets: entry.record.tags["jit:access"] ?? "",
      calls: use.calls,
      refused: use.refused,
      resources: all.slice(0, maximumTold),
      more: use.more + Math.max(0, all.length - maximumTold),
    };
  });
}
