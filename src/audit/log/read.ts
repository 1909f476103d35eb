import { isBreakGlassRole } from "../../access/break-glass.ts";
import type { Catalog } from "../../access/types.ts";
import type { Finding, FindingCode } from "../finding.ts";
import { idTime } from "../id.ts";
import type { RecordStore } from "../ports.ts";
import { type ReadRecord, RecordReader } from "../record-reader.ts";
import type { ApprovalLookups } from "../rules/approvals.ts";
import type { CatalogLookup } from "../rules/catalog.ts";
import type { KeyTrust } from "../rules/keys.ts";
import { mapAtMost } from "../scan.ts";
import { inOrder, judgeEntries } from "../story.ts";
import type { AuditRecord } from "../types.ts";
import { ListedBucket } from "./bucket.ts";
import { askedFacts, factsOf, type LogEntry, type LogTexts } from "./entry.ts";
import { type LogFilter, matchesAsked, mayMatchNames, needsTexts } from "./filter.ts";
import type { NamedRecord, NamedRequest, NameIndex } from "./names.ts";
import { outcomeOf } from "./outcome.ts";

export interface LogPorts {
  readonly store: RecordStore;
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly trust: KeyTrust | undefined;
  readonly catalogOf: CatalogLookup;
  readonly approvals?: ApprovalLookups;
  /** Reason and ticket that the record holds only digests of. */
  readonly textsOf: (record: AuditRecord<"request">, catalog: Catalog | undefined) => Promise<LogTexts>;
}

export interface LogOptions {
  readonly filter: LogFilter;
  /** Whether texts that lie apart are to be read for every line. */
  readonly texts: boolean;
  readonly now: Date;
}

const parallelReads = 16;

/**
 * Reads requests of which the names were listed: those that the filter wants, each record checked by itself and against
 * the others of its request. Of each the request record is read first, and the rest only where it is wanted.
 */
export class LogReader {
  readonly #ports: LogPorts;
  readonly #names: NameIndex;
  readonly #bucket: ListedBucket;
  readonly #reader: RecordReader;

  constructor(ports: LogPorts, names: NameIndex) {
    this.#ports = ports;
    this.#names = names;
    this.#bucket = new ListedBucket(ports.store);
    const { log, trust } = ports;
    // However old a key is: a machine may have had its own for years.
    const maximumHours = Number.POSITIVE_INFINITY;
    this.#reader = new RecordReader(this.#bucket, { log, trust, maximumHours });
  }

  /** The wanted ones in the order of the requests, some read at once. */
  async *entries(requests: readonly NamedRequest[], options: LogOptions): AsyncGenerator<LogEntry> {
    const wanted = requests.filter((one) => isRequest(one) && mayMatchNames(one, options.filter));
    const running: Promise<LogEntry | undefined>[] = [];
    const begin = (named: NamedRequest) => {
      const work = this.#entry(named, options);
      // It is awaited in its turn; until then a failure is not unhandled.
      work.catch(() => undefined);
      running.push(work);
    };
    let next = 0;
    for (; next < Math.min(parallelReads, wanted.length); next++) begin(wanted[next] as NamedRequest);
    for (let work = running.shift(); work !== undefined; work = running.shift()) {
      const entry = await work;
      const following = wanted[next++];
      if (following !== undefined) begin(following);
      if (entry !== undefined) yield entry;
    }
  }

