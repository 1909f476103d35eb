import { maximumTicket } from "../justification.ts";

/** So many steps may one ticket take, about a quarter of a second at worst; `A+-B+-C+` takes two million. */
const maximumSteps = 10_000_000;

/**
 * The regular expression for whole tickets, or what is wrong with it.
 *
 * A backtracking matcher can take for ever (`(a+)+`), so only a language is taken whose cost can be told: literal
 * characters, `.`, classes, the escapes `\d \w \s` and their opposites, escaped punctuation, groups, alternatives and
 * quantifiers; no look-around, no back reference. What it costs is counted for a ticket of `maximumTicket` characters
 * that does not match, so that every way through the pattern is tried.
 */
export function compileTicketPattern(source: string): RegExp | string {
  const bare = source.replace(/^\^/, "").replace(/(?<!\\)((?:\\\\)*)\$$/, "$1");
  const cost = costOf(bare);
  if (typeof cost === "string") return cost;
  if (cost.steps + cost.ways > maximumSteps)
    return "can be tried in too many ways: repeat less inside of repetitions";
  try {
    const pattern = new RegExp(`^(?:${bare})$`, "u");
    // An expression that is too large for the matcher says so when it is first used.
    pattern.test("");
    return pattern;
  } catch {
    return "is no regular expression";
  }
}

/** What it takes to try a part of a pattern at one place of a ticket. */
interface Cost {
  /** In how many ways it can match there, at most; never below one. */
  readonly ways: number;
  /** Characters looked at until all of them are found; never below one. */
  readonly steps: number;
}

class Unsupported extends Error {}

function costOf(source: string): Cost | string {
  try {
    const counter = new Counter(source);
    const cost = counter.alternatives(0);
    if (!counter.atEnd()) return "has a ) without its (";
    return cost;
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

  alternatives(depth: number): Cost {
    if (depth > 10) throw new Unsupported("has groups nested too deeply");
    let { ways, steps } = this.#sequence(depth);
    while (this.#take(/\|/y)) {
      const other = this.#sequence(depth);
      ways += other.ways;
      steps += other.steps;
    }
    return { ways, steps };
  }

  /** What follows is tried once for each way in which what stands before it matches. */
  #sequence(depth: number): Cost {
    let ways = 1;
    let steps = 1;
    while (!this.atEnd() && !/[|)]/.test(this.#source[this.#at] ?? "")) {
      const part = this.#repeated(depth);
      steps += ways * part.steps;
      ways *= part.ways;
    }
    return { ways, steps };
  }

  #repeated(depth: number): Cost {
    const once = this.#atom(depth);
    const quantifier = this.#take(/(?:[*+?]|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??/y);
    if (quantifier === undefined) return once;
    const [text, from, comma, to] = quantifier;
    const least = from === undefined ? (text.startsWith("+") ? 1 : 0) : Number(from);
    let most = from === undefined && text.startsWith("?") ? 1 : Math.max(least, maximumTicket);
    // A number is taken as it stands, beyond the ticket's length too: what matches nothing is repeated so often.
    if (from !== undefined && (comma === undefined || to !== undefined)) most = Number(to ?? from);
    let ways = 0;
    let steps = 1;
    for (let times = 0; times <= most; times++) {
      const before = once.ways ** times;
      if (times >= least) ways += before;
      if (times < most) steps += before * once.steps;
    }
    return { ways: Math.max(ways, 1), steps };
  }

  #atom(depth: number): Cost {
    if (this.#take(/\((?:\?:)?(?!\?)/y)) {
      const cost = this.alternatives(depth + 1);
      if (!this.#take(/\)/y)) throw new Unsupported("has a ( without its )");
      return cost;
    }
    const atom =
      /(?:[^\\^$.*+?()[\]{}|/]|\/|\.|\\(?:[dDwWsS]|[^A-Za-z0-9])|\[(?:[^\\\]]|\\(?:[dDwWsS]|[^A-Za-z0-9]))+\])/uy;
    if (this.#take(atom)) return { ways: 1, steps: 1 };
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
