import { asNoise, type Finding, finding } from "../finding.ts";
import { recordPrefix, writerOf } from "../key.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import type { ReadObject } from "../read-object.ts";
import { formatTime } from "../time.ts";
import type { Checkpoint } from "../types.ts";
import type { SignedCheckpoint, TreeHead } from "./checkpoint.ts";
import type { TreeKeys } from "./keys.ts";
import { TreeReader } from "./read-tree.ts";
import { SealedVersions } from "./sealed-versions.ts";
import { listBatches, readStoredBatch } from "./stored.ts";
import { type Cosignatures, readCosignatures } from "./witnessed.ts";

export type TreeStore = Pick<RecordStore, "listVersions" | "readVersion" | "read" | "readCurrent" | "list">;

/** What verification says of the tree. */
export interface TreeReport {
  readonly origin: string;
  /** Of the newest checkpoint, which a log key signed. */
  readonly checkpoint: Checkpoint;
  /** The newest checkpoint that each witness of the trust file cosigned, and when. */
  readonly witnesses: Cosignatures["newest"];
  /** Records by how far they are proven to be where they were: in a cosigned tree, in a signed one, or in none yet. */
  readonly records: { readonly cosigned: number; readonly sealed: number; readonly pending: number };
  /** After this arrival nothing is provably complete: what came later could be removed without a trace. `-`: nothing is. */
  readonly completeUntil: string;
}

const nothing: readonly Finding[] = [];

/** S3 tells whole seconds. */
const slackMs = 1000;

/** A record that arrived that long before the newest batch is in it: sealers look at everything once a day. */
const overdueMs = 26 * 3_600_000;

/** The tree, against which objects are compared one by one as verification meets them. */
export class SealedLog {
  readonly #store: TreeStore;
  readonly #tree: TreeReader;
  readonly #keys: TreeKeys;
  readonly #seen = new Map<string, { readonly seen: Checkpoint; readonly object: string }>();
  readonly #before: SealedVersions | undefined;
  readonly #lastBefore: VerifiedBatch | undefined;
  /** S3's time, ms. */
  readonly #verifiedAt: number;
  #cosigned: Cosignatures | undefined;
  /** Records that are in no batch. */
  #unsealed = 0;
  /** Sealed versions that were verified before, and are not there. */
  #goneBefore = 0;

  private constructor(store: TreeStore, tree: TreeReader, keys: TreeKeys, last: VerifiedBatch | undefined) {
    this.#store = store;
    this.#tree = tree;
    this.#keys = keys;
    this.#lastBefore = last;
    this.#before = tree.before === undefined ? undefined : new SealedVersions(store, tree.before);
    this.#verifiedAt = tree.before?.at(-1)?.lastModified.getTime() ?? Number.NEGATIVE_INFINITY;
  }

  /** The newest checkpoint that a log key signed. */
  get checkpoint(): SignedCheckpoint | undefined {
    return this.#tree.checkpoint;
  }

  /** Leaves of the tree of the newest checkpoint. */
  get size(): number {
    return this.#tree.checkpoint?.size ?? 0;
  }

  /** Whether only what is new is looked at. */
  get isPartial(): boolean {
    return this.#before !== undefined;
  }

