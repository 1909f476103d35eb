import type { Catalog } from "../../../access/types.ts";
import type { RecordKey } from "../../key.ts";
import type { CatalogLookup } from "../../rules/catalog.ts";
import { chainOf } from "../../rules/chain.ts";
import { mapAtMost } from "../../scan.ts";
import { notBeforeName } from "../../window.ts";
import type { JudgedRequest } from "../judge.ts";
import type { NamedRequest } from "../names.ts";
import { seenOf } from "./seen.ts";
import { Segment, type SegmentKey } from "./segment.ts";

/**
 * Where what was judged is kept, a text for each hour. A text comes back as it was set by this program for this organization,
 * bucket and trust file, or not at all: nobody else can have written it. Neither call fails.
 */
export interface Segments {
  get(hour: string): string | undefined;
  set(hour: string, text: string): void;
}

export interface IndexLookups {
  readonly catalogOf: CatalogLookup;
  /** The `enrol` record by which a writer's key was found, and what it tells. */
  enrolmentOf(
    key: Pick<RecordKey, "userid" | "thumbprint">,
  ): (Pick<SegmentKey, "grade" | "personIds"> & { readonly name: string }) | undefined;
  /** Its version as it is listed now. */
  versionOf(name: string): Promise<string | undefined>;
}

const parallelLists = 16;

/**
 * Requests that were judged before and found to be in order. One is taken from here only if the bucket lists the very same
 * versions under it, and for each of its writers the very same enrolment, and if its catalog counts still; all others are
 * judged anew, those with anything wrong every time.
 */
export class LogIndex {
  readonly #segments: Segments;
  readonly #lookups: IndexLookups;
  readonly #open = new Map<string, Segment>();
  readonly #catalogs = new Map<string, Catalog>();
  /** By hour, what is to be added. */
  readonly #added = new Map<string, [NamedRequest, JudgedRequest, string][]>();

  private constructor(segments: Segments, lookups: IndexLookups) {
    this.#segments = segments;
    this.#lookups = lookups;
  }

  /** @param requests those that will be looked for */
  static async open(
    segments: Segments,
    requests: readonly NamedRequest[],
    lookups: IndexLookups,
  ): Promise<LogIndex> {
    const index = new LogIndex(segments, lookups);
    const hours = new Set(requests.map(hourOf));
    const versions = new Map<string, Promise<string | undefined>>();
    const versionOf = (name: string) => {
      const version = versions.get(name) ?? lookups.versionOf(name);
      versions.set(name, version);
      return version;
    };
    await mapAtMost(parallelLists, [...hours], async (hour) => {
      const text = segments.get(hour);
      const segment = (text === undefined ? undefined : Segment.parse(text)) ?? new Segment();
      await segment.dropUnless(
        async ({ enrolment, version }) => (await versionOf(enrolment)) === version,
        async (digest) => {
          const catalog = await lookups.catalogOf(digest);
          if (catalog !== undefined) index.#catalogs.set(digest, catalog);
          return catalog !== undefined;
        },
      );
      index.#open.set(hour, segment);
    });
    return index;
  }

  /** Of what is found; of other requests it may not be known. */
  catalogOf(digest: string): Catalog | undefined {
    return this.#catalogs.get(digest);
  }

  /** Whether it was judged before, if what is listed is still the same. */
  has(named: NamedRequest): boolean {
    return this.#open.get(hourOf(named))?.has(named.request) === true;
  }

  find(named: NamedRequest): JudgedRequest | undefined {
    if (!this.has(named)) return undefined;
    const seen = seenOf(named);
    return seen === undefined ? undefined : this.#open.get(hourOf(named))?.find(named, seen);
  }

  add(named: NamedRequest, judged: JudgedRequest): void {
    const { asked, problems, records, outcome } = judged;
    const seen = seenOf(named);
    const isGood =
      problems.length === 0 && records.every(({ counts, breaksChain }) => counts && !breaksChain);
    if (!isGood || asked === undefined || seen === undefined) return;
    // Rules look at the time when they say whether it may be issued in its window.
    const isOpen = outcome === "pending" || outcome === "scheduled" || outcome === "expired";
    if (isOpen && asked.claimed[notBeforeName] !== undefined) return;
    const hour = hourOf(named);
    const added = this.#added.get(hour) ?? [];
    this.#added.set(hour, added);
    added.push([named, judged, seen]);
  }

  /** Keeps what was added since the last time; what others have kept of the same hours meanwhile may be lost. */
  async save(): Promise<void> {
    const all = [...this.#added];
    // While keys are asked for, more may come.
    this.#added.clear();
    for (const [hour, added] of all) {
      const segment = this.#open.get(hour) ?? new Segment();
      for (const [named, judged, seen] of added) {
        const keys = await this.#keysOf(judged);
        if (keys !== undefined) segment.add(named, seen, judged, keys);
      }
      this.#segments.set(hour, segment.format());
    }
  }

  /** Those whose records the request has; `undefined` where the enrolment of one is not known, or not to be listed. */
  async #keysOf({ records }: JudgedRequest): Promise<ReadonlyMap<string, SegmentKey> | undefined> {
    const keys = new Map<string, SegmentKey>();
    for (const { key } of records) {
      const chain = chainOf(key);
      if (keys.has(chain)) continue;
      const enrolled = this.#lookups.enrolmentOf(key);
      const version = enrolled && (await this.#lookups.versionOf(enrolled.name).catch(() => undefined));
      if (enrolled === undefined || version === undefined) return undefined;
      const { name: enrolment, grade, personIds } = enrolled;
      keys.set(chain, { chain, enrolment, version, grade, personIds });
    }
    return keys;
  }
}

/** Of the first of its names, which is that of the request unless somebody put a record before it. */
function hourOf({ records }: NamedRequest): string {
  return records[0]?.key.hour ?? "-";
}
