import type { Finding, FindingCode } from "../finding.ts";
import type { RecordStore } from "../ports.ts";
import type { ReadRecord, RecordReader } from "../record-reader.ts";
import type { CatalogLookup } from "../rules/catalog.ts";
import { chainOf } from "../rules/chain.ts";
import { mapAtMost } from "../scan.ts";
import type { Grade } from "../statement.ts";
import { inOrder, judgeEntries, type StoryOptions } from "../story.ts";
import type { AuditRecord } from "../types.ts";
import type { AskedRecord } from "./asked.ts";
import { type Facts, factsOf } from "./entry.ts";
import type { NamedRecord, NamedRequest } from "./names.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

type Lookups = Pick<StoryOptions, "approvals"> & { readonly catalogOf: CatalogLookup };

export interface JudgedRecord
  extends Pick<ReadRecord, "name" | "key" | "record" | "sha256" | "reason" | "grade" | "lastModified"> {
  /** Whether it is a record whose place in its chain counts. */
  readonly counts: boolean;
  /** Whether it names another predecessor than the one of this request. */
  readonly breaksChain: boolean;
}

/**
 * What the records of one request say. It follows from those records, their writers' enrolments and their catalog alone, and
 * from no other request's records; from the time only where the request names a window.
 */
export interface JudgedRequest extends Facts {
  /** `undefined` where there is no valid request record. */
  readonly asked: AskedRecord | undefined;
  readonly userid: string;
  readonly grade: Grade | undefined;
  readonly personIds: readonly string[];
  /** `pending` also where it is over by now. */
  readonly outcome: Outcome | undefined;
  /** In order of time. */
  readonly records: readonly JudgedRecord[];
  /** But for places in chains. */
  readonly problems: readonly FindingCode[];
  readonly notices: readonly FindingCode[];
}

/** The request's own records, read before the others: they say whether anybody wants to know of it. */
export interface OpenedRequest {
  readonly records: readonly ReadRecord[];
  /** The first that is valid. */
  readonly own: ReadRecord | undefined;
  readonly asked: AuditRecord<"request"> | undefined;
}

const parallelReads = 16;
/** Reads the records of requests and judges each by itself and against the others of its request. */
export class RequestJudge {
  readonly #store: Pick<RecordStore, "readVersion">;
  readonly #reader: RecordReader;
  readonly #lookups: Lookups;

  constructor(store: Pick<RecordStore, "readVersion">, reader: RecordReader, lookups: Lookups) {
    this.#store = store;
    this.#reader = reader;
    this.#lookups = lookups;
  }

  async open({ records: named }: NamedRequest): Promise<OpenedRequest> {
    const records = await this.#readAll(named.filter(({ key }) => key.type === "request"));
    const own = records.find(({ reason }) => reason === undefined);
    return { records, own, asked: own?.record?.type === "request" ? own.record : undefined };
  }

  async judge(
    { request, records }: NamedRequest,
    { own, ...first }: OpenedRequest,
    now: Date,
  ): Promise<JudgedRequest> {
    const rest = await this.#readAll(records.filter(({ key }) => key.type !== "request"));
    const entries = [...first.records, ...rest].sort(inOrder);
    const judged = await judgeEntries(request, entries, { ...this.#lookups, now });
    const problems = new Set<FindingCode>(entries.flatMap(({ reason }) => reason ?? []));
    const { asked } = first;
    if (asked !== undefined && (await this.#lookups.catalogOf(asked.catalog)) === undefined)
      problems.add("CATALOG_UNKNOWN");
    const notices = new Set<FindingCode>();
    for (const { code, severity } of judged.findings) (severity === "invalid" ? problems : notices).add(code);
    const reviews = new Set(entries.flatMap(({ key, name }) => (key.type === "review" ? [name] : [])));
    const vain = new Set(
      judged.findings.filter(isAgainstReview).flatMap(({ object }) => (reviews.has(object) ? [object] : [])),
    );
    return {
      asked,
      userid: own?.key.userid ?? records.find(({ key }) => key.type === "request")?.key.userid ?? "-",
      grade: own?.grade,
      personIds: own?.writer?.person.ids ?? [],
      outcome: outcomeOf(judged.deciding, { scheduledUntil: judged.scheduledUntil }, now),
      ...factsOf(
        entries.filter(({ name }) => !vain.has(name)),
        judged.deciding,
      ),
      records: [...judgedRecords(entries)],
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
    const [first, ...others] = await Promise.all(
      [versionId, ...later.map((version) => version.versionId)].map((id) =>
        this.#store.readVersion(name, id),
      ),
    );
    const isSame = others.every(
      (bytes) => bytes !== undefined && Buffer.compare(bytes, first ?? bytes) === 0,
    );
    return isSame ? undefined : "OBJECT_REPLACED";
  }
}

function* judgedRecords(entries: readonly ReadRecord[]): Generator<JudgedRecord> {
  const placeOf = ({ key }: Pick<ReadRecord, "key">, n: number) => `${chainOf(key)}.${n}`;
  const hashes = new Map(entries.map((entry) => [placeOf(entry, entry.key.n), entry.sha256]));
  for (const entry of entries) {
    const { name, key, record, sha256, reason, grade, lastModified } = entry;
    const before = hashes.get(placeOf(entry, key.n - 1));
    yield {
      name,
      key,
      record,
      sha256,
      reason,
      grade,
      lastModified,
      counts: reason === undefined && record !== undefined,
      breaksChain: before !== undefined && before !== record?.prev,
    };
  }
}

/** Whether a review that it is about does not count. */
function isAgainstReview({ code, severity }: Finding): boolean {
  return code.startsWith("REVIEW_") || severity === "invalid";
}