  /** Whether a version was verified before: sealed then, or older by its arrival than what was sealed last. */
  async wasVerified(version: ListedObject): Promise<boolean> {
    if (this.#before === undefined) return false;
    const { key, versionId, lastModified } = version;
    if (this.#tree.leaves.find(key, versionId) !== undefined) return false;
    return lastModified.getTime() < this.#verifiedAt - slackMs || (await this.#before.has(version));
  }

  /** @param versions that are there of what was verified before: fewer than were sealed then, and some were removed */
  countOld(versions: number): void {
    this.#goneBefore = Math.max(0, this.#tree.start - versions);
  }

  /** Whatever arrived before was verified; `undefined` where that cannot be said of all. */
  get nothingNewBefore(): Date | undefined {
    const isAll = this.isPartial && this.#tree.leaves.size === Math.min(...this.#tree.roots.keys());
    return isAll && Number.isFinite(this.#verifiedAt) ? new Date(this.#verifiedAt - slackMs) : undefined;
  }

  /** @param since a head that was verified before @param tell is told how many leaves were read so far */
  static async open(
    store: TreeStore,
    keys: TreeKeys,
    since?: TreeHead,
    tell: (leaves: number) => void = () => undefined,
  ): Promise<SealedLog> {
    const tree = await TreeReader.open(store, keys.logKeys, since);
    // What is new is known when all is read.
    if (since !== undefined) while (await tree.readOn()) tell(tree.leaves.size);
    return new SealedLog(store, tree, keys, await lastBefore(store, tree));
  }

  /** Reads more of the tree. */
  async readOn(): Promise<void> {
    await this.#tree.readOn();
  }

  /** What the tree has against one object; `undefined` where that cannot be said before more of the tree is read. */
  check({ object, key, opened, sha256 }: ReadObject): readonly Finding[] | undefined {
    const { name, oldest, later } = object;
    if (oldest === undefined) return nothing;
    const findings: Finding[] = [];
    const isRecord = key !== undefined && opened !== undefined;
    const isSealed = this.#compare(oldest, sha256, { isOpened: opened !== undefined, isRecord }, findings);
    if (isSealed === undefined) return undefined;
    for (const version of later) {
      if (this.#compare(version, undefined, { isOpened: false, isRecord: false }, findings) === undefined)
        return undefined;
    }
    if (!isRecord) return findings;
    if (!isSealed) this.#unsealed++;
    const { seen } = opened.record;
    const head = seen === "-" ? "" : `${seen.size} ${seen.root}`;
    if (seen !== "-" && !this.#seen.has(head)) this.#seen.set(head, { seen, object: name });
    return findings;
  }

  /** @returns whether it is in the tree; `undefined` where it may be in what is not read yet */
  #compare(
    { key, versionId, lastModified }: ListedObject,
    sha256: string | undefined,
    { isOpened, isRecord }: { readonly isOpened: boolean; readonly isRecord: boolean },
    findings: Finding[],
  ): boolean | undefined {
    const leaf = this.#tree.leaves.meet(key, versionId, isRecord);
    if (leaf === undefined && !this.#tree.isRead) return undefined;
    const say = (code: "SEALED_WITHOUT" | "SEALED_CHANGED" | "SEALED_TIME", message: string) =>
      finding(code, key, writerOf(key), message);
    if (leaf === undefined) {
      const { newestBatch, isWhole } = this.#tree;
      if (
        isWhole &&
        newestBatch !== undefined &&
        lastModified.getTime() + overdueMs < newestBatch.getTime()
      ) {
        const message =
          "the object bears an arrival long before the newest batch, and is in none: it was inserted, or passed over";
        const found = say("SEALED_WITHOUT", message);
        findings.push(isOpened ? found : asNoise(found));
      }
      return false;
    }
    if (sha256 !== undefined && leaf.sha256 !== "-" && leaf.sha256 !== sha256)
      findings.push(say("SEALED_CHANGED", "the object's bytes are not those that were sealed"));
    if (leaf.arrived !== Math.floor(lastModified.getTime() / 1000))
      findings.push(say("SEALED_TIME", "the object bears another arrival than when it was sealed"));
    return true;
  }

  /** Where a version that was checked stands in the tree; of one that is in no batch yet, the place that it cannot be before. */
  indexOf(version: ListedObject | undefined): number {
    const { leaves } = this.#tree;
    const leaf = version === undefined ? undefined : leaves.find(version.key, version.versionId);
    return leaf?.index ?? leaves.size;
  }

  /** What the tree has that no object is left of, and what records say that they saw of it. */
  async *finish(): AsyncGenerator<Finding> {
    while (await this.#tree.readOn());
    yield* this.#tree.findings;
    const { logKeys, witnesses } = this.#keys;
    this.#cosigned = await readCosignatures(this.#store, this.#tree, logKeys, witnesses);
    yield* this.#cosigned.findings;
    yield* await this.#removed();
    let largest = 0;
    for (const { seen } of this.#seen.values()) largest = Math.max(largest, seen.size);
    await this.#tree.readUpTo(largest);
    for (const { seen, object } of this.#seen.values()) {
      // What a tree that was verified before had for smaller sizes was compared then.
      if (this.isPartial && seen.size < this.#tree.start) continue;
      if (this.#tree.roots.get(seen.size) === seen.root) continue;
      const what =
        seen.size > this.#tree.leaves.size ? "a larger tree than there is" : "another tree than there is";
      const found = finding(
        "SEEN_DIFFERS",
        object,
        writerOf(object),
        `the record's writer had verified ${what}`,
      );
      yield { ...found, about: `${seen.size} ${seen.root}` };
    }
  }

  /** What is said of the time where nothing new is proven. */
  #newestBefore(proven: number): number | undefined {
    const last = this.#lastBefore;
    return last !== undefined && last.size <= proven ? last.newest : undefined;
  }

  async #removed(): Promise<readonly Finding[]> {
    const wanted = new Set(this.#tree.leaves.unmet(this.#tree.checkpoint?.size ?? 0));
    const repeated = new Set(this.#tree.leaves.repeated);
    const findings: Finding[] = [];
    if (this.#goneBefore > 0) {
      const message = `of what was verified before, ${this.#goneBefore} objects are no longer there; audit verify without --since names them`;
      findings.push(finding("SEALED_REMOVED", recordPrefix, "-", message));
    }
    if (wanted.size === 0 && repeated.size === 0) return findings;
    for (const batch of await listBatches(this.#store)) {
      for (const [at, { leaf }] of ((await readStoredBatch(this.#store, batch)) ?? []).entries()) {
        const index = batch.first + at;
        const say = (code: "SEALED_REMOVED" | "SEALED_REPEATED", message: string) =>
          findings.push(finding(code, leaf.key, writerOf(leaf.key), message));
        if (wanted.has(index)) say("SEALED_REMOVED", `entry ${index} of the tree is no longer there`);
        if (repeated.has(index))
          say("SEALED_REPEATED", `entry ${index} of the tree says again what one before it says`);
      }
    }
    return findings;
  }

  /** To be asked for after `finish`; `undefined` where there is no checkpoint yet. */
  report(): TreeReport | undefined {
    const { checkpoint, leaves, isWhole } = this.#tree;
    if (checkpoint === undefined || this.#cosigned === undefined) return undefined;
    const { size, root, origin } = checkpoint;
    const cosigned = Math.min(this.#cosigned.size, size);
    const proven = this.#cosigned.areAsked ? this.#cosigned.size : size;
    const newest = isWhole ? (leaves.newest(proven) ?? this.#newestBefore(proven)) : undefined;
    return {
      origin,
      checkpoint: { size, root: Buffer.from(root).toString("base64") },
      witnesses: this.#cosigned.newest,
      records: {
        cosigned: leaves.records(0, cosigned),
        sealed: leaves.records(cosigned, size),
        pending: this.#unsealed + leaves.records(size, leaves.size),
      },
      completeUntil: newest === undefined ? "-" : formatTime(new Date(newest * 1000)),
    };
  }
}

/** The last batch that was verified before. */
interface VerifiedBatch {
  /** Of the tree that ends with it. */
  readonly size: number;
  /** The latest arrival in it, Unix seconds. */
  readonly newest: number;
}

async function lastBefore(store: TreeStore, { before }: TreeReader): Promise<VerifiedBatch | undefined> {
  const last = before?.at(-1);
  const entries = last === undefined ? undefined : await readStoredBatch(store, last);
  if (last === undefined || entries === undefined) return undefined;
  const times = entries.map(({ leaf }) => Date.parse(leaf.serverTime) / 1000);
  return { size: last.first + entries.length, newest: Math.max(...times) };
}
