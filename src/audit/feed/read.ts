import { isBreakGlassRole } from "../../access/break-glass.ts";
import type { Catalog } from "../../access/types.ts";
import { type Finding, type FindingCode, finding } from "../finding.ts";
import { readKey, writerOf } from "../key.ts";
import { storeFactsOf } from "../log/asked.ts";
import { ListedBucket } from "../log/bucket.ts";
import type { RecordStore } from "../ports.ts";
import { RecordReader } from "../record-reader.ts";
import type { ApprovalLookups } from "../rules/approvals.ts";
import type { CatalogLookup } from "../rules/catalog.ts";
import { chainOf } from "../rules/chain.ts";
import type { KeyTrust } from "../rules/keys.ts";
import { mapAtMost } from "../scan.ts";
import { type Story, tellStory } from "../story.ts";
import { secondsOf } from "../time.ts";
import { type AskedFor, type FeedEvent, findingEventId, recordEventId } from "./event.ts";
import type { KnownEnrolments } from "./known-enrolments.ts";
import { type FreshObject, isAgainst, ownFindings, versionFindings } from "./own-findings.ts";
import { ReadBefore } from "./read-before.ts";
import { SharedLists } from "./shared-lists.ts";

export interface FeedPorts {
  readonly store: RecordStore;
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly trust: KeyTrust | undefined;
  readonly catalogOf: CatalogLookup;
  readonly approvals?: ApprovalLookups;
}

/** What a reader is told besides. */
export interface ReadOptions {
  /** By the server's clock. */
  readonly now: () => Date;
  /** Seconds: what arrives under older hours is not told of. */
  readonly lateness: number;
  readonly enrolments: KnownEnrolments;
}

const parallelReads = 8;

/** Reads new objects, judges each by itself and with its request's other records, and makes events of them. */
export class FeedReader {
  readonly #ports: FeedPorts;
  #bucket: ListedBucket;
  readonly #reader: RecordReader;
  readonly #before: ReadBefore;
  readonly #options: ReadOptions;

  constructor(ports: FeedPorts, options: ReadOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#bucket = this.#newBucket([]);
    this.#reader = this.#newReader();
    this.#before = new ReadBefore((prefix, after) => this.#bucket.list(prefix, after), this.#reader);
  }

  /** The events of objects, in their order: of each the record, then what is found about it. */
  async events(objects: readonly FreshObject[], now: Date): Promise<readonly FeedEvent[]> {
    const named = objects.flatMap((one) => {
      const key = readKey(one.object.name);
      return key === undefined ? [] : [{ ...one, key }];
    });
    const requests = new Map<string, Set<string>>();
    for (const { key } of named) {
      const hours = requests.get(key.request) ?? new Set();
      if (key.request !== "-") requests.set(key.request, hours.add(key.hour));
    }
    // What was listed for those before may have grown.
    this.#bucket = this.#newBucket(requests.keys());
    this.#bucket.know(named);
    const enrolled = named.flatMap(({ key }) => (key.type === "enrol" ? [chainOf(key)] : []));
    if (enrolled.length > 0) this.#reader.forgetMissing();
    this.#before.enrolled(new Set(enrolled));
    const stories = new Map<string, ToldStory>();
    await mapAtMost(parallelReads, [...requests], async ([request, hours]) => {
      stories.set(request, await this.#story(request, [...hours], now));
    });
    const told = await mapAtMost(parallelReads, objects, (one) => this.#eventsOf(one, stories));
    const events = told.flat();
    const ids = new Set<string>();
    for (const [request, { story, asked }] of stories) {
      for (const found of story.findings) events.push(findingEvent(found, request, request, asked, now));
    }
    // What a record and its request's story both say is said once.
    return events.filter(({ id }) => !ids.has(id) && ids.add(id));
  }

  #newBucket(requests: Iterable<string>): ListedBucket {
    const { store } = this.#ports;
    const lists = new SharedLists(store, requests);
    return new ListedBucket({
      list: (prefix, after) => lists.list(prefix, after),
      listPrefixes: (prefix) => store.listPrefixes(prefix),
      read: (name) => store.read(name),
      readVersion: (name, version) => store.readVersion(name, version),
    });
  }

  #newReader(): RecordReader {
    const { log, trust, store: all } = this.#ports;
    const { enrolments, now, lateness } = this.#options;
    const store: Pick<RecordStore, "list" | "listPrefixes" | "read"> = {
      list: (prefix, after) => this.#bucket.list(prefix, after),
      listPrefixes: (prefix) => this.#bucket.listPrefixes(prefix),
      read: (name) => this.#bucket.read(name),
    };
    // However old a key is: a machine may have had its own for years.
    return new RecordReader(store, {
      log,
      trust,
      findEnrolment: (key) => enrolments.find(all, store, key, { log, now: now(), lateness }),
    });
  }

