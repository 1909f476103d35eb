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

function tokenMatcher(tokens: readonly Token[], fold: boolean): Matcher<string> {
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

/** `arn:partition:service:region:account:resource` in its six parts; the last may hold colons. */
export function splitArn(arn: string): readonly string[] | undefined {
  const parts = arn.split(":");
  if (parts.length < 6 || parts[0] !== "arn") return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/**
 * Prepares a pattern that is matched part by part: a wildcard does not reach over one of the first five
 * colons, but within the resource part it takes in colons and slashes. `*` alone matches everything.
 *
 * @param complete whether an ARN with parts missing stands for one with `*` there, as in Resource elements
 */
export function arnMatcher(pattern: string, variables: boolean, complete: boolean): Matcher<string> {
  const parts = arnParts(pattern, variables, complete);
  if (parts === "any") return () => true;
  if (parts === undefined) return () => false;
  const matchers = parts.map((tokens) => tokenMatcher(tokens, false));
  return (subject, context) => {
    const subjects = splitArn(subject);
    if (subjects === undefined) return false;
    let result: Tri = true;
    for (let at = 0; at < 6; at++) {
      const matched = matchers[at]?.(subjects[at] ?? "", context) ?? false;
      if (matched === false) return false;
      if (matched === "unknown") result = matched;
    }
    return result;
  };
}

/** The six parts of an ARN pattern; `"any"` for one that matches all, `undefined` for one that is no ARN. */
export function arnParts(
  pattern: string,
  variables: boolean,
  complete: boolean,
): readonly (readonly Token[])[] | "any" | undefined {
  const tokens = tokenize(pattern, { wildcards: true, variables });
  if (tokens.length > 0 && tokens.every((token) => token.kind === "star")) return "any";
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind !== "text" || parts.length === 6) {
      parts.at(-1)?.push(token);
      continue;
    }
    const pieces = token.text.split(":");
    const room = 6 - parts.length;
    const kept = pieces.length > room + 1 ? [...pieces.slice(0, room), pieces.slice(room).join(":")] : pieces;
    for (const [index, text] of kept.entries()) {
      if (index > 0) parts.push([]);
      if (text !== "") parts.at(-1)?.push({ kind: "text", text });
    }
  }
  if (parts.length < 6 && !complete) return undefined;
  while (parts.length < 6) parts.push([{ kind: "star" }]);
  return parts;
}
