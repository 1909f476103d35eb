import type { RecordChecker } from "./check/checker.ts";
import { ObjectReader } from "./check/object-reader.ts";
import { checkSignature } from "./check-signature.ts";
import type { SignatureFault } from "./envelope.ts";
import { type Finding, finding } from "./finding.ts";
import { type RecordKey, readKey, recordPrefix } from "./key.ts";
import type { RecordStore } from "./ports.ts";
import { type ReadObject, readObject } from "./read-object.ts";
import { type Report, Tally } from "./report.ts";
import type { ApprovalLookups } from "./rules/approvals.ts";
import { BadBook } from "./rules/bad-objects.ts";
import type { CatalogLookup } from "./rules/catalog.ts";
import { ChainBook } from "./rules/chain.ts";
import { KeyRing, type KeyTrust } from "./rules/keys.ts";
import { tellsSession } from "./rules/link.ts";
import { arrivalFindings, placeFindings, type SeenRecord } from "./rules/place.ts";
import { RequestBook } from "./rules/request-book.ts";
import { mapAtMost, type ScannedObject, scanBatches } from "./scan.ts";
import { newPart } from "./since.ts";
import { hourStart } from "./time.ts";
import type { SealedLog } from "./tree/sealed-log.ts";

export interface VerifyOptions {
  /** The organization's fingerprint, or `unsigned`. */
  readonly log: string;
  readonly trust: KeyTrust | undefined;
  /** Whether a catalog of this digest was ever signed as the trust file asks. Left out: any digest is taken. */
  readonly knowsCatalog?: (digest: string) => Promise<boolean>;
  /** The catalog of a digest, called once per request with sessions: keep what you parsed. Left out: policies are not compiled anew. */
  readonly catalogOf?: CatalogLookup;
  /** What approvals are judged by, where catalogs are at hand. */
  readonly approvals?: ApprovalLookups;
  /** Whether noise fails, too. */
  readonly strict?: boolean;
  /** The tree to compare with, as `SealedLog.open` read it. Left out: there is none, and what was removed from the end of a chain does not show. */
  readonly sealed?: SealedLog;
  /** Called with every finding as it is made. */
  readonly onFinding?: (finding: Finding) => void;
  /** Called with how many objects were looked at. */
  readonly onProgress?: (objects: number) => void;
  /** Most findings of each severity in the report; 10,000 unless told. */
  readonly maximumFindings?: number;
  /** Checks records on other cores; asked for where there are many. Left out: all is checked here. */
  readonly openChecker?: () => Promise<RecordChecker>;
  /** Objects from which on that is done, and from the first where the tree has as many; 4,096 unless told. */
  readonly checkFrom?: number;
  /** Requests that are held before those that are over are let go; 2,048 unless told. */
  readonly mostRequests?: number;
}

const none: readonly Finding[] = [];
/** Objects that are read and checked together. Few: what is under way when the young heap is full is moved twice. */
const batchSize = 128;
const parallelReads = 32;
/** Below, starting threads takes longer than they save. */
const manyObjects = 4096;

/**
 * Verifies a whole log in the bucket: names, encoding, keys, signatures, chains, and the links between the records of
 * each request. Reads each object once, in the order of names, and holds of each record only what its successors and
 * its request need. Where a part was verified before (`SealedLog.open` with a head), reads what is new, and what that needs.
 *
 * What it cannot see without a tree: records that were removed from the end of a chain, all versions of them.
 * @throws JitError of the store; whatever lies in the bucket makes findings, not errors
 */
export async function verifyLog(
  store: Pick<RecordStore, "listVersions" | "listArrived" | "readVersion">,
  options: VerifyOptions,
): Promise<Report> {
  const verification = new Verification(store, options);
  try {
    if (options.sealed?.isPartial === true) {
      const { objects, requests, fresh } = await newPart(store, options.sealed, (key) =>
        verification.pass(key),
      );
      verification.judgeAlone(requests, fresh);
      for (let i = 0; i < objects.length; i += batchSize)
        await verification.take(objects.slice(i, i + batchSize));
      return await verification.finish();
    }
    for await (const batch of scanBatches(store, recordPrefix, batchSize)) {
      await verification.take(batch);
    }
    return await verification.finish();
  } finally {
    await verification.close();
  }
}

