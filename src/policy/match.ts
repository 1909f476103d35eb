import { type Context, UNKNOWN } from "./context.ts";
import type { Tri } from "./tri.ts";
import { resolve, type Syntax, type Token, tokenize } from "./variables.ts";

/** A pattern ready to match: code units, `STAR` for any text and `ANY` for any one code unit. */
export type Glob = readonly number[];
export const STAR = -1;
export const ANY = -2;

/** Tokens without variables as a glob. */
export function globOf(tokens: readonly Token[]): Glob {
  const glob: number[] = [];
  for (const token of tokens) {
    if (token.kind === "star") {
      if (glob[glob.length - 1] !== STAR) glob.push(STAR);
    } else if (token.kind === "any") glob.push(ANY);
    else if (token.kind === "text") {
      for (let at = 0; at < token.text.length; at++) glob.push(token.text.charCodeAt(at));
    }
  }
  return glob;
}

/**
 * Whether the whole text matches. Keeps one way back, to the last `*`, so the work is at most the product
 * of the two lengths, whatever the pattern.
 */
export function matchGlob(glob: Glob, text: string): boolean {
  let at = 0;
  let pos = 0;
  let star = -1;
  let resume = 0;
  while (pos < text.length) {
    const want = glob[at];
    if (want === STAR) {
      star = at++;
      resume = pos;
    } else if (want !== undefined && (want === ANY || want === text.charCodeAt(pos))) {
      at++;
      pos++;
    } else if (star >= 0) {
      at = star + 1;
      pos = ++resume;
    } else return false;
  }
  while (glob[at] === STAR) at++;
  return at === glob.length;
}

/** `*` and `?` over any text, colons and slashes included; case-sensitive; no variables. */
export function matchesPattern(pattern: string, text: string): boolean {
  return matchGlob(globOf(tokenize(pattern, { wildcards: true, variables: false })), text);
}

/** Whether an Action element's value takes in an action; case does not count. */
export function matchesAction(pattern: string, action: string): boolean {
  return matchesPattern(pattern.toLowerCase(), action.toLowerCase());
}

/** A test of a text that may depend on the request context. */
export type Matcher<T> = (subject: T, context: Context) => Tri;

/** Prepares a pattern; an unresolvable variable matches nothing. */
export function textMatcher(pattern: string, syntax: Syntax, fold = false): Matcher<string> {
  return tokenMatcher(tokenize(pattern, syntax), fold);
}

/** `textMatcher` for tokens. */
export function tokenMatcher(tokens: readonly Token[], fold: boolean): Matcher<string> {
  const folded = (list: readonly Token[]) =>
    globOf(fold ? list.map((t) => (t.kind === "text" ? { ...t, text: t.text.toLowerCase() } : t)) : list);
  if (tokens.every((token) => token.kind !== "variable")) {
    const glob = folded(tokens);
    return (subject) => matchGlob(glob, fold ? subject.toLowerCase() : subject);
  }
  return (subject, context) => {
    const resolved = resolve(tokens, context);
    if (resolved === undefined) return false;
    if (resolved === UNKNOWN) return "unknown";
    return matchGlob(folded(resolved), fold ? subject.toLowerCase() : subject);
  };
}
