/** The log of what was asked of the sandbox: for counting calls and those that waited for each other. */

/** One call. Times are milliseconds of a monotonic clock with an arbitrary zero. */
export interface CallRecord {
  readonly service: string;
  readonly action: string;
  readonly resource: string;
  readonly accessKeyId: string | undefined;
  readonly start: number;
  /** `undefined` while the call runs, and for ever where a fault made it hang. */
  readonly end: number | undefined;
  /** HTTP status; `undefined` where no reply was sent. */
  readonly status: number | undefined;
  /** AWS's error code, where the reply is an error. */
  readonly code: string | undefined;
}

/** A record while its call runs. */
export interface OpenRecord {
  end: number | undefined;
  status: number | undefined;
  code: string | undefined;
}

const KEPT = 100_000;

export class CallLog {
  #records: CallRecord[] = [];

  get records(): readonly CallRecord[] {
    return this.#records;
  }

  start(call: Omit<CallRecord, keyof OpenRecord>): OpenRecord {
    const { service, action, resource, accessKeyId, start } = call;
    const record = {
      service,
      action,
      resource,
      accessKeyId,
      start,
      end: undefined,
      status: undefined,
      code: undefined,
    };
    if (this.#records.length >= KEPT) this.#records.shift();
    this.#records.push(record);
    return record;
  }

  clear(): void {
    this.#records = [];
  }
}

/**
 * How many of the calls had to wait for another: the length of the longest chain of calls in which each starts
 * after the one before has ended.
 */
export function sequentialRoundTrips(records: readonly CallRecord[]): number {
  const ended = records.filter((record) => record.end !== undefined).sort((a, b) => a.start - b.start);
  const depths: { readonly end: number; readonly depth: number }[] = [];
  for (const { start, end = start } of ended) {
    const before = depths.filter((each) => each.end <= start).map((each) => each.depth);
    depths.push({ end, depth: Math.max(0, ...before) + 1 });
  }
  return Math.max(0, ...depths.map((each) => each.depth));
}
