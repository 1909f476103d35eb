import { rolesOf } from "../../access/break-glass.ts";
import { withoutRevocations } from "../../access/trust/revoked-keys.ts";
import type { Catalog, Store } from "../../access/types.ts";
import { idTime, parseId } from "../../audit/id.ts";
import { type RecordKey, readKey, recordPrefix } from "../../audit/key.ts";
import type { Clock, ListedObject, RecordStore } from "../../audit/ports.ts";
import { type ReaderOptions, type ReadRecord, RecordReader } from "../../audit/record-reader.ts";
import { chainOf } from "../../audit/rules/chain.ts";
import { mapAtMost } from "../../audit/scan.ts";
import { hoursBetween, secondsOf } from "../../audit/time.ts";
import type { AuditRecord } from "../../audit/types.ts";
import { callerOf } from "../person.ts";

/** Which sessions are meant. */
export type Meant =
  | { readonly kind: "request"; readonly request: string }
  | { readonly kind: "requester"; readonly name: string }
  | { readonly kind: "store"; readonly store: Store }
  | { readonly kind: "all" };

/** All sessions of one request: they bear one name. */
export interface LiveSession {
  readonly request: string;
  readonly requestHash: string;
  readonly role: string;
  readonly sessionName: string;
  /** Who asked, as AWS sees it in the session: for people to read. */
  readonly requester: string;
  /** `aws:userid` of who asked. */
  readonly userid: string;
  /** SHA-256 of the issue record of the last credentials. */
  readonly issueHash: string;
  readonly targets: readonly string[];
  readonly notAfter: Date;
  /** When the last credentials lapse. */
  readonly lapses: Date;
}

export interface Found {
  readonly sessions: readonly LiveSession[];
  /** Requests that are meant and whose grant has ended. */
  readonly ended: readonly string[];
  /** Names of issue records that do not count: forged, damaged, or not fitting their request. */
  readonly notBelieved: readonly string[];
}

type Bucket = Pick<RecordStore, "list" | "listPrefixes" | "read">;
type Named = { readonly object: ListedObject; readonly key: RecordKey };
type Issue = Named & { readonly record: AuditRecord<"issue">; readonly sha256: string };

const parallel = 16;

/** Hours back in which a session that still lives can have been issued: the longest grant, and one more. */
export function lookBack(catalog: Catalog): number {
  const stores = [...catalog.stores.values()].flatMap((store) => [store, store.breakGlass ?? store]);
  return Math.max(3600, ...stores.map(({ maximumDuration }) => maximumDuration)) / 3600 + 1;
}

/**
 * Finds live sessions by LIST over the hours in which they can have been issued, a GET of each issue record, and one of the
 * request record for those that are meant. Only records count whose signatures and places are right.
 * @param hours to look back
 * @throws JitError `ID_INVALID`, and those of the store
 */
export async function findLiveSessions(
  store: Bucket,
  meant: Meant,
  options: ReaderOptions & { readonly clock: Clock; readonly hours: number },
): Promise<Found> {
  const { clock, hours } = options;
  const earliest = meant.kind === "request" ? idTime(parseId(meant.request)) : 0;
  const within = meant.kind === "request" ? `${meant.request}/` : "";
  const named: Named[] = [];
  const listed = new Set<string>();
  // A machine whose clock is wrong learns the time by the first answer, and then looks where it should have.
  for (;;) {
    const now = clock.now();
    const since = new Date(Math.max(now.getTime() - hours * 3_600_000, earliest));
    // Hours are those of the writers' clocks, which may be ahead.
    const ahead = new Date(now.getTime() + 3_600_000);
    const missing = [...hoursBetween(since, ahead)].filter((hour) => !listed.has(hour));
    if (missing.length === 0) break;
    const prefixes = missing.map((hour) => `${recordPrefix}${hour}/${within}`);
    named.push(...(await listRecords(store, prefixes)));
    for (const hour of missing) listed.add(hour);
  }
  // A session that a revoked key made lives all the same, and must be found to be ended.
  const trust = withoutRevocations(options.trust);
  const reader = new RecordReader(store, { ...options, trust });
  const notBelieved: string[] = [];
  const issues = await mapAtMost(
    parallel,
    named.filter(({ key }) => key.type === "issue"),
    async (one): Promise<Issue | undefined> => {
      const read = await reader.readOne(one.object, one.key);
      const record = believed(read, "issue");
      const good = record !== undefined && record.sessionName === `jit-${record.request}`;
      if (!good) notBelieved.push(one.object.key);
      return good ? { ...one, record, sha256: read.sha256 ?? "-" } : undefined;
    },
  );
  const wanted = issues.filter((issue) => issue !== undefined && isMeant(meant, issue.record)) as Issue[];
  const live = wanted.filter(({ record }) => secondsOf(record.notAfter) * 1000 > clock.now().getTime());
  const fitting = await mapAtMost(parallel, live, async (issue) => {
    const request = await requestOf(store, reader, issue, named);
    if (request === undefined) notBelieved.push(issue.object.key);
    return request === undefined ? undefined : liveSession(issue, request);
  });
  const sessions = oneForEachRequest(fitting.filter((one) => one !== undefined));
  const alive = new Set(sessions.map(({ request }) => request));
  const ended = new Set(wanted.map(({ record }) => record.request).filter((request) => !alive.has(request)));
  return { sessions, ended: [...ended].sort(), notBelieved: notBelieved.sort() };
}