  /** @param alsoIn hours in which something of it was listed: it may be dated before it, or long after it was over */
  async #story(request: string, alsoIn: readonly string[], now: Date): Promise<ToldStory> {
    const { log, trust, catalogOf, approvals } = this.#ports;
    const reader = this.#before;
    const story = await tellStory(this.#bucket, request, {
      ...{ log, trust, now, catalogOf, reader, alsoIn, onlyIfAsked: true },
      ...(approvals === undefined ? {} : { approvals }),
    });
    return { story, asked: await askedIn(story, catalogOf) };
  }

  async #eventsOf(one: FreshObject, stories: ReadonlyMap<string, ToldStory>): Promise<FeedEvent[]> {
    const { object, fresh } = one;
    const { name, oldest } = object;
    const key = readKey(name);
    const arrived = fresh[0]?.lastModified ?? new Date(0);
    if (key === undefined) {
      const what = finding("NAME_INVALID", name, writerOf(name), "the name is not that of a record");
      return [findingEvent(what, "-", "-", undefined, arrived)];
    }
    const of = stories.get(key.request);
    const found = [...(await versionFindings(this.#ports.store, one, key.userid))];
    const events: FeedEvent[] = [];
    const say = (what: Finding, version: string) =>
      findingEvent(what, key.request, version, of?.asked, arrived);
    if (oldest !== undefined && fresh.includes(oldest)) {
      const { lastModified } = oldest;
      const read =
        of?.story.entries.find((entry) => entry.name === name) ??
        (await this.#reader.readOne({ key: name, lastModified }, key));
      const record = read.reason === undefined ? read.record : undefined;
      found.push(...ownFindings(read).map((what) => ({ what, of: oldest.versionId })));
      const against = [...found.map(({ what }) => what), ...(of?.story.findings ?? [])].filter(
        isAgainst(name),
      );
      const problems = [
        ...new Set([...against.map(({ code }) => code), ...(of === undefined ? [] : spoiltRequest(of))]),
      ];
      events.push({
        kind: "record",
        id: recordEventId(name, oldest.versionId),
        at: record === undefined ? lastModified : new Date(secondsOf(record.at) * 1000),
        object: name,
        versionId: oldest.versionId,
        request: key.request,
        key,
        arrived: lastModified,
        record,
        sha256: read.sha256,
        grade: read.grade,
        verified: problems.length === 0,
        problems,
        asked: of?.asked,
      });
    }
    return [...events, ...found.map(({ what, of }) => say(what, of))];
  }
}

interface ToldStory {
  readonly story: Story;
  readonly asked: AskedFor | undefined;
}

/** Why nobody can tell whether a record was asked for: the request's own is not valid. */
function spoiltRequest({ story, asked }: ToldStory): readonly FindingCode[] {
  if (asked !== undefined) return [];
  return story.entries.flatMap(({ key, reason }) =>
    key.type === "request" && reason !== undefined ? [reason] : [],
  );
}

async function askedIn({ entries }: Story, catalogOf: CatalogLookup): Promise<AskedFor | undefined> {
  const record = entries.find(({ key, reason }) => key.type === "request" && reason === undefined)?.record;
  if (record?.type !== "request") return undefined;
  const { by, targets, role, purpose, duration } = record;
  const catalog: Catalog | undefined = await catalogOf(record.catalog);
  const breakGlass = catalog !== undefined && isBreakGlassRole(catalog, role);
  return { by, targets, role, purpose, duration, breakGlass, stores: storeFactsOf(targets, catalog) };
}

function findingEvent(
  { code, severity, object, message, writer }: Finding,
  request: string,
  of: string,
  asked: AskedFor | undefined,
  at: Date,
): FeedEvent {
  const id = findingEventId(code, object, of);
  return { kind: "finding", id, at, object, request, asked, code, severity, message, writer };
}
