import { resourceParts } from "./arns.ts";
import { ANY, STAR } from "./match.ts";
import { type Token, tokenize } from "./variables.ts";

/** A code unit, `STAR`, `ANY`, `FRESH`, or the text of a policy variable. */
type Letter = number | string;
/** A character that no pattern spells out: what the narrow pattern's wildcards are tried with. */
const FRESH = -3;

/**
 * Whether one wildcard pattern matches every text that the other matches.
 *
 * Exact for patterns without policy variables. A variable may have any value, but always the same: it is
 * covered by itself and by `*`. That errs only towards `false`.
 *
 * Why trying a few texts decides it: where the narrow pattern has a wildcard, a character that the wide one
 * does not spell out is the hardest to match, so only the number of characters for each `*` is left to choose.
 * If a text is matched with none for one `*`, and with more than the wide pattern is long, then it is matched
 * with any number: every piece of the wide pattern that lies left or right of the gap in the long text lies there
 * for all lengths, and a piece that reaches into the gap with `?` takes the fewer from the other side the
 * longer the gap. So each `*` is tried with none and with very many. After very many, all that counts is which
 * `*` of the wide pattern was reached, which keeps the work polynomial.
 */
export function covers(wide: string, narrow: string): boolean {
  const syntax = { wildcards: true, variables: true };
  return coversTokens(tokenize(wide, syntax), tokenize(narrow, syntax));
}

/** `covers` for Action elements, where case does not count. */
export function coversAction(wide: string, narrow: string): boolean {
  return covers(wide.toLowerCase(), narrow.toLowerCase());
}

/**
 * `covers` for Resource elements, which match ARNs part by part. Where the narrow pattern's `*` may run on over a
 * colon (resourceMatcher), the wide one's must too; that errs only towards `false`.
 */
export function coversResource(wide: string, narrow: string): boolean {
  const outer = resourceParts(wide, true);
  const inner = resourceParts(narrow, true);
  if (outer === "any") return true;
  if (inner === "any") return false;
  return outer.every((tokens, part) => {
    const other = inner[part] ?? [];
    const runsOn = part < 5 && other.at(-1)?.kind === "star";
    return (!runsOn || tokens.at(-1)?.kind === "star") && coversTokens(tokens, other);
  });
}

function coversTokens(wide: readonly Token[], narrow: readonly Token[]): boolean {
  const outer = lettersOf(wide);
  const inner = lettersOf(narrow);
  const tried = new Set<string>();

  /** Whether all texts are matched that the narrow pattern can still go on to, from its letter `at`. */
  const holds = (at: number, states: readonly number[]): boolean => {
    let now = states;
    for (let index = at; index < inner.length; index++) {
      if (now.length === 0) return false;
      const letter = inner[index];
      if (letter === STAR) {
        const name = `${index}:${now.join()}`;
        if (tried.has(name)) return true;
        tried.add(name);
        let far = now;
        for (let count = 0; count <= outer.length; count++) far = step(outer, far, FRESH);
        return holds(index + 1, now) && holds(index + 1, far);
      }
      now = step(outer, now, letter === ANY ? FRESH : (letter ?? FRESH));
    }
    return now.includes(outer.length);
  };
  return holds(0, settle(outer, [0]));
}

/** The positions of the wide pattern that are reached by one more letter. */
function step(outer: readonly Letter[], states: readonly number[], letter: Letter): readonly number[] {
  const next: number[] = [];
  for (const state of states) {
    const want = outer[state];
    if (want === STAR) next.push(state);
    else if (want === letter || (want === ANY && typeof letter === "number")) next.push(state + 1);
  }
  return settle(outer, next);
}

/** Steps over stars that match nothing, and drops what lies before the last star: it can match no more than that one. */
function settle(outer: readonly Letter[], states: readonly number[]): readonly number[] {
  const reached = new Set<number>();
  for (const state of states) {
    reached.add(state);
    for (let at = state; outer[at] === STAR; at++) reached.add(at + 1);
  }
  const sorted = [...reached].sort((a, b) => a - b);
  const last = sorted.findLastIndex((state) => outer[state] === STAR);
  return last < 0 ? sorted : sorted.slice(last);
}

function lettersOf(tokens: readonly Token[]): readonly Letter[] {
  const letters: Letter[] = [];
  for (const token of tokens) {
    if (token.kind === "star") letters.push(STAR);
    else if (token.kind === "any") letters.push(ANY);
    else if (token.kind === "variable") letters.push(JSON.stringify([token.key, token.fallback]));
    else for (let at = 0; at < token.text.length; at++) letters.push(token.text.charCodeAt(at));
  }
  return letters;
}
