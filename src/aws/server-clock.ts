import type { Clock } from "../audit/ports.ts";

/**
 * The server's time: this machine's, corrected by the Date headers of AWS's replies. WSL and containers are minutes off
 * at times, and a record's hour is the server's.
 */
export class ServerClock implements Clock {
  readonly #local: () => number;
  #skew: number;

  /** @param skew milliseconds by which the server was ahead when last seen */
  constructor(local: () => number, skew = 0) {
    this.#local = local;
    this.#skew = skew;
  }

  now(): Date {
    return new Date(this.#local() + this.#skew);
  }

  /** Milliseconds by which the server is ahead. */
  get skew(): number {
    return this.#skew;
  }

  /** @param header the Date header, which has whole seconds: less than two seconds apart is no skew */
  observe(header: string | undefined): void {
    const server = header === undefined ? Number.NaN : Date.parse(header);
    if (Number.isNaN(server)) return;
    const ahead = server + 500 - this.#local();
    this.#skew = Math.abs(ahead) < 2000 ? 0 : ahead;
  }
}
