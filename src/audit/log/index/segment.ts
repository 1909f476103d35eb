import type { Identity } from "../../../access/types.ts";
import { chainOf } from "../../rules/chain.ts";
import type { Grade } from "../../statement.ts";
import type { AskedRecord } from "../asked.ts";
import type { Act, Facts } from "../entry.ts";
import type { JudgedRecord, JudgedRequest } from "../judge.ts";
import type { NamedRequest } from "../names.ts";
import { Table } from "./table.ts";

/** A writer's key as it was when requests were judged. */
export interface SegmentKey {
  /** `aws:userid` and thumbprint. */
  readonly chain: string;
  /** Name of its `enrol` record, and the version that was listed. */
  readonly enrolment: string;
  readonly version: string;
  readonly grade: Grade;
  readonly personIds: readonly string[];
}

type Scene = Pick<AskedRecord, "targets" | "role" | "issuer" | "purpose" | "duration" | "catalog">;
type Circumstances = Pick<AskedRecord, "attested" | "claimed">;
type PackedAct = readonly [record: number, by: number, rest: object];
type PackedFacts = Partial<Record<keyof Facts, readonly PackedAct[]>>;

/** A request; numbers are places in the tables, and of records among those that are listed under it. */
type Row = readonly [
  request: string,
  seen: string,
  at: string,
  by: number,
  scene: number,
  circumstances: number,
  texts: Pick<AskedRecord, "reason" | "ticket">,
  outcome: JudgedRequest["outcome"] | null,
  notices: JudgedRequest["notices"],
  records: readonly (readonly [listed: number, key: number, sha256: string])[],
  facts: PackedFacts,
];

interface Stored {
  readonly keys: readonly SegmentKey[];
  readonly people: readonly Identity[];
  readonly scenes: readonly Scene[];
  readonly circumstances: readonly Circumstances[];
  readonly rows: readonly Row[];
}

const kinds = ["answers", "sessions", "ends", "revocations", "reviews", "aborts"] as const;

/** What was judged of the requests of one hour. Texts that lie apart are not in it: where they are erased, they are gone. */
export class Segment {
  readonly #keys: Table<SegmentKey>;
  readonly #people: Table<Identity>;
  readonly #scenes: Table<Scene>;
  readonly #circumstances: Table<Circumstances>;
  readonly #rows: Map<string, Row>;

  constructor(stored: Partial<Stored> = {}) {
    this.#keys = new Table(stored.keys);
    this.#people = new Table(stored.people);
    this.#scenes = new Table(stored.scenes);
    this.#circumstances = new Table(stored.circumstances);
    this.#rows = new Map(stored.rows?.map((row) => [row[0], row]));
  }

  /** @param text as `format` wrote it in this version of the program; `undefined` where it is none */
  static parse(text: string): Segment | undefined {
    try {
      return new Segment(JSON.parse(text) as Stored);
    } catch {
      return undefined;
    }
  }

