import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type BatchResult, BatchWriter } from "../audit/check/batch.ts";
import type { Checkable, CheckedRecord, RecordChecker } from "../audit/check/checker.ts";

import { prepareThreadHeaps, threadYoungHeapMb } from "./young-heap.ts";

/** In a bundle, the file of the worker, beside this part of it. */
declare const __JIT_CHECK_WORKER__: string | undefined;

const workerFile = new URL(
  typeof __JIT_CHECK_WORKER__ === "string" ? __JIT_CHECK_WORKER__ : "./check-worker.ts",
  import.meta.url,
);

/** Threads at most: each costs some 40 MiB, and whoever takes what they give keeps up with no more. */
const mostThreads = 8;
/** Batches that a thread has, so that it need not wait for its next. */
const ahead = 2;

/** MiB; what a thread holds is one batch and the keys. */
const limits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: threadYoungHeapMb };

/** @param log the fingerprint that records must name */
export function openCheckPool(
  log: string,
  threads = Math.min(mostThreads, availableParallelism()),
): RecordChecker {
  prepareThreadHeaps();
  const all = Array.from({ length: threads }, () => new Thread(log));
  return {
    parallel: threads * ahead + 1,
    async check(batch) {
      if (batch.length === 0) return [];
      const least = all.reduce((one, other) => (other.waiting < one.waiting ? other : one));
      return await least.check(batch);
    },
    async close() {
      await Promise.all(all.map((thread) => thread.close()));
    },
  };
}

interface Waiting {
  readonly records: readonly Checkable[];
  resolve(checked: readonly (CheckedRecord | undefined)[]): void;
}

/**
 * A thread that ends, whatever ends it, checks nothing more: what it was to check is asked about elsewhere, as everything is that
 * is not plainly good.
 */
class Thread {
  readonly #worker: Worker;
  readonly #writer: BatchWriter;
  readonly #waiting = new Map<number, Waiting>();
  #hasEnded = false;

  constructor(log: string) {
    this.#writer = new BatchWriter(log);
    this.#worker = new Worker(workerFile, { workerData: log, resourceLimits: limits });
    this.#worker.on("message", (result: BatchResult) => this.#take(result));
    this.#worker.on("error", () => this.#end());
    this.#worker.on("exit", () => this.#end());
    // Nothing but what waits for an answer holds the process.
    this.#worker.unref();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  check(records: readonly Checkable[]): Promise<readonly (CheckedRecord | undefined)[]> {
    if (this.#hasEnded) return Promise.resolve(records.map(() => undefined));
    const batch = this.#writer.write(records);
    return new Promise((resolve) => {
      this.#waiting.set(batch.id, { records, resolve });
      this.#worker.ref();
      this.#worker.postMessage(batch, [batch.bytes.buffer, batch.ends.buffer, batch.writers.buffer]);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(result: BatchResult): void {
    const waiting = this.#waiting.get(result.id);
    this.#waiting.delete(result.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    waiting?.resolve(this.#writer.read(waiting.records, result));
  }

  #end(): void {
    this.#hasEnded = true;
    for (const { records, resolve } of this.#waiting.values()) resolve(records.map(() => undefined));
    this.#waiting.clear();
  }
}
