import { type Finding, finding } from "../finding.ts";
import { writerOf } from "../key.ts";
import type { RecordStore } from "../ports.ts";
import type { BatchEntry } from "./batch.ts";
import { readStoredBatch, type StoredBatch } from "./stored.ts";

/** Most names that one finding gives. */
const fewNames = 5;

/**
 * Whether Object Lock kept what was sealed, in COMPLIANCE mode, as its sealer saw it: what GOVERNANCE keeps, whoever may bypass
 * it can remove. That an object is not locked is a fault where others before it were, and worth a look where none ever was.
 */
export class LockBook {
  readonly #before: () => StoredBatch | undefined;
  readonly #store: Pick<RecordStore, "readVersion">;
  #anyLocked = false;
  #first = 0;
  #count = 0;
  readonly #names: string[] = [];

  /** @param before tells, when all is read, the last batch that was verified before, where there is one */
  constructor(store: Pick<RecordStore, "readVersion">, before: () => StoredBatch | undefined) {
    this.#store = store;
    this.#before = before;
  }

  /** @param first index of the first of these leaves */
  add(first: number, entries: readonly BatchEntry[]): void {
    let index = first;
    for (const { leaf } of entries) {
      // What was not read, nobody has asked S3 about.
      if (leaf.sha256 !== "-" && leaf.lockedUntil !== "-") this.#anyLocked = true;
      else if (leaf.sha256 !== "-") {
        if (this.#count === 0) this.#first = index;
        this.#count++;
        if (this.#names.length < fewNames) this.#names.push(leaf.key);
      }
      index++;
    }
  }

  async finish(): Promise<readonly Finding[]> {
    const [name] = this.#names;
    if (name === undefined) return [];
    const wasLocked = this.#anyLocked || (await this.#wasLockedBefore());
    const message = wasLocked
      ? "objects were sealed without a lock in COMPLIANCE mode, which others have (or the sealer may not see locks)"
      : "nothing that was sealed is locked in COMPLIANCE mode (or the sealer may not see locks)";
    const found: Finding = {
      ...finding("LOCK_MISSING", name, writerOf(name), message),
      about: `${this.#first} ${this.#count}`,
      objects: this.#count,
      examples: this.#names,
    };
    return [wasLocked ? found : { ...found, severity: "notice" }];
  }

  async #wasLockedBefore(): Promise<boolean> {
    const before = this.#before();
    const entries = before === undefined ? [] : await readStoredBatch(this.#store, before);
    return (entries ?? []).some(({ leaf }) => leaf.lockedUntil !== "-");
  }
}
