import { importPublicKey, thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import type { WriterKey as CheckedKey, CheckedRecord } from "./check/checker.ts";
import { checkSignature } from "./check-signature.ts";
import { type FoundEnrolment, findEnrolment } from "./enrolments.ts";
import { readEnvelope, type UnverifiedRecord } from "./envelope.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { firstOfEach } from "./first-of-each.ts";
import { type RecordKey, readKey } from "./key.ts";
import type { ListedObject, RecordStore } from "./ports.ts";
import { recordIn } from "./record-in.ts";
import { chainOf } from "./rules/chain.ts";
import { type Enrolment, KeyRing, type KeyTrust } from "./rules/keys.ts";
import { placeFindings, type SeenRecord } from "./rules/place.ts";
import type { Grade } from "./statement.ts";
import type { AuditRecord } from "./types.ts";

type Store = Pick<RecordStore, "list" | "listPrefixes" | "read">;
/** A key, and an hour in which it was used. */
export type WriterKey = Pick<RecordKey, "hour" | "userid" | "thumbprint">;
type Listed = Pick<ListedObject, "key" | "lastModified">;

/** Hours of a log that are looked through, unless told. */
export const defaultHours = 92 * 24;

export interface ReaderOptions {
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly trust: KeyTrust | undefined;
  /** Keys whose enrolment need not be searched for. */
  readonly knownKeys?: readonly PublicJwk[];
  /** Most hours that are looked through backwards for a key; 92 days unless told. */
  readonly maximumHours?: number;
  /** Finds the `enrol` record of a key. Left out: the hours of the log are listed, backwards. */
  readonly findEnrolment?: (key: WriterKey) => Promise<FoundEnrolment | undefined>;
  /** Checks records elsewhere. Left out: all is done here. */
  readonly checks?: RecordChecks | undefined;
}

/** Who checks records for one who reads many at once. */
export interface RecordChecks {
  /** To be told of each read that may bring a record to be checked. */
  expect<T>(read: () => Promise<T>): Promise<T>;
  /** `undefined` for what is anything but a good record by that key, and wherever it is to be looked at here. */
  check(bytes: Uint8Array, writer: CheckedKey): Promise<CheckedRecord | undefined>;
}

/** One object of the bucket, checked by itself. */
export interface ReadRecord {
  readonly name: string;
  readonly key: RecordKey;
  /** What the record says; to be believed only if `reason` is `undefined`. `undefined` where it is none. */
  readonly record: AuditRecord | undefined;
  readonly sha256: string | undefined;
  /** Why the record is not valid; `undefined` where its form, place, key and signature are right. */
  readonly reason: FindingCode | undefined;
  /** How well it is known whose key signed; `undefined` where that was not looked up. */
  readonly grade: Grade | undefined;
  /** What is worth a look in the record by itself. */
  readonly notices?: readonly Finding[];
  readonly lastModified: Date;
  /** Whose key signed, where the record is valid and that was looked up. */
  readonly writer?: Enrolment;
}

/**
 * Reads single records and checks form, place, key and signature of each; looks up each writer's enrolment once. Chains
 * are not followed.
 */
export class RecordReader {
  readonly #store: Store;
  readonly #options: ReaderOptions;
  readonly #maximumHours: number;
  readonly #ring: KeyRing;
  readonly #searches = new Map<string, Promise<void>>();
  /** Chains whose key was looked for and not found. */
  readonly #missing = new Set<string>();
  readonly #enrolments = new Map<string, string>();
  /** Of each chain the key, for who checks elsewhere: always the same value. */
  readonly #checkedKeys = new Map<string, CheckedKey>();

  constructor(store: Store, options: ReaderOptions) {
    this.#store = store;
    this.#options = options;
    this.#maximumHours = options.maximumHours ?? defaultHours;
    this.#ring = new KeyRing(options.trust);
  }

  /** The records under a prefix, one after the other. */
  async read(prefix: string): Promise<ReadRecord[]> {
    const entries: ReadRecord[] = [];
    for await (const object of this.#store.list(prefix)) {
      const key = readKey(object.key);
      if (key !== undefined) entries.push(await this.readOne(object, key));
    }
    return entries;
  }

  /**
   * The valid request record under the prefix of a request. Anybody can put objects there, each under the own userid: of each
   * the first few that bear such a name are read, and nothing else.
   */
  async readRequest(prefix: string): Promise<AuditRecord<"request"> | undefined> {
    const named: { readonly object: ListedObject; readonly key: RecordKey }[] = [];
    for await (const object of this.#store.list(prefix)) {
      const key = readKey(object.key);
      if (key?.type === "request") named.push({ object, key });
    }
    for (const { object, key } of firstOfEach(named)) {
      const { record, reason } = await this.readOne(object, key);
      if (record?.type === "request" && reason === undefined) return record;
    }
    return undefined;
  }

  /** One listed record. @param key its name, parsed */
  async readOne({ key: name, lastModified }: Listed, key: RecordKey): Promise<ReadRecord> {
    const nothing = { name, key, lastModified, record: undefined, sha256: undefined, grade: undefined };
    const { checks } = this.#options;
    const read = () => this.#store.read(name);
    const bytes = await (checks === undefined ? read() : checks.expect(read));
    if (bytes === undefined) return { ...nothing, reason: "OBJECT_UNREADABLE" };
    const opened = (await this.#checked(bytes, key)) ?? readEnvelope(bytes);
    if (!opened.ok) return { ...nothing, reason: opened.code };
    const { record, kid, sha256 } = opened;
    const seen: SeenRecord = { name, key, record, kid, sha256, lastModified };
    const [misplaced] = placeFindings(seen, this.#options.log);
    const entry = { ...nothing, record, sha256 };
    if (misplaced !== undefined) return { ...entry, reason: misplaced.code };
    const known = await this.#keyOf(key);
    if (known === undefined) return { ...entry, reason: "KEY_NOT_ENROLLED" };
    const fault = "isChecked" in opened ? undefined : await checkSignature(opened, known);
    if (fault !== undefined)
      return { ...entry, reason: fault === "KEY_UNKNOWN" ? "KEY_NOT_ENROLLED" : fault };
    const [revoked] = this.#ring.revokedFindings(seen);
    if (revoked !== undefined) return { ...entry, reason: revoked.code, grade: known.grade };
    const doubts = this.#ring.attestedFindings(seen);
    const invalid = [...KeyRing.byFindings(seen, this.#ring.find(seen.key)), ...doubts].find(
      ({ severity }) => severity === "invalid",
    );
    const checked = { ...entry, reason: invalid?.code, grade: known.grade, notices: doubts };
    return invalid === undefined && "person" in known ? { ...checked, writer: known } : checked;
  }

  /** What is found good elsewhere, by a key that is known or being looked for: no key is looked for sooner for it. */
  async #checked(bytes: Uint8Array, key: RecordKey): Promise<OpenedElsewhere | undefined> {
    const { checks } = this.#options;
    const chain = chainOf(key);
    if (checks === undefined || !this.#searches.has(chain)) return undefined;
    await this.enrolmentOf(key);
    const writer = this.#checkedKeys.get(chain);
    const checked = writer === undefined ? undefined : await checks.check(bytes, writer);
    if (checked === undefined) return undefined;
    const { kid, sha256 } = checked;
    return { ok: true, isChecked: true, record: recordIn(bytes), kid, sha256 };
  }

  async #keyOf(key: RecordKey) {
    const own = this.#options.knownKeys?.find((jwk) => thumbprintOf(jwk) === key.thumbprint);
    if (own !== undefined) return { jwk: own, key: importPublicKey(own), grade: undefined };
    return await this.enrolmentOf(key);
  }

  /** Whose key it is, `undefined` where it was never enrolled. @param key its hour is where the search begins, backwards */
  async enrolmentOf(key: WriterKey): Promise<Enrolment | undefined> {
    const chain = chainOf(key);
    const search = this.#searches.get(chain) ?? this.#search(key);
    this.#searches.set(chain, search);
    try {
      await search;
    } catch (error) {
      // A bucket that did not answer is asked again the next time.
      this.#searches.delete(chain);
      throw error;
    }
    return this.#ring.find(key);
  }

  /** Keys that were not enrolled when they were looked for may be by now: they are looked for again. */
  forgetMissing(): void {
    for (const chain of this.#missing) this.#searches.delete(chain);
    this.#missing.clear();
  }

  /** What a key is known by, and the name of that `enrol` record; `undefined` where none was looked for, or found. */
  knownAs(
    key: Pick<RecordKey, "userid" | "thumbprint">,
  ): { readonly name: string; readonly enrolment: Enrolment } | undefined {
    const [name, enrolment] = [this.#enrolments.get(chainOf(key)), this.#ring.find(key)];
    return name === undefined || enrolment === undefined ? undefined : { name, enrolment };
  }

  async #search(key: WriterKey): Promise<void> {
    const { log, findEnrolment: find } = this.#options;
    const found = await (find?.(key) ?? findEnrolment(this.#store, key, log, this.#maximumHours));
    if (found === undefined) {
      this.#missing.add(chainOf(key));
      return;
    }
    this.#ring.enrol(found.seen, found.record);
    this.#enrolments.set(chainOf(key), found.seen.name);
    const { key: jwk, by } = found.record;
    this.#checkedKeys.set(chainOf(key), { jwk, thumbprint: key.thumbprint, by });
  }
}

type OpenedElsewhere = Pick<UnverifiedRecord, "record" | "kid" | "sha256"> & {
  readonly ok: true;
  readonly isChecked: true;
};