  async #entry(named: NamedRequest, options: LogOptions): Promise<LogEntry | undefined> {
    this.#bucket.know(named.records);
    try {
      return await this.#judge(named, options);
    } finally {
      this.#bucket.forget(named.records);
    }
  }

  async #judge({ request, records }: NamedRequest, options: LogOptions): Promise<LogEntry | undefined> {
    const { filter, now } = options;
    const first = await this.#readAll(records.filter(({ key }) => key.type === "request"));
    const own = first.find(({ reason }) => reason === undefined);
    const record = own?.record?.type === "request" ? own.record : undefined;
    const catalog = record === undefined ? undefined : await this.#ports.catalogOf(record.catalog);
    const asked =
      record === undefined
        ? undefined
        : askedFacts(
            record,
            catalog,
            await this.#textsOf(record, catalog, options),
            catalog !== undefined && isBreakGlassRole(catalog, record.role),
          );
    // What cannot be read is shown to every question that names alone do not answer.
    if (asked !== undefined && !matchesAsked(asked, filter)) return undefined;
    const rest = await this.#readAll(records.filter(({ key }) => key.type !== "request"));
    const entries = [...first, ...rest].sort(inOrder);
    const judged = await judgeEntries(request, entries, { ...this.#ports, now });
    const outcome = outcomeOf(judged.deciding, { ...judged, closesAt: asked?.closesAt }, now);
    if (filter.outcomes !== undefined && outcome !== undefined && !filter.outcomes.includes(outcome))
      return undefined;
    const problems = new Set<FindingCode>(entries.flatMap(({ reason }) => reason ?? []));
    if (record !== undefined && catalog === undefined) problems.add("CATALOG_UNKNOWN");
    const notices = new Set<FindingCode>();
    for (const { code, severity } of judged.findings) (severity === "invalid" ? problems : notices).add(code);
    const vain = new Set(judged.findings.filter(isVainReview).map(({ object }) => object));
    for (const code of this.#chainFaults(entries)) problems.add(code);
    return {
      request,
      at: new Date(idTime(request)),
      asked,
      userid: own?.key.userid ?? records.find(({ key }) => key.type === "request")?.key.userid ?? "-",
      grade: own?.grade,
      personIds: own?.writer?.person.ids ?? [],
      outcome,
      ...factsOf(
        entries.filter(({ name }) => !vain.has(name)),
        judged.deciding,
      ),
      records: entries,
      problems: [...problems],
      notices: [...notices],
    };
  }

  async #readAll(records: readonly NamedRecord[]): Promise<ReadRecord[]> {
    return await mapAtMost(parallelReads, records, (record) => this.read(record));
  }

  /** One record; what S3 did with its object is held against it, too. */
  async read({ object, key }: NamedRecord): Promise<ReadRecord> {
    const { name, oldest, later, deleteMarkers } = object;
    const lastModified = oldest?.lastModified ?? new Date(0);
    const read = await this.#reader.readOne({ key: name, lastModified }, key);
    if (read.reason !== undefined) return read;
    const fault = deleteMarkers > 0 ? "OBJECT_DELETED" : await this.#replaced(name, oldest?.versionId, later);
    return fault === undefined ? read : { ...read, reason: fault };
  }

  async #replaced(
    name: string,
    versionId: string | undefined,
    later: NamedRecord["object"]["later"],
  ): Promise<"OBJECT_REPLACED" | undefined> {
    if (later.length === 0 || versionId === undefined) return undefined;
    const { store } = this.#ports;
    const [first, ...others] = await Promise.all(
      [versionId, ...later.map((version) => version.versionId)].map((id) => store.readVersion(name, id)),
    );
    const isSame = others.every(
      (bytes) => bytes !== undefined && Buffer.compare(bytes, first ?? bytes) === 0,
    );
    return isSame ? undefined : "OBJECT_REPLACED";
  }

  /** Places in chains as far as names tell, and `prev` where both records were read. */
  *#chainFaults(entries: readonly ReadRecord[]): Generator<FindingCode> {
    const hashes = new Map(
      entries.map(({ key, sha256 }) => [placeOf(key.userid, key.thumbprint, key.n), sha256]),
    );
    for (const { key, record, reason } of entries) {
      if (reason !== undefined || record === undefined) continue;
      const fault = this.#names.chainFault(key);
      if (fault !== undefined) yield fault;
      const before = hashes.get(placeOf(key.userid, key.thumbprint, key.n - 1));
      if (before !== undefined && before !== record.prev) yield "CHAIN_PREV";
    }
  }

  async #textsOf(
    record: AuditRecord<"request">,
    catalog: Catalog | undefined,
    { texts, filter }: LogOptions,
  ): Promise<LogTexts> {
    const { reason, ticket } = record;
    if ("text" in reason) {
      return {
        state: "kept",
        reason: reason.text,
        ticket: ticket !== "-" && "text" in ticket ? ticket.text : undefined,
      };
    }
    return texts || needsTexts(filter) ? await this.#ports.textsOf(record, catalog) : { state: "apart" };
  }
}

/** Whether a finding is of a review that does not count. */
function isVainReview({ code }: Finding): boolean {
  return code.startsWith("REVIEW_") && code !== "REVIEW_MISSING";
}

/** Whether a name tells of a request record, or of a session without one: all else that strangers leave is no line. */
export function isRequest({ records }: NamedRequest): boolean {
  return records.some(({ key }) => key.type === "request" || key.type === "issue");
}

function placeOf(userid: string, thumbprint: string, n: number): string {
  return `${userid}/${thumbprint}.${n}`;
}