async function listRecords(store: Bucket, prefixes: readonly string[]): Promise<readonly Named[]> {
  const found = await mapAtMost(parallel, prefixes, async (prefix) => {
    const here: Named[] = [];
    for await (const object of store.list(prefix)) {
      const key = readKey(object.key);
      if (key?.type === "issue" || key?.type === "request") here.push({ object, key });
    }
    return here;
  });
  return found.flat();
}

function believed<T extends "issue" | "request">(
  { record, reason }: ReadRecord,
  type: T,
): AuditRecord<T> | undefined {
  return reason === undefined && record?.type === type ? (record as AuditRecord<T>) : undefined;
}

function isMeant(meant: Meant, issue: AuditRecord<"issue">): boolean {
  switch (meant.kind) {
    case "request":
      return issue.request === meant.request;
    case "requester":
      return namesOf(issue).includes(meant.name);
    case "store":
      return (
        rolesOf(meant.store).includes(issue.role) &&
        (issue.tags["jit:store"] ?? "").split(" ").includes(meant.store.name)
      );
    default:
      return true;
  }
}

/** What the requester is called in the session: jit's tag, the source identity, and the writer who issued for itself. */
function namesOf({ tags, sourceIdentity, sealed, by }: AuditRecord<"issue">): readonly string[] {
  const names = [tags["jit:requester"] ?? "-", sourceIdentity, sealed === "-" ? nameOf(by) : "-"];
  return names.filter((name) => name !== "-");
}

function nameOf(by: AuditRecord["by"]): string {
  try {
    return callerOf(by).name;
  } catch {
    return "-";
  }
}

/** The request that a session names by hash. Where the requester issues, the same key has signed both. */
async function requestOf(
  store: Bucket,
  reader: RecordReader,
  { key, record }: Issue,
  listed: readonly Named[],
): Promise<AuditRecord<"request"> | undefined> {
  const isOf = (one: Named) => one.key.type === "request" && one.key.request === record.request;
  const here = listed.filter(isOf);
  const [hour = ""] = hoursBetween(new Date(idTime(record.request)), new Date(idTime(record.request)));
  // A request may have waited longer for its approval than is looked back.
  const all =
    here.length > 0 ? here : await listRecords(store, [`${recordPrefix}${hour}/${record.request}/`]);
  for (const one of all.filter(isOf)) {
    const read = await reader.readOne(one.object, one.key);
    const request = believed(read, "request");
    if (request === undefined || read.sha256 !== record.requestHash) continue;
    if (request.role !== record.role) continue;
    if (request.issuer !== "requester" || chainOf(one.key) === chainOf(key)) return request;
  }
  return undefined;
}

function liveSession(
  { record: issue, sha256: issueHash }: Issue,
  { targets, by }: AuditRecord<"request">,
): LiveSession {
  const { request, requestHash, role, sessionName } = issue;
  const notAfter = new Date(secondsOf(issue.notAfter) * 1000);
  const lapses = new Date(Math.max(notAfter.getTime(), secondsOf(issue.expiration) * 1000));
  const requester = namesOf(issue)[0] ?? "-";
  const { userid } = by;
  return {
    request,
    requestHash,
    role,
    sessionName,
    requester,
    userid,
    issueHash,
    targets,
    notAfter,
    lapses,
  };
}

/** A renewed session counts once, to the time at which the last of its credentials lapse. */
function oneForEachRequest(sessions: readonly LiveSession[]): readonly LiveSession[] {
  const kept = new Map<string, LiveSession>();
  for (const session of sessions) {
    const before = kept.get(session.request);
    if (before === undefined || before.lapses < session.lapses) kept.set(session.request, session);
  }
  return [...kept.values()].sort((a, b) => (a.request < b.request ? -1 : 1));
}
