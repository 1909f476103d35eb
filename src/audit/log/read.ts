import type { Catalog } from "../../access/types.ts";
import type { RecordChecker } from "../check/checker.ts";
import { idTime } from "../id.ts";
import type { RecordStore } from "../ports.ts";
import { type ReadRecord, RecordReader } from "../record-reader.ts";
import type { ApprovalLookups } from "../rules/approvals.ts";
import type { CatalogLookup } from "../rules/catalog.ts";
import type { KeyTrust } from "../rules/keys.ts";
import {
  type AskedFacts,
  type AskedRecord,
  askedFacts,
  type LogTexts,
  type SceneFacts,
  sceneOf,
} from "./asked.ts";
import { ListedBucket } from "./bucket.ts";
import type { LogEntry } from "./entry.ts";
import { type LogFilter, matchesAsked, mayMatchNames, needsTexts } from "./filter.ts";
import { GatheredChecks } from "./gathered-checks.ts";
import { LogIndex, type Segments } from "./index/log-index.ts";
import { type JudgedRequest, RequestJudge } from "./judge.ts";
import { Lanes } from "./lanes.ts";
import type { ChainNumbers, NamedRecord, NamedRequest } from "./names.ts";

export interface LogPorts {
  readonly store: RecordStore;
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly trust: KeyTrust | undefined;
  readonly catalogOf: CatalogLookup;
  readonly approvals?: ApprovalLookups;
  /** Reason and ticket that the record holds only digests of. */
  readonly textsOf: (record: AskedRecord, catalog: Catalog | undefined) => Promise<LogTexts>;
  /** What was judged before; left out: everything is read anew. */
  readonly segments?: Segments | undefined;
  /** Checks records on other cores; asked for where there are many. Left out: all is checked here. */
  readonly openChecker?: (() => Promise<RecordChecker>) | undefined;
  /** Records from which on that is done; 2,048 unless told. */
  readonly checkFrom?: number;
}

export interface LogOptions {
  readonly filter: LogFilter;
  /** Whether texts that lie apart are to be read for every line. */
  readonly texts: boolean;
  readonly now: Date;
}

/** Enough that GETs are under way while others wait for their records to be checked. */
const parallelRequests = 64;
/** Each is a call or two of its own. */
const parallelTexts = 16;
/** Requests. */
const keptEvery = 4096;

/**
 * Reads requests of which the names were listed: those that the filter wants, each record checked by itself and against
 * the others of its request. Of each the request record is read first, and the rest only where it is wanted. What was judged
 * before and is the same by name and version is not read again.
 */
export class LogReader {
  readonly #ports: LogPorts;
  readonly #names: Pick<ChainNumbers, "chainFault">;
  readonly #bucket: ListedBucket;
  readonly #reader: RecordReader;
  readonly #judge: RequestJudge;
  readonly #checks: GatheredChecks | undefined;
  readonly #texts = new Lanes(parallelTexts);
  /** By catalog, role and targets. */
  readonly #scenes = new Map<string, SceneFacts>();

  constructor(ports: LogPorts, names: Pick<ChainNumbers, "chainFault">) {
    this.#ports = ports;
    this.#names = names;
    this.#bucket = new ListedBucket(ports.store);
    const { log, trust, openChecker, checkFrom } = ports;
    this.#checks =
      openChecker && new GatheredChecks({ openChecker, ...(checkFrom === undefined ? {} : { checkFrom }) });
    // However old a key is: a machine may have had its own for years.
    const maximumHours = Number.POSITIVE_INFINITY;
    this.#reader = new RecordReader(this.#bucket, { log, trust, maximumHours, checks: this.#checks });
    this.#judge = new RequestJudge(ports.store, this.#reader, ports);
  }

  /** The wanted ones in the order of the requests, some read at once. */
  async *entries(requests: readonly NamedRequest[], options: LogOptions): AsyncGenerator<LogEntry> {
    const wanted = requests.filter((one) => isRequest(one) && mayMatchNames(one, options.filter));
    const { segments } = this.#ports;
    const index =
      segments === undefined
        ? undefined
        : await LogIndex.open(segments, wanted, {
            enrolmentOf: (key) => {
              const known = this.#reader.knownAs(key);
              const { grade, person } = known?.enrolment ?? {};
              return known && grade && person && { name: known.name, grade, personIds: person.ids };
            },
            versionOf: (name) => this.#bucket.latestEnrolment(name),
            catalogOf: this.#ports.catalogOf,
          });
    const unknown = wanted.filter((named) => index?.has(named) !== true);
    this.#checks?.announce(unknown.reduce((sum, { records }) => sum + records.length, 0));
    const running: (Promise<LogEntry | undefined> | LogEntry | undefined)[] = [];
    const begin = (named: NamedRequest) => {
      const work = this.#entry(named, options, index);
      // It is awaited in its turn; until then a failure is not unhandled.
      if (work instanceof Promise) work.catch(() => undefined);
      running.push(work);
    };
    try {
      let next = 0;
      for (; next < Math.min(parallelRequests, wanted.length); next++) begin(wanted[next] as NamedRequest);
      while (running.length > 0) {
        const work = running.shift();
        const entry = work instanceof Promise ? await work : work;
        const following = wanted[next++];
        if (following !== undefined) begin(following);
        // Who loses patience with a long time has not waited in vain.
        if (next % keptEvery === 0) await index?.save();
        if (entry !== undefined) yield entry;
      }
    } finally {
      await index?.save();
    }
  }

