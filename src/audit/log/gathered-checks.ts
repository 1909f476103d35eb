import type { Checkable, CheckedRecord, RecordChecker, WriterKey } from "../check/checker.ts";

/** Records that a checker is sent at once: it is asked seldom, and nobody waits long for a batch to fill. */
const batchSize = 32;
/** Below, starting threads takes longer than they save. */
const manyRecords = 2048;

export interface CheckerOptions {
  /** Begins to check on other cores; called once, where there is enough to do. */
  readonly openChecker: () => Promise<RecordChecker>;
  /** Records from which on that pays; 2,048 unless told. */
  readonly checkFrom?: number;
}

interface Asked extends Checkable {
  answer(checked: CheckedRecord | undefined): void;
}

/** A checker of batches for those who read records one by one, many at once. */
export class GatheredChecks {
  readonly #options: CheckerOptions;
  readonly #from: number;
  #checker: Promise<RecordChecker> | undefined;
  #records = 0;
  /** Reads under way, each of which may bring a record to be checked. */
  #expected = 0;
  #gathered: Asked[] = [];
  #isClosed = false;

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#from = options.checkFrom ?? manyRecords;
  }

  /** Tells how many records will be read: whoever knows it early need not begin here. */
  announce(records: number): void {
    if (records >= this.#from) this.#records = Math.max(this.#records, this.#from);
  }

  /** Reads a record; while that goes on, a batch that is not full waits for it. */
  async expect<T>(read: () => Promise<T>): Promise<T> {
    this.#records += 1;
    this.#expected += 1;
    try {
      return await read();
    } finally {
      this.#expected -= 1;
      if (this.#expected === 0) this.#send();
    }
  }

  /** `undefined` for what is anything but a good record by that key, and where there is too little to do: look yourself. */
  async check(bytes: Uint8Array, writer: WriterKey): Promise<CheckedRecord | undefined> {
    if (this.#records < this.#from || this.#isClosed) return undefined;
    return await new Promise((answer) => {
      this.#gathered.push({ bytes, writer, answer });
      if (this.#gathered.length >= batchSize || this.#expected === 0) this.#send();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#send();
    await this.#checker?.then(
      (checker) => checker.close(),
      () => undefined,
    );
  }

  #send(): void {
    const batch = this.#gathered;
    if (batch.length === 0) return;
    this.#gathered = [];
    this.#checker ??= this.#options.openChecker();
    this.#checker
      .then((checker) => checker.check(batch))
      .then(
        (checked) => {
          for (const [at, { answer }] of batch.entries()) answer(checked[at]);
        },
        // Without a checker everybody looks for himself.
        () => {
          for (const { answer } of batch) answer(undefined);
        },
      );
  }
}
