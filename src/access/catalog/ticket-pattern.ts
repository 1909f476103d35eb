import { maximumTicket } from "../justification.ts";

/** So many ways may a pattern be tried on one ticket: a fraction of a second at worst, three `+` in sequence. */
const maximumWays = 5_000_000;

/**
 * The regular expression for whole tickets, or what is wrong with it.
 *
 * A backtracking matcher can take for ever (`(a+)+`), so only a language is taken whose cost can be told: literal
 * characters, `.`, classes, the escapes `\d \w \s` and their opposites, escaped punctuation, groups, alternatives and
 * quantifiers; no look-around, no back reference. The ways to try a pattern are counted as a product over what stands
 * in sequence and a sum over alternatives; a repetition of what has more than one way is a power.
 */
export function compileTicketPattern(source: string): RegExp | string {
  const bare = source.replace(/^\^/, "").replace(/(?<!\\)((?:\\\\)*)\$$/, "$1");
  const counted = countWays(bare);
  if (typeof counted === "string") return counted;
  if (counted > maximumWays) return "can be tried in too many ways: repeat less inside of repetitions";
  try {
    return new RegExp(`^(?:${bare})$`, "u");
  } catch {
    return "is no regular expression";
  }
}

class Unsupported extends Error {}

function countWays(source: string): number | string {
  try {
    const counter = new Counter(source);
    const ways = counter.alternatives(0);
    if (!counter.atEnd()) return "has a ) without its (";
    return ways;
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}

class Counter {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  atEnd(): boolean {
    return this.#at >= this.#source.length;
  }

  alternatives(depth: number): number {
    if (depth > 10) throw new Unsupported("has groups nested too deeply");
    let ways = this.#sequence(depth);
    while (this.#take(/\|/y)) ways += this.#sequence(depth);
    return ways;
  }

  #sequence(depth: number): number {
    let ways = 1;
    while (!this.atEnd() && !/[|)]/.test(this.#source[this.#at] ?? "")) ways *= this.#repeated(depth);
    return ways;
  }

  #repeated(depth: number): number {
    const ways = this.#atom(depth);
    const quantifier = this.#take(/(?:[*+?]|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??/y);
    if (quantifier === undefined) return ways;
    const [text, from, comma, to] = quantifier;
    const least = from === undefined ? (text.startsWith("+") ? 1 : 0) : Number(from);
    let most = from === undefined ? (text.startsWith("?") ? 1 : maximumTicket) : maximumTicket;
    if (from !== undefined && (comma === undefined || to !== undefined)) most = Number(to ?? from);
    let sum = 0;
    for (let times = least; times <= Math.min(most, maximumTicket); times++) sum += ways ** times;
    return Math.max(sum, 1);
  }

  #atom(depth: number): number {
    if (this.#take(/\((?:\?:)?(?!\?)/y)) {
      const ways = this.alternatives(depth + 1);
      if (!this.#take(/\)/y)) throw new Unsupported("has a ( without its )");
      return ways;
    }
    const atom =
      /(?:[^\\^$.*+?()[\]{}|/]|\/|\.|\\(?:[dDwWsS]|[^A-Za-z0-9])|\[(?:[^\\\]]|\\(?:[dDwWsS]|[^A-Za-z0-9]))+\])/uy;
    if (this.#take(atom)) return 1;
    throw new Unsupported(`cannot be used from its character ${this.#at + 1} on`);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }
}
