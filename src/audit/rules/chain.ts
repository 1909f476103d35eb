import { ByWriter } from "../by-writer.ts";
import { type Finding, type FindingCode, finding } from "../finding.ts";
import type { RecordKey } from "../key.ts";
import { Numbers } from "../numbers.ts";
import { secondsOf } from "../time.ts";
import type { SeenRecord } from "./place.ts";

/** Seconds that a clock may be set back between two records. */
const clockTolerance = 300;
const none: readonly Finding[] = [];

/** What the next link needs of a record. */
interface Link {
  readonly name: string;
  readonly prev: string;
  readonly sha256: string;
  readonly at: number;
}

interface Chain {
  readonly userid: string;
  /** The lowest number that was not seen yet. */
  next: number;
  /** Of record `next − 1`; `undefined` where that one is not known. */
  last: Link | undefined;
  /** Records that came before their predecessor: a listing is in order of time only by the hour. */
  readonly early: Map<number, Link>;
  /** Numbers whose object is there and is no valid record: said elsewhere, so no gap. */
  readonly spoilt: Numbers;
  /** Numbers whose records were verified before. */
  readonly passed: Numbers;
}

/** The name of a writer's chain: one key of one `aws:userid`. */
export function chainOf(key: Pick<RecordKey, "userid" | "thumbprint">): string {
  return `${key.userid}/${key.thumbprint}`;
}

/**
 * Chains without holes or branches: numbers dense from 0, each record holding the hash of the one before. Takes records
 * in any order; what is in order needs no memory.
 */
export class ChainBook {
  readonly #chains = new ByWriter<Chain>();

  /** A valid record. */
  add({ name, key, record, sha256 }: SeenRecord): readonly Finding[] {
    const chain = this.#chain(key);
    const link = { name, prev: record.prev, sha256, at: secondsOf(record.at) };
    const taken = record.n < chain.next || chain.early.has(record.n);
    if (taken) return [this.#say(chain, "CHAIN_FORK", name, `the chain has a second record ${record.n}`)];
    if (record.n !== chain.next) {
      chain.early.set(record.n, link);
      return none;
    }
    const found = this.#take(chain, link);
    return chain.early.size === 0 ? found : [...found, ...this.#advance(chain)];
  }

  /** An object whose name has a place in the chain that no valid record has, and whose content is bad. */
  spoil(key: RecordKey): void {
    this.#chain(key).spoilt.add(key.n);
  }

  /** A record that was verified before, and is not read again. */
  pass(key: RecordKey): void {
    this.spoil(key);
    this.#chain(key).passed.add(key.n);
  }

  /** Whether a valid record of this number was seen; to be asked before `finish`. */
  holds(key: Pick<RecordKey, "userid" | "thumbprint" | "n">): boolean {
    const chain = this.#chains.get(key);
    if (chain === undefined) return false;
    return key.n < chain.next || chain.early.has(key.n) || chain.passed.has(key.n);
  }

  /** Nothing more comes: what is still missing is a gap. */
  *finish(): Generator<Finding> {
    for (const chain of this.#chains.values()) {
      for (const first of [...chain.early.keys()].sort((a, b) => a - b)) {
        const link = chain.early.get(first);
        if (link === undefined) continue;
        const spoilt = chain.spoilt.count(chain.next, first);
        if (spoilt < first - chain.next) {
          const missing =
            first - chain.next === 1 ? `record ${chain.next}` : `records ${chain.next} to ${first - 1}`;
          const found = this.#say(
            chain,
            "CHAIN_GAP",
            link.name,
            `${missing} of the chain before it is missing`,
          );
          yield { ...found, about: `${chain.next}-${first - 1}` };
        }
        chain.next = first;
        chain.last = undefined;
        yield* this.#advance(chain);
      }
    }
  }

  #advance(chain: Chain): Finding[] {
    const found: Finding[] = [];
    for (;;) {
      const link = chain.early.get(chain.next);
      if (link === undefined) return found;
      chain.early.delete(chain.next);
      found.push(...this.#take(chain, link));
    }
  }

  /** The record that is next. */
  #take(chain: Chain, link: Link): readonly Finding[] {
    const { last } = chain;
    chain.last = link;
    chain.next++;
    if (last === undefined || (link.prev === last.sha256 && link.at >= last.at - clockTolerance)) return none;
    const found: Finding[] = [];
    if (link.prev !== last.sha256) {
      found.push(this.#say(chain, "CHAIN_PREV", link.name, "the record before it is not the one it names"));
    }
    if (link.at < last.at - clockTolerance) {
      const message = `the record is dated ${last.at - link.at} seconds before the one it follows`;
      found.push(this.#say(chain, "CHAIN_TIME", link.name, message));
    }
    return found;
  }

  #say(chain: Chain, code: FindingCode, name: string, message: string): Finding {
    return finding(code, name, chain.userid, message);
  }

  #chain(key: RecordKey): Chain {
    const known = this.#chains.get(key);
    if (known !== undefined) return known;
    const chain = {
      userid: key.userid,
      next: 0,
      last: undefined,
      early: new Map(),
      spoilt: new Numbers(),
      passed: new Numbers(),
    };
    this.#chains.set(key, chain);
    return chain;
  }
}
