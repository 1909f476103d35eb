import { isBreakGlassRole } from "../access/break-glass.ts";
import type { PublicJwk } from "../access/types.ts";
import type { Finding } from "./finding.ts";
import { idTime, parseId } from "./id.ts";
import { recordPrefix } from "./key.ts";
import type { RecordStore } from "./ports.ts";
import { defaultHours, type ReadRecord, RecordReader } from "./record-reader.ts";
import { type ApprovalLookups, strangersWords } from "./rules/approvals.ts";
import { type CatalogLookup, catalogFindings } from "./rules/catalog.ts";
import type { KeyTrust } from "./rules/keys.ts";
import { type Link, linkOf } from "./rules/link.ts";
import { isForeign, requestFindings } from "./rules/request.ts";
import { scheduledUntil } from "./rules/scheduled.ts";
import { Spoilt } from "./rules/spoilt.ts";
import { mapAtMost } from "./scan.ts";
import { type StoryState, stateOf } from "./story-state.ts";
import { hoursBetween, secondsOf } from "./time.ts";
import type { AuditRecord } from "./types.ts";
import { windowOf } from "./window.ts";

export interface StoryOptions {
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly trust: KeyTrust | undefined;
  readonly now: Date;
  /** Keys whose enrolment need not be searched for: this machine's own. Their grade is then not known. */
  readonly knownKeys?: readonly PublicJwk[];
  /** The catalog of a digest. Left out: policies are not compiled anew. */
  readonly catalogOf?: CatalogLookup;
  /** What approvals are judged by, where the catalog is at hand. */
  readonly approvals?: ApprovalLookups;
  /** Most hours that are looked through, forwards for records and backwards for keys; 92 days unless told. */
  readonly maximumHours?: number;
  /** Hours that are looked at besides: something of the request is known to lie there. */
  readonly alsoIn?: readonly string[];
  /** Whether it is all the same what else lies under a request of which there is no valid record: then it is not looked for. */
  readonly onlyIfAsked?: boolean;
  /** Reads the records, for who tells many stories: it remembers writers' keys. Left out: one of the story's own. */
  readonly reader?: Pick<RecordReader, "read">;
}

/** One object of the request. */
export type StoryEntry = ReadRecord;

export interface Story {
  readonly request: string;
  readonly state: StoryState;
  /** Of one that was granted for a window and is yet to be issued: until when it can be. */
  readonly scheduledUntil: Date | undefined;
  /** In order of time, and of number within one writer's second. */
  readonly entries: readonly StoryEntry[];
  /** What the valid records have against each other. */
  readonly findings: readonly Finding[];
  /** Whether every hour was looked at in which a record of the request can lie. */
  readonly complete: boolean;
}

type Store = Pick<RecordStore, "list" | "listPrefixes" | "read">;

const hourMs = 3_600_000;
const parallelLists = 12;
/** Hours in which a request without a window that was not issued can still be: no catalog lets one wait for over seven days. */
const longestWait = 8 * 24;

/**
 * Everything about one request: found by LIST in the hour of its id and those that follow, to now, or to the hour after
 * the end of its grant; each record checked by itself, and all against each other. Chains are not followed: that takes
 * the whole log (`verifyLog`).
 * @throws JitError `ID_INVALID`, and those of the store
 */
export async function tellStory(store: Store, request: string, options: StoryOptions): Promise<Story> {
  const maximumHours = options.maximumHours ?? defaultHours;
  const first = new Date(idTime(parseId(request)));
  const hours = [...hoursBetween(first, options.now)];
  const reader = options.reader ?? new RecordReader(store, options);
  const entries: StoryEntry[] = [];
  let isEmergency = false;
  let last = Math.min(hours.length, maximumHours);
  // Not those up to `last`: what is read may end the story before it.
  const looked = new Set<string>();
  // A request record lies in the hour of its id, or is not valid.
  const atFirst = options.onlyIfAsked === true ? 1 : parallelLists;
  for (let i = 0, next = atFirst; i < last; i = next, next += parallelLists) {
    if (i > 0 && options.onlyIfAsked === true && !isAsked(entries)) {
      last = i;
      break;
    }
    const some = hours.slice(i, Math.min(next, last));
    const found = await mapAtMost(parallelLists, some, (hour) =>
      reader.read(`${recordPrefix}${hour}/${request}/`),
    );
    entries.push(...found.flat());
    for (const hour of some) looked.add(hour);
    isEmergency ||= await brokeGlass(entries, options);
    last = isEmergency
      ? Math.min(hours.length, maximumHours, hoursOfReview)
      : Math.min(last, hoursUntilEnd(entries, first));
  }
  for (const at of options.alsoIn ?? [])
    if (!looked.has(at)) entries.push(...(await reader.read(`${recordPrefix}${at}/${request}/`)));
  entries.sort(inOrder);
  const { state, findings, scheduledUntil } = await judgeEntries(request, entries, options);
  return {
    request,
    state,
    scheduledUntil,
    entries,
    findings,
    complete: last === Math.min(hours.length, isEmergency ? hours.length : hoursUntilEnd(entries, first)),
  };
}