  /** To be called when all is read: what it checks records with is let go. */
  async close(): Promise<void> {
    await this.#checks?.close();
  }

  /** One record; what S3 did with its object is held against it, too. */
  async read(named: NamedRecord): Promise<ReadRecord> {
    return await this.#judge.read(named);
  }

  /** At once, where the request is known and its record says all that is asked for. */
  #entry(
    named: NamedRequest,
    options: LogOptions,
    index: LogIndex | undefined,
  ): Promise<LogEntry | undefined> | LogEntry | undefined {
    const known = index?.find(named);
    if (known?.asked === undefined) return this.#read(named, options, index);
    const texts = textsIn(known.asked, options);
    const catalog = index?.catalogOf(known.asked.catalog);
    if (texts === undefined || catalog === undefined) return this.#told(named, known, options);
    return this.#line(named, known, this.#facts(known.asked, catalog, texts), options);
  }

  async #told(named: NamedRequest, known: JudgedRequest, options: LogOptions) {
    return this.#line(named, known, await this.#asked(known.asked, options), options);
  }

  async #read(
    named: NamedRequest,
    options: LogOptions,
    index: LogIndex | undefined,
  ): Promise<LogEntry | undefined> {
    this.#bucket.know(named.records);
    try {
      const opened = await this.#judge.open(named);
      const asked = await this.#asked(opened.asked, options);
      // What cannot be read is shown to every question that names alone do not answer.
      if (asked !== undefined && !matchesAsked(asked, options.filter)) return undefined;
      const judged = await this.#judge.judge(named, opened, options.now);
      index?.add(named, judged);
      return this.#line(named, judged, asked, options);
    } finally {
      this.#bucket.forget(named.records);
    }
  }

  async #asked(record: AskedRecord | undefined, options: LogOptions): Promise<AskedFacts | undefined> {
    if (record === undefined) return undefined;
    const catalog = await this.#ports.catalogOf(record.catalog);
    const texts =
      textsIn(record, options) ?? (await this.#texts.run(() => this.#ports.textsOf(record, catalog)));
    return this.#facts(record, catalog, texts);
  }

  #facts(record: AskedRecord, catalog: Catalog | undefined, texts: LogTexts): AskedFacts {
    const { targets, role } = record;
    const name = `${record.catalog} ${role} ${targets.join(" ")}`;
    const scene = this.#scenes.get(name) ?? sceneOf(record, catalog);
    this.#scenes.set(name, scene);
    return askedFacts(record, scene, texts);
  }

  #line(
    { request }: NamedRequest,
    judged: JudgedRequest,
    asked: AskedFacts | undefined,
    { filter, now }: LogOptions,
  ): LogEntry | undefined {
    if (asked !== undefined && !matchesAsked(asked, filter)) return undefined;
    const isOver = asked?.closesAt !== undefined && asked.closesAt <= now;
    const outcome = judged.outcome === "pending" && isOver ? "expired" : judged.outcome;
    if (filter.outcomes !== undefined && outcome !== undefined && !filter.outcomes.includes(outcome))
      return undefined;
    const problems = new Set(judged.problems);
    for (const { key, counts, breaksChain } of judged.records) {
      const fault = counts ? this.#names.chainFault(key) : undefined;
      if (fault !== undefined) problems.add(fault);
      if (counts && breaksChain) problems.add("CHAIN_PREV");
    }
    return { ...judged, request, at: new Date(idTime(request)), asked, outcome, problems: [...problems] };
  }
}

/** Texts as far as they need not be looked for; `undefined` where they must. */
function textsIn({ reason, ticket }: AskedRecord, { texts, filter }: LogOptions): LogTexts | undefined {
  if (!("text" in reason)) return texts || needsTexts(filter) ? undefined : { state: "apart" };
  return {
    state: "kept",
    reason: reason.text,
    ticket: ticket !== "-" && "text" in ticket ? ticket.text : undefined,
  };
}

/** Whether a name tells of a request record, or of a session without one: all else that strangers leave is no line. */
export function isRequest({ records }: NamedRequest): boolean {
  return records.some(({ key }) => key.type === "request" || key.type === "issue");
}
