import type { NamedObject } from "../../audit/first-of-each.ts";
import { hoursBetween } from "../../audit/time.ts";
import { codeOf } from "../../error.ts";
import { type Case, caseHours, listCase, readCase } from "./case.ts";
import { type CasePorts, readerOf } from "./ports.ts";
import { judgeCase, type Standing } from "./standing.ts";
import type { WaitingRequest } from "./waiting.ts";

export interface Seen {
  readonly found: Case;
  readonly standing: Standing;
}

export interface WaitPorts extends CasePorts {
  readonly wait: (ms: number) => Promise<unknown>;
}

export interface WaitHooks {
  /** Others have agreed, and more must: called when that changes. */
  progress(standing: Standing): void;
  /** The bucket did not answer; it is asked again. */
  trouble(error: unknown): void;
}

/** Polls begin at 2 s and slow down to 15 s. */
const firstWait = 2000;
const longestWait = 15_000;
/** Polls that may fail in a row. */
const patience = 5;
const minute = 60_000;
/** After so long all hours of the request are listed again. */
const wholeAgain = 10 * minute;

/**
 * Waits until a request needs nobody else any more: it was issued, or can be; or it ended. Each poll is one LIST of the
 * current hour (at first, and now and then, of all since the request); nothing is read until a listing shows a decision.
 * @throws JitError those of the store, after some tries; as `readCase` and `judgeCase`
 */
export async function awaitDecision(ports: WaitPorts, of: WaitingRequest, hooks: WaitHooks): Promise<Seen> {
  const watch = new Watch(ports, of);
  let pause = firstWait;
  let isReady = of.quorum === 0;
  for (let failures = 0; ; ) {
    try {
      // Once more after the end, so that what came at the last moment is not missed.
      const isLast = isDue(of, ports.clock.now(), isReady);
      const seen = (await watch.look()) ?? (isLast ? await watch.judge() : undefined);
      failures = 0;
      if (seen !== undefined && (isLast || isOver(seen))) return seen;
      if (seen !== undefined) hooks.progress(seen.standing);
      isReady ||= seen?.standing.state === "approved";
    } catch (error) {
      failures += 1;
      if (!isPassing(error) || failures > patience) throw error;
      hooks.trouble(error);
    }
    await ports.wait(pause);
    pause = Math.min(longestWait, Math.round(pause * 1.15));
  }
}

/** Looks once: `undefined` where nobody has decided anything yet, and it has not run out. */
export async function lookOnce(ports: CasePorts, of: WaitingRequest): Promise<Seen | undefined> {
  const watch = new Watch(ports, of);
  const seen = await watch.look();
  return seen === undefined && isDue(of, ports.clock.now(), of.quorum === 0) ? await watch.judge() : seen;
}

/** Whether time alone has decided: it has run out, or needs nobody any more and its window is open. */
function isDue({ notBefore, issuer, closesAt }: WaitingRequest, now: Date, isReady: boolean): boolean {
  return notBefore !== undefined && isReady && issuer === "requester" ? now >= notBefore : now > closesAt;
}

/** All of a request as it stands now. */
export async function lookAnew(ports: CasePorts, request: string): Promise<Seen> {
  const named = await listCase(ports.store, request, caseHours(request, ports.clock.now()));
  const found = await readCase(readerOf(ports), request, named);
  return { found, standing: await judgeCase(ports, found) };
}

/** Whether there is nothing more to wait for. */
export function isOver({ found, standing: { state, window } }: Seen): boolean {
  if (state === "open") return false;
  if (state === "approved" && window?.isEarly === true) return false;
  // Another issues: the approvals alone are not the session.
  return state !== "approved" || found.request.record.issuer === "requester";
}

/** What listings showed so far of one request. */
class Watch {
  readonly #ports: CasePorts;
  readonly #request: string;
  readonly #reader;
  readonly #named = new Map<string, NamedObject>();
  /** How many names the last judgement knew. */
  #judged = 0;
  #listedUntil: Date | undefined;
  #listedWhole: Date | undefined;

  constructor(ports: CasePorts, { request }: WaitingRequest) {
    this.#ports = ports;
    this.#request = request;
    this.#reader = readerOf(ports);
  }

  /** `undefined` where listings show nothing that was not judged. */
  async look(): Promise<Seen | undefined> {
    const now = this.#ports.clock.now();
    const isDue = this.#listedWhole === undefined || now.getTime() - this.#listedWhole.getTime() > wholeAgain;
    await (isDue ? this.#listWhole() : this.#list(this.#recentHours(now)));
    const isFresh =
      this.#judged === 0 && [...this.#named.values()].every(({ key }) => key.type === "request");
    return isFresh || this.#named.size === this.#judged ? undefined : await this.judge();
  }

  /** Of all hours: a record lies in the hour of its signing, and one that could not be sent then comes later. */
  async judge(): Promise<Seen> {
    await this.#listWhole();
    const found = await readCase(this.#reader, this.#request, [...this.#named.values()]);
    const standing = await judgeCase(this.#ports, found);
    // Only now: what could not be read is judged with the next look.
    this.#judged = this.#named.size;
    return { found, standing };
  }

  async #listWhole(): Promise<void> {
    const now = this.#ports.clock.now();
    await this.#list(caseHours(this.#request, now));
    this.#listedWhole = now;
  }

  async #list(hours: readonly string[]): Promise<void> {
    const now = this.#ports.clock.now();
    for (const one of await listCase(this.#ports.store, this.#request, hours))
      if (!this.#named.has(one.object.key)) this.#named.set(one.object.key, one);
    this.#listedUntil = now;
  }

  /** Those since the last listing, with some minutes for clocks that differ. */
  #recentHours(now: Date): readonly string[] {
    const from = (this.#listedUntil ?? now).getTime() - 2 * minute;
    const recent = new Set(hoursBetween(new Date(from), new Date(now.getTime() + 2 * minute)));
    return caseHours(this.#request, now).filter((hour) => recent.has(hour));
  }
}

function isPassing(error: unknown): boolean {
  return ["AUDIT_UNREACHABLE", "AWS_THROTTLED"].includes(codeOf(error) ?? "");
}