class Verification {
  readonly #store: Pick<RecordStore, "listVersions" | "readVersion">;
  readonly #reader: ObjectReader;
  /** Objects that were judged. */
  #seen = 0;
  /** Where in the log the reader is. */
  #hour: string | undefined;
  /** Batches that are being checked, in order. */
  readonly #underWay: Promise<readonly ReadObject[]>[] = [];
  readonly #options: VerifyOptions;
  readonly #tally: Tally;
  readonly #keys: KeyRing;
  readonly #chains = new ChainBook();
  readonly #requests: RequestBook;
  readonly #bad = new BadBook();
  readonly #catalogs = new Map<string, boolean>();
  /** Requests whose records are all read; `undefined`: all are. */
  #whole: ReadonlySet<string> | undefined;
  /** Names of objects that were not verified before; `undefined`: none was. */
  #fresh: ReadonlySet<string> | undefined;
  /** Objects whose key is not enrolled yet, by their name or their own word: a clock set back puts a record before its key. */
  #waiting: ScannedObject[] = [];

  constructor(store: Pick<RecordStore, "listVersions" | "readVersion">, options: VerifyOptions) {
    this.#store = store;
    this.#options = options;
    this.#tally = new Tally(options.maximumFindings ?? 10_000, options.onFinding ?? (() => undefined));
    this.#keys = new KeyRing(options.trust);
    this.#requests = new RequestBook(options, options.mostRequests);
    const { log, openChecker, sealed, checkFrom = manyObjects } = options;
    const isMany = sealed !== undefined && !sealed.isPartial && sealed.size > checkFrom;
    this.#reader = new ObjectReader(store, { log, openChecker, checkFrom: isMany ? 0 : checkFrom });
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  /** Of records of other requests only their chains are looked at. */
  judgeAlone(requests: ReadonlySet<string>, fresh: ReadonlySet<string>): void {
    this.#whole = requests;
    this.#fresh = fresh;
  }

  async take(batch: readonly ScannedObject[]): Promise<void> {
    this.#tally.objects += batch.length;
    this.#underWay.push((await this.#reader.read(batch)).objects);
    while (this.#underWay.length >= this.#reader.parallel) await this.#next();
  }

  async #next(): Promise<void> {
    const read = await this.#underWay.shift();
    if (read === undefined) return;
    await this.#compare(read);
    await this.#check(read, false);
    this.#seen += read.length;
    this.#options.onProgress?.(this.#seen);
  }

  /** A place in a chain whose record was verified before, and is not read. */
  pass(key: RecordKey): void {
    this.#chains.pass(key);
  }

  async finish(): Promise<Report> {
    while (this.#underWay.length > 0) await this.#next();
    const waiting = this.#waiting;
    for (let i = 0; i < waiting.length; i += batchSize) {
      const batch = waiting.slice(i, i + batchSize);
      const read = await mapAtMost(parallelReads, batch, (object) => readObject(this.#store, object));
      await this.#check(read, true);
    }
    const onFault = (key: RecordKey): void => {
      this.#requests.spoil(key);
      if (this.#keys.find(key) !== undefined && !this.#chains.holds(key)) this.#chains.spoil(key);
    };
    this.#tally.take(this.#bad.finish(this.#keys, this.#chains, onFault));
    this.#tally.take(this.#chains.finish());
    await this.#restore();
    // What a request extends that was verified before is not at hand, and was judged with it.
    for await (const found of this.#requests.finish())
      if (found.code !== "EXTENDS_UNKNOWN" || this.#fresh?.has(found.object) !== false)
        this.#tally.take([found]);
    const { sealed, strict = false } = this.#options;
    if (sealed === undefined) return this.#tally.report(strict);
    for await (const found of sealed.finish()) this.#tally.take([found]);
    return this.#tally.report(strict, sealed.report());
  }

  /** Names are in order, so an hour that begins ends those before it. */
  async #enter(hour: string): Promise<void> {
    this.#hour = hour;
    await this.#requests.settle(hourStart(hour) / 1000);
  }

  /** What was let go, and then spoken of again. */
  async #restore(): Promise<void> {
    const { wanted } = this.#requests;
    if (wanted.size === 0) return;
    const isWanted = ({ name }: ScannedObject) => wanted.has(readKey(name)?.request ?? "");
    for await (const batch of scanBatches(this.#store, recordPrefix, batchSize)) {
      const those = batch.filter(isWanted);
      const read = await mapAtMost(parallelReads, those, (object) => readObject(this.#store, object));
      for (const object of read) {
        const seen = seenRecord(object);
        if (seen === undefined || (await this.#faultOf(object)) !== undefined) continue;
        if (!(await this.#isGood(object, seen))) continue;
        const isProven = this.#keys.attestedFindings(seen).length === 0;
        this.#requests.restore(seen, this.#keys.find(seen.key), isProven);
      }
    }
  }

  /** Whether a record that its key has signed counts. */
  async #isGood(object: ReadObject, seen: SeenRecord): Promise<boolean> {
    const isPlaced = placeFindings(seen, this.#options.log).length === 0;
    return (
      isPlaced && this.#revoked(object, seen).length === 0 && (await this.#knowsCatalog(seen.record.catalog))
    );
  }

  #revoked(object: ReadObject, seen: SeenRecord): readonly Finding[] {
    const indexOf = () => this.#options.sealed?.indexOf(object.object.oldest);
    return this.#keys.revokedFindings(seen, indexOf);
  }

  async #check(read: readonly ReadObject[], isLast: boolean): Promise<void> {
    // Keys first: within one hour the names of `enrol` records sort before all others.
    const enrolments = read.filter(({ opened }) => opened?.record.type === "enrol");
    const others = read.filter(({ opened }) => opened?.record.type !== "enrol");
    for (const object of enrolments) await this.#judge(object, await this.#faultOf(object));
    const ready = others.filter((object) => {
      const waits = !isLast && isSigned(object) && !this.#knowsKeys(object);
      if (waits) this.#waiting.push(object.object);
      return !waits;
    });
    // Of what came checked the key is known by now, and has signed.
    const unchecked = ready.filter((object) => !isChecked(object));
    const faults = new Map(
      await Promise.all(unchecked.map(async (object) => [object, await this.#faultOf(object)] as const)),
    );
    for (const object of ready) {
      const hour = object.key?.hour;
      if (!isLast && hour !== undefined && hour !== this.#hour) await this.#enter(hour);
      const doubted = this.#judge(object, faults.get(object));
      if (doubted !== undefined) await doubted;
    }
  }

  /** What is wrong with an object's signature, where it has the form of a record at all. */
  async #faultOf(object: ReadObject): Promise<SignatureFault | undefined> {
    if (!isSigned(object)) return undefined;
    const { opened, key } = object;
    if ("isChecked" in opened) return this.#keys.find(key) === undefined ? "KEY_UNKNOWN" : undefined;
    if (opened.record.type === "enrol") {
      return checkSignature(opened, KeyRing.ownKey(opened.record));
    }
    const enrolment = this.#keys.find(key);
    return enrolment === undefined ? "KEY_UNKNOWN" : checkSignature(opened, enrolment);
  }

  /** With the tree. What was compared with it before is not counted again. */
  async #compare(read: readonly ReadObject[]): Promise<void> {
    const { sealed } = this.#options;
    if (sealed === undefined) return;
    for (const object of read) {
      const { oldest } = object.object;
      if (oldest === undefined || (sealed.isPartial && (await sealed.wasVerified(oldest)))) continue;
      let found = sealed.check(object);
      while (found === undefined) {
        await sealed.readOn();
        found = sealed.check(object);
      }
      this.#tally.take(found);
    }
  }

  #knowsKeys({ key, opened }: SignedObject): boolean {
    if (this.#keys.find(key) === undefined) return false;
    // What came checked lies where it belongs.
    return "isChecked" in opened || this.#keys.find(homeOf(opened)) !== undefined;
  }

  /** Resolved at once for nearly all, which are in order. */
  #judge(object: ReadObject, fault: SignatureFault | undefined): Promise<void> | undefined {
    const { key, findings } = object;
    if (key === undefined) {
      this.#tally.take(findings);
      return undefined;
    }
    const seen = seenRecord(object);
    if (seen === undefined) {
      this.#bad.add({
        name: object.object.name,
        key,
        findings,
        isGrave: findings.some(isOfStore),
        isOrphan: false,
        tellsSession: false,
        home: undefined,
      });
      return undefined;
    }
    const misplaced = isChecked(object) ? none : placeFindings(seen, this.#options.log);
    const isOwn = fault === undefined && misplaced.length === 0;
    const revoked = isOwn ? this.#revoked(object, seen) : none;
    const isGood = isOwn && revoked.length === 0 && this.#catalogs.get(seen.record.catalog) === true;
    if (!isGood) return this.#doubt(object, seen, fault, misplaced, revoked);
    this.#accept(seen, findings);
    return undefined;
  }

  async #doubt(
    object: ReadObject,
    seen: SeenRecord,
    fault: SignatureFault | undefined,
    misplaced: readonly Finding[],
    revoked: readonly Finding[],
  ): Promise<void> {
    const { findings } = object;
    const { key, name, record } = seen;
    const isUnknown = fault === "KEY_UNKNOWN" && misplaced.length === 0;
    const found = [...misplaced];
    // Under a wrong name the key is looked for in the wrong place: the name is what is wrong.
    if (fault !== undefined && fault !== "KEY_UNKNOWN") found.unshift(signatureFinding(seen, fault));
    const isOwn = fault === undefined && misplaced.length === 0;
    if (revoked.length > 0) {
      this.#bad.add({
        name,
        key,
        findings: [...findings, ...revoked],
        isGrave: findings.some(isOfStore),
        isRevoked: true,
        isOrphan: false,
        tellsSession: tellsSession(record),
        home: undefined,
      });
      return;
    }
    const knowsCatalog = isUnknown || (await this.#knowsCatalog(record.catalog));
    if (!knowsCatalog) {
      found.push(finding("CATALOG_UNKNOWN", name, key.userid, "no signed catalog has this digest"));
    }
    if (isUnknown || found.length > 0) {
      this.#bad.add({
        name,
        key,
        findings: [...findings, ...found],
        isGrave: findings.some(isOfStore) || isOwn,
        isOrphan: isUnknown,
        tellsSession: isUnknown && tellsSession(record),
        home: misplaced.length > 0 ? await this.#homeOf(object) : undefined,
      });
      return;
    }
    this.#accept(seen, findings);
  }

  /** A good record. @param findings what the store did with it */
  #accept(seen: SeenRecord, findings: readonly Finding[]): void {
    const tally = this.#tally;
    const { record } = seen;
    tally.take(findings);
    if (record.type === "enrol") tally.take(this.#keys.enrol(seen, record));
    const writer = this.#keys.find(seen.key);
    tally.record(record.type, writer?.grade ?? "path only");
    tally.take(arrivalFindings(seen));
    tally.take(KeyRing.byFindings(seen, writer));
    const doubts = this.#keys.attestedFindings(seen);
    tally.take(doubts);
    tally.take(this.#chains.add(seen));
    if (this.#whole?.has(record.request) === false) return;
    tally.take(this.#requests.add(seen, writer, doubts.length === 0));
  }

  /** Where a misplaced record belongs, if the key of that chain signed it. */
  async #homeOf(object: ReadObject): Promise<Home | undefined> {
    // What came checked lies where it belongs.
    if (!isSigned(object) || "isChecked" in object.opened) return undefined;
    const home = homeOf(object.opened);
    const enrolment = this.#keys.find(home);
    if (enrolment === undefined) return undefined;
    return (await checkSignature(object.opened, enrolment)) === undefined ? home : undefined;
  }

  async #knowsCatalog(digest: string): Promise<boolean> {
    const { knowsCatalog } = this.#options;
    if (knowsCatalog === undefined) return true;
    const known = this.#catalogs.get(digest) ?? (await knowsCatalog(digest));
    this.#catalogs.set(digest, known);
    return known;
  }
}

type SignedObject = ReadObject & Required<{ [K in "key" | "opened"]: NonNullable<ReadObject[K]> }>;

function isSigned(object: ReadObject): object is SignedObject {
  return object.key !== undefined && object.opened !== undefined;
}

function isChecked({ opened }: ReadObject): boolean {
  return opened !== undefined && "isChecked" in opened;
}

type Home = Pick<RecordKey, "userid" | "thumbprint" | "n">;

/** The place that a record's own words give it. */
function homeOf({ record, kid }: SignedObject["opened"]): Home {
  return { userid: record.by.userid, thumbprint: kid, n: record.n };
}

/** What the store did, or was made to do, with an object: no writer's garbage does that. */
function isOfStore({ code, severity }: Finding): boolean {
  return code.startsWith("OBJECT_") && severity === "invalid";
}

function seenRecord(object: ReadObject): SeenRecord | undefined {
  const { oldest } = object.object;
  if (!isSigned(object) || oldest === undefined) return undefined;
  const { record, kid, sha256 } = object.opened;
  return {
    name: object.object.name,
    key: object.key,
    record,
    kid,
    sha256,
    lastModified: oldest.lastModified,
  };
}

function signatureFinding({ name, key }: SeenRecord, fault: Exclude<SignatureFault, "KEY_UNKNOWN">): Finding {
  const { userid } = key;
  switch (fault) {
    case "KEY_ALGORITHM":
      return finding(fault, name, userid, "the key is not one of the algorithm that the header names");
    case "SIGNATURE_HIGH_S":
      return finding(fault, name, userid, "the signature is the second spelling of one");
    case "SIGNATURE_INVALID":
      return finding(fault, name, userid, "the signature is not that of the key over these bytes");
  }
}
