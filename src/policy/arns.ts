import { type Context, UNKNOWN } from "./context.ts";
import { ANY, globOf, type Matcher, STAR, tokenMatcher } from "./match.ts";
import { and, type Tri } from "./tri.ts";
import { resolve, type Token, tokenize } from "./variables.ts";

/**
 * Matching ARNs, which have six parts between colons: `arn:partition:service:region:account:resource`.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */

/** The six parts of an ARN; the last may hold colons. */
export function splitArn(arn: string): readonly string[] | undefined {
  const parts = arn.split(":");
  if (parts.length < 6 || parts[0] !== "arn") return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/**
 * Prepares a value of an Arn* condition: each part is matched by itself, the resource part with its colons.
 * A pattern of fewer parts matches nothing.
 */
export function arnMatcher(pattern: string, variables: boolean): Matcher<string> {
  const parts = arnParts(pattern, variables);
  return parts === undefined || parts.length < 6 ? () => false : partsMatcher(parts);
}

/**
 * Prepares a value of a Resource element. `*` alone matches everything, also what is no ARN. Parts that are
 * missing stand for `*`. Else it is matched part by part, but a `*` that ends one of the first five parts may also
 * run on over colons.
 */
export function resourceMatcher(pattern: string, variables: boolean): Matcher<string> {
  const parts = resourceParts(pattern, variables);
  if (parts === "any") return () => true;
  const within = partsMatcher(parts);
  if (!parts.slice(0, 5).some((tokens) => tokens.at(-1)?.kind === "star")) return within;
  return (subject, context) => {
    const matched = within(subject, context);
    return matched === false ? acrossColons(parts, subject, context) : matched;
  };
}

/**
 * Prepares the test whether a value of a NotResource element is void: the ARN is of its kind, but a variable in the
 * resource part has no value. Then the element says nothing about the ARN, neither in nor out.
 * Source: reference_policies_variables.html#policy-vars-no-value
 */
export function voidMatcher(pattern: string, variables: boolean): Matcher<string> {
  const parts = resourceParts(pattern, variables);
  const last = parts === "any" ? undefined : parts[5];
  if (parts === "any" || last === undefined || last.every((token) => token.kind !== "variable"))
    return () => false;
  const kind = partsMatcher(parts.slice(0, 5));
  return (subject, context) => {
    const resolved = resolve(last, context);
    return and(kind(subject, context), resolved === undefined ? true : resolved === UNKNOWN && "unknown");
  };
}

/** The six parts of a value of a Resource element, missing ones as `*`; `"any"` for `*` alone. */
export function resourceParts(pattern: string, variables: boolean): readonly (readonly Token[])[] | "any" {
  const parts = arnParts(pattern, variables);
  if (parts === undefined) return "any";
  const missing = Array.from({ length: 6 - parts.length }, (): readonly Token[] => [{ kind: "star" }]);
  return [...parts, ...missing];
}

/** @returns one to six parts; `undefined` for stars alone */
function arnParts(pattern: string, variables: boolean): readonly (readonly Token[])[] | undefined {
  const tokens = tokenize(pattern, { wildcards: true, variables });
  if (tokens.length > 0 && tokens.every((token) => token.kind === "star")) return undefined;
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind !== "text" || parts.length === 6) {
      parts.at(-1)?.push(token);
      continue;
    }
    const pieces = token.text.split(":");
    const room = 7 - parts.length;
    const kept = [
      ...pieces.slice(0, room - 1),
      ...(pieces.length < room ? [] : [pieces.slice(room - 1).join(":")]),
    ];
    for (const [index, text] of kept.entries()) {
      if (index > 0) parts.push([]);
      if (text !== "") parts.at(-1)?.push({ kind: "text", text });
    }
  }
  return parts;
}

function partsMatcher(parts: readonly (readonly Token[])[]): Matcher<string> {
  const matchers = parts.map((tokens) => tokenMatcher(tokens, false));
  return (subject, context) => {
    const subjects = splitArn(subject);
    if (subjects === undefined) return false;
    let result: Tri = true;
    for (const [at, matcher] of matchers.entries()) {
      const matched = matcher(subjects[at] ?? "", context);
      if (matched === false) return false;
      if (matched === "unknown") result = matched;
    }
    return result;
  };
}

const COLON = 58;
const STAR_WITHIN = -3;
const ANY_WITHIN = -4;

/** The whole ARN at once; in the first five parts only a `*` that ends its part takes in colons. */
function acrossColons(parts: readonly (readonly Token[])[], subject: string, context: Context): Tri {
  if (!subject.startsWith("arn:")) return false;
  const letters: number[] = [];
  for (const [index, tokens] of parts.entries()) {
    const resolved = resolve(tokens, context);
    if (resolved === undefined) return false;
    if (resolved === UNKNOWN) return "unknown";
    if (index > 0) letters.push(COLON);
    const glob = globOf(resolved);
    const free = (at: number) => index === 5 || at === glob.length - 1;
    for (const [at, letter] of glob.entries()) {
      if (letter === STAR) letters.push(free(at) ? STAR : STAR_WITHIN);
      else letters.push(letter === ANY && index < 5 ? ANY_WITHIN : letter);
    }
  }
  return walk(letters, subject);
}

/** All ways through the pattern at once: two kinds of star leave no single way back. */
function walk(letters: readonly number[], text: string): boolean {
  const isStar = (at: number) => letters[at] === STAR || letters[at] === STAR_WITHIN;
  let states = new Set<number>([0]);
  for (let pos = 0; ; pos++) {
    for (const state of states) if (isStar(state)) states.add(state + 1);
    if (pos === text.length || states.size === 0) return states.has(letters.length);
    const code = text.charCodeAt(pos);
    const next = new Set<number>();
    for (const state of states) {
      const want = letters[state];
      if (want === STAR || (want === STAR_WITHIN && code !== COLON)) next.add(state);
      else if (want === code || want === ANY || (want === ANY_WITHIN && code !== COLON)) next.add(state + 1);
    }
    states = next;
  }
}