  format(): string {
    const stored: Stored = {
      keys: this.#keys.values,
      people: this.#people.values,
      scenes: this.#scenes.values,
      circumstances: this.#circumstances.values,
      rows: [...this.#rows.values()],
    };
    return JSON.stringify(stored);
  }

  has(request: string): boolean {
    return this.#rows.has(request);
  }

  /** Leaves out the requests with a key, or under a catalog, that does not count any more as it did. */
  async dropUnless(
    isKey: (key: SegmentKey) => Promise<boolean>,
    isCatalog: (digest: string) => Promise<boolean>,
  ): Promise<void> {
    const keys = await Promise.all(this.#keys.values.map(isKey));
    const scenes = await Promise.all(this.#scenes.values.map(({ catalog }) => isCatalog(catalog)));
    if (![...keys, ...scenes].includes(false)) return;
    for (const [request, [, , , , scene, , , , , records]] of this.#rows) {
      const isGood = scenes[scene] === true && records.every(([, key]) => keys[key] === true);
      if (!isGood) this.#rows.delete(request);
    }
  }

  /** @param keys of all who wrote its records, by chain */
  add(
    { request, records: listed }: NamedRequest,
    seen: string,
    { asked, outcome, notices, records, ...judged }: JudgedRequest,
    keys: ReadonlyMap<string, SegmentKey>,
  ): void {
    if (asked === undefined) return;
    const { targets, role, issuer, purpose, duration, catalog, attested, claimed, reason, ticket } = asked;
    const places = new Map(listed.map(({ object }, place) => [object.name, place]));
    const ofHash = new Map(records.map(({ sha256 }, place) => [sha256, place]));
    const row: Row = [
      request,
      seen,
      asked.at,
      this.#people.place(asked.by),
      this.#scenes.place({ targets, role, issuer, purpose, duration, catalog }),
      this.#circumstances.place({ attested, claimed }),
      { reason, ticket },
      outcome ?? null,
      notices,
      records.flatMap(({ name, key, sha256 }) => {
        const [place, own] = [places.get(name), keys.get(chainOf(key))];
        return place === undefined || own === undefined || sha256 === undefined
          ? []
          : [[place, this.#keys.place(own), sha256] as const];
      }),
      packed(judged, (act) => [ofHash.get(act.sha256) ?? -1, this.#people.place(act.by)]),
    ];
    this.#rows.set(request, row);
  }

  /** @returns `undefined` where something else was listed under it when it was judged. @param seen what is listed now */
  find({ request, records: listed }: NamedRequest, seen: string): JudgedRequest | undefined {
    const row = this.#rows.get(request);
    if (row === undefined || row[1] !== seen) return undefined;
    const [, , at, by, scene, circumstances, texts, outcome, notices, places, facts] = row;
    const records = places.flatMap(([place, ownKey, sha256]): JudgedRecord[] => {
      const { object, key } = listed[place] ?? {};
      const lastModified = object?.oldest?.lastModified;
      if (object === undefined || key === undefined || lastModified === undefined) return [];
      const { name } = object;
      const { grade } = this.#keys.at(ownKey);
      const what = { name, key, record: undefined, sha256, reason: undefined, grade, lastModified };
      return [{ ...what, counts: true, breaksChain: false }];
    });
    const own = places.findIndex(([place]) => listed[place]?.key.type === "request");
    const ownKey = places[own];
    const userid = records[own]?.key.userid;
    if (records.length !== listed.length || ownKey === undefined || userid === undefined) return undefined;
    const { grade, personIds } = this.#keys.at(ownKey[1]);
    const actOf = (record: number, person: number, rest: object) => ({
      ...rest,
      by: this.#people.at(person),
      grade: records[record]?.grade,
      sha256: places[record]?.[2],
    });
    return {
      asked: {
        request,
        at,
        by: this.#people.at(by),
        ...this.#scenes.at(scene),
        ...this.#circumstances.at(circumstances),
        ...texts,
      },
      userid,
      grade,
      personIds,
      outcome: outcome ?? undefined,
      records,
      problems: [],
      notices,
      ...unpacked(facts, actOf),
    };
  }
}

/** Of each act all but who, how well known and which record, which are places in tables. */
function packed(facts: Facts, placesOf: (act: Act) => readonly [number, number]): PackedFacts {
  const all: PackedFacts = {};
  for (const kind of kinds) {
    const acts: readonly Act[] = facts[kind];
    if (acts.length === 0) continue;
    all[kind] = acts.map((act) => {
      const { by: _by, grade: _grade, sha256: _sha256, ...rest } = act;
      return [...placesOf(act), rest] as const;
    });
  }
  return all;
}

function unpacked(facts: PackedFacts, actOf: (...act: PackedAct) => object): Facts {
  const lists = kinds.map((kind) => [kind, facts[kind]?.map((act) => actOf(...act)) ?? []]);
  // What `packed` was given, by the program that wrote it.
  return Object.fromEntries(lists) as unknown as Facts;
}
