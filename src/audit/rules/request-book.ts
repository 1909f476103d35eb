import { DigestMap } from "../digest-map.ts";
import { type Finding, finding } from "../finding.ts";
import type { RecordKey } from "../key.ts";
import type { ApprovalLookups } from "./approvals.ts";
import { type CatalogLookup, catalogFindings } from "./catalog.ts";
import { extendsFindings } from "./extends.ts";
import type { Enrolment } from "./keys.ts";
import { type Link, linkOf, type RequestLink } from "./link.ts";
import type { SeenRecord } from "./place.ts";
import { requestFindings } from "./request.ts";
import { Spoilt } from "./spoilt.ts";

interface Records {
  readonly links: Link[];
  readonly spoilt: Spoilt;
  /** It was judged before all was there, and waits for the end. */
  isKept: boolean;
}

export interface RequestLookups {
  readonly catalogOf?: CatalogLookup | undefined;
  readonly approvals?: ApprovalLookups | undefined;
}

/** Requests that are held before those that are over are let go. */
const mostHeld = 2048;
/** Seconds after which nobody writes about a request that has ended, and about any other; who does all the same is heard. */
const ended = 3600;
const silent = 86_400;
const none: readonly Finding[] = [];

/**
 * Gathers the records of each request until all are there; then `requestFindings` judges them. Of many, those that are over and in
 * order are let go: should anything about one come later, it is read anew and judged at the end, as all others are.
 */
export class RequestBook {
  readonly #lookups: RequestLookups;
  readonly #most: number;
  /** Where there are more, those that are over are let go. */
  #enough: number;
  readonly #requests = new Map<string, Records>();
  /** Access key ids of all sessions. */
  readonly #accessKeys = new DigestMap();
  /** Requests that were let go. */
  readonly #gone = new DigestMap();
  /** What they asked for, for those that extend them. */
  readonly #goneAsked = new DigestMap();
  /** Those of them that must be read anew. */
  readonly #wanted = new Set<string>();

  /** @param most that are held before those that are over are let go */
  constructor(lookups: RequestLookups = {}, most = mostHeld) {
    this.#lookups = lookups;
    this.#most = most;
    this.#enough = most;
  }

  /** A valid record. @param writer whose key signed @param isProven whether what it calls attested is */
  add(seen: SeenRecord, writer: Enrolment | undefined, isProven: boolean): readonly Finding[] {
    const link = linkOf(seen, writer, isProven);
    if (link === undefined) return none;
    const { request } = seen.record;
    const known = this.#requests.get(request);
    if (known !== undefined) known.links.push(link);
    else if (this.#gone.has(request)) this.#wanted.add(request);
    else this.#records(request).links.push(link);
    if (link.type !== "issue" || this.#accessKeys.add(link.accessKeyId)) return none;
    const message = "another issue record tells the same access key id";
    return [finding("ACCESS_KEY_REPEATED", link.name, link.userid, message)];
  }

  /** An object under a request whose content is bad. */
  spoil(key: RecordKey): void {
    if (key.request !== "-") this.#records(key.request).spoilt.add(key);
  }

  /** Lets go what is over, where much has come since that was looked at last. @param now Unix seconds: where in the log the reader is */
  async settle(now: number): Promise<void> {
    if (this.#requests.size <= this.#enough) return;
    for (const [request, records] of this.#requests) {
      if (records.isKept || !isOver(records, now)) continue;
      records.isKept = (await this.#judge(request, records)).length > 0;
      if (records.isKept) continue;
      this.#requests.delete(request);
      this.#gone.add(request);
      for (const link of records.links)
        if (link.type === "request") this.#goneAsked.add(askedName(request, link));
    }
    // All that stay are looked at each time: that is not to be done for a few.
    this.#enough = Math.max(this.#most, Math.floor(this.#requests.size * 1.25));
  }

  /** Requests of which every record must be given to `restore` before the end. */
  get wanted(): ReadonlySet<string> {
    return this.#wanted;
  }

  /** A valid record of one of them. */
  restore(seen: SeenRecord, writer: Enrolment | undefined, isProven: boolean): void {
    const link = linkOf(seen, writer, isProven);
    if (link !== undefined) this.#records(seen.record.request).links.push(link);
  }

  /** Nothing more comes. */
  async *finish(): AsyncGenerator<Finding> {
    for (const [request, records] of this.#requests) yield* await this.#judge(request, records);
    this.#requests.clear();
  }

  async #judge(request: string, { links, spoilt }: Records): Promise<readonly Finding[]> {
    const { catalogOf, approvals } = this.#lookups;
    const ofExtended = extendsFindings(
      links,
      (other) => this.#requests.get(other),
      (other, asked) =>
        this.#gone.has(other) && !this.#wanted.has(other)
          ? this.#goneAsked.has(askedName(other, asked))
          : undefined,
    );
    const ofCatalog = catalogOf === undefined ? [] : await catalogFindings(links, catalogOf, approvals);
    return [...requestFindings(request, links, spoilt), ...ofExtended, ...ofCatalog];
  }

  #records(request: string): Records {
    const known = this.#requests.get(request);
    if (known !== undefined) return known;
    const records = { links: [], spoilt: new Spoilt(), isKept: false };
    this.#requests.set(request, records);
    return records;
  }
}

/** A requester's wish for targets, under one request. */
function askedName(request: string, { userid, targets }: Pick<RequestLink, "userid" | "targets">): string {
  return JSON.stringify([request, userid, targets.join(" ")]);
}

function isOver({ links }: Records, now: number): boolean {
  // One by one: whoever likes may write a hundred thousand records about one request.
  const last = links.reduce((most, { at }) => Math.max(most, at), 0);
  if (links.some(({ type }) => type === "end" || type === "abort" || type === "denial"))
    return last + ended < now;
  const notAfter = links.reduce(
    (most, link) => (link.type === "issue" ? Math.max(most, link.notAfter) : most),
    0,
  );
  return Math.max(last, notAfter) + silent < now;
}