/** What the records of one request tell together. */
export interface Judged {
  readonly state: StoryState;
  /** The records that decide where the request stands, in order. */
  readonly deciding: readonly AuditRecord[];
  readonly findings: readonly Finding[];
  /** Of a request that was granted for a window and is yet to be issued: until when it can be. */
  readonly scheduledUntil: Date | undefined;
}

/** @param entries of one request, all of them, in order of time */
export async function judgeEntries(
  request: string,
  entries: readonly StoryEntry[],
  { now, catalogOf, approvals }: Pick<StoryOptions, "now" | "catalogOf" | "approvals">,
): Promise<Judged> {
  const { links, spoilt } = linksOf(entries);
  const ofCatalog = catalogOf === undefined ? [] : await catalogFindings(links, catalogOf, approvals);
  const strange = await strangersWords(links, catalogOf, approvals);
  const deciding = decidingRecords(
    entries.filter(({ sha256 }) => sha256 === undefined || !strange.has(sha256)),
  );
  const state = stateOf(deciding, now);
  return {
    state,
    deciding,
    scheduledUntil: state === "open" ? await scheduledUntil(links, catalogOf, now, approvals) : undefined,
    findings: [
      ...entries.flatMap(({ notices = [] }) => notices),
      ...requestFindings(request, links, spoilt),
      ...ofCatalog,
    ],
  };
}

/** A review may come long after all is over; hours in which it is looked for. */
const hoursOfReview = 14 * 24;

/** Whether the request's role is one that its catalog keeps for emergencies. */
async function brokeGlass(entries: readonly StoryEntry[], { catalogOf }: StoryOptions): Promise<boolean> {
  const request = decidingRecords(entries).find(({ type }) => type === "request");
  if (request?.type !== "request") return false;
  const catalog = await catalogOf?.(request.catalog);
  return catalog !== undefined && isBreakGlassRole(catalog, request.role);
}

function isAsked(entries: readonly StoryEntry[]): boolean {
  return entries.some(({ key, reason }) => key.type === "request" && reason === undefined);
}

/** The valid records, but for those that a stranger put under the request: they must not decide about it. */
function decidingRecords(entries: readonly StoryEntry[]): AuditRecord[] {
  const valid = entries.flatMap((entry) => {
    const link = validLink(entry);
    return link === undefined || entry.record === undefined ? [] : [{ link, record: entry.record }];
  });
  const links = valid.map(({ link }) => link);
  const request = links.find((link) => link.type === "request");
  return valid.flatMap(({ link, record }) =>
    request !== undefined && isForeign(link, request) ? [] : [record],
  );
}

/** Hours from the request's to the last in which more of it may come. */
function hoursUntilEnd(entries: readonly StoryEntry[], first: Date): number {
  const valid = decidingRecords(entries);
  const end = valid.reduce(
    (most, record) => (record.type === "issue" ? Math.max(most, secondsOf(record.notAfter) * 1000) : most),
    0,
  );
  if (end === 0) {
    // Only the requester's word is sure to end it: others' may be a stranger's, in whose shadow the rest would go unseen.
    const request = valid.find((record) => record.type === "request");
    const isClosed = valid.some(({ type, by }) => type === "abort" && by.userid === request?.by.userid);
    if (isClosed) return 0;
    const window = request?.type === "request" ? windowOf(request, secondsOf(request.at)) : undefined;
    if (window === undefined || window === "invalid") return longestWait;
    return Math.max(longestWait, hoursTo(first, window.ends * 1000));
  }
  return hoursTo(first, end);
}

/** One hour more: a command may outlive the grant, and its end is recorded then. @param end Unix milliseconds */
function hoursTo(first: Date, end: number): number {
  // Reckoned, not listed: a record may say that its grant ends in the year 9999.
  return Math.max(0, Math.floor(end / hourMs) + 2 - Math.floor(first.getTime() / hourMs));
}

function linksOf(entries: readonly StoryEntry[]) {
  const spoilt = new Spoilt();
  for (const { reason, key } of entries) if (reason !== undefined) spoilt.add(key);
  return { links: entries.flatMap((entry) => validLink(entry) ?? []), spoilt };
}

function validLink({
  name,
  key,
  record,
  sha256,
  lastModified,
  reason,
  writer,
  notices = [],
}: StoryEntry): Link | undefined {
  if (reason !== undefined || record === undefined || sha256 === undefined) return undefined;
  return linkOf(
    { name, key, record, sha256, lastModified, kid: key.thumbprint },
    writer,
    notices.length === 0,
  );
}

/** By time, and by number within one writer's second. */
export function inOrder(a: StoryEntry, b: StoryEntry): number {
  const [first, second] = [orderOf(a), orderOf(b)];
  if (first !== second) return first < second ? -1 : 1;
  // Of one second: what was asked stands before what was said of it; numbers tell the order within one chain.
  const asked = Number(b.key.type === "request") - Number(a.key.type === "request");
  return asked || a.key.n - b.key.n || (a.name < b.name ? -1 : 1);
}

/** What is no record has no time: it comes last in the hour of its name. */
function orderOf({ record, key }: StoryEntry): string {
  return record === undefined ? `${key.hour}~` : record.at.replaceAll("-", "");
}
