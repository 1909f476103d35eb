import { ByWriter } from "../by-writer.ts";
import { maximumEnvelope } from "../envelope.ts";
import type { Finding } from "../finding.ts";
import { type RecordKey, readKey } from "../key.ts";
import type { RecordStore } from "../ports.ts";
import { type ReadObject, readObject } from "../read-object.ts";
import { placeFindings } from "../rules/place.ts";
import { mapAtMost, type ScannedObject } from "../scan.ts";
import type { Checkable, RecordChecker, WriterKey } from "./checker.ts";

const parallelReads = 32;

export interface ReaderOptions {
  /** The organization's fingerprint. */
  readonly log: string;
  /** Begins to check on other cores; called once, where there is enough to do. */
  readonly openChecker: (() => Promise<RecordChecker>) | undefined;
  /** Objects from which on that pays. */
  readonly checkFrom: number;
}

/**
 * Reads objects in batches. What a checker finds good, whose name tells the same, and of which there is one version, comes checked;
 * everything else comes as `readObject` reads it.
 */
export class ObjectReader {
  readonly #store: Pick<RecordStore, "readVersion">;
  readonly #options: ReaderOptions;
  /** Of each chain the key of the first `enrol` record under its name. Nothing of it is believed. */
  readonly #writers = new ByWriter<WriterKey>();
  #checker: RecordChecker | undefined;
  #objects = 0;

  constructor(store: Pick<RecordStore, "readVersion">, options: ReaderOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Batches to have under way at once. */
  get parallel(): number {
    return this.#checker === undefined ? 1 : this.#checker.parallel;
  }

  async close(): Promise<void> {
    await this.#checker?.close();
  }

  /**
   * Resolves when another batch may be asked for: keys are needed in the order in which they come.
   * @returns the objects, once they are checked
   */
  async read(batch: readonly ScannedObject[]): Promise<{ readonly objects: Promise<readonly ReadObject[]> }> {
    const { openChecker, checkFrom } = this.#options;
    this.#objects += batch.length;
    if (this.#checker === undefined && openChecker !== undefined && this.#objects > checkFrom)
      this.#checker = await openChecker();
    if (this.#checker === undefined) {
      const read = await mapAtMost(parallelReads, batch, (object) => readObject(this.#store, object));
      for (const object of read) this.#meet(object);
      return { objects: Promise.resolve(read) };
    }
    const keys = batch.map(({ name }) => readKey(name));
    const enrolments = new Map<ScannedObject, ReadObject>();
    for (const [at, object] of batch.entries()) {
      if (keys[at]?.type !== "enrol") continue;
      const read = await readObject(this.#store, object);
      this.#meet(read);
      enrolments.set(object, read);
    }
    const wanted = await this.#checkable(batch, keys);
    const objects = this.#checked(this.#checker, batch, wanted, enrolments);
    // Whoever asked for it hears of it when its turn comes.
    objects.catch(() => undefined);
    return { objects };
  }

  #meet({ key, opened }: ReadObject): void {
    if (key === undefined || opened?.record.type !== "enrol" || opened.kid !== key.thumbprint) return;
    if (this.#writers.get(key) !== undefined) return;
    const { key: jwk, by } = opened.record;
    this.#writers.set(key, { jwk, thumbprint: opened.kid, by });
  }

  async #checkable(
    batch: readonly ScannedObject[],
    keys: readonly (RecordKey | undefined)[],
  ): Promise<readonly Wanted[]> {
    const wanted: Wanted[] = [];
    await mapAtMost(parallelReads, batch, async (object, at) => {
      const key = keys[at];
      const writer = key === undefined ? undefined : this.#writers.get(key);
      const { name, oldest, later, deleteMarkers } = object;
      const isPlain = later.length === 0 && deleteMarkers === 0 && key?.type !== "enrol";
      if (key === undefined || writer === undefined || oldest === undefined || !isPlain) return;
      if (oldest.size > maximumEnvelope) return;
      const bytes = await this.#store.readVersion(name, oldest.versionId);
      if (bytes !== undefined) wanted.push({ object, key, bytes, writer });
    });
    return wanted;
  }

  async #checked(
    checker: RecordChecker,
    batch: readonly ScannedObject[],
    wanted: readonly Wanted[],
    enrolments: ReadonlyMap<ScannedObject, ReadObject>,
  ): Promise<readonly ReadObject[]> {
    const checked = await checker.check(wanted);
    const read = new Map(enrolments);
    for (const [at, { object, key }] of wanted.entries()) {
      const opened = checked[at];
      if (opened === undefined || object.oldest === undefined) continue;
      const { record, kid, sha256 } = opened;
      const seen = { name: object.name, key, record, kid, sha256, lastModified: object.oldest.lastModified };
      if (placeFindings(seen, this.#options.log).length > 0) continue;
      read.set(object, { object, key, opened, sha256, findings: none });
    }
    const others = batch.filter((object) => !read.has(object));
    for (const one of await mapAtMost(parallelReads, others, (object) => readObject(this.#store, object)))
      read.set(one.object, one);
    return batch.flatMap((object) => read.get(object) ?? []);
  }
}

const none: readonly Finding[] = [];

type Wanted = Checkable & { readonly object: ScannedObject; readonly key: RecordKey };
