import { JitError } from "../error.ts";
import { type Context, UNKNOWN } from "./context.ts";

/**
 * Text with wildcards and policy variables, in tokens.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "variable"; readonly key: string; readonly fallback: string | undefined };

export interface Syntax {
  /** `*` and `?` match; else they stand for themselves. */
  readonly wildcards: boolean;
  /** `${key}` is replaced; policies of version 2008-10-17 have no variables. */
  readonly variables: boolean;
}

const VARIABLE =
  /\$\{(?:([*?$])|\s*([^{}$,'"*?\s](?:[^{}$,'"*?]*[^{}$,'"*?\s])?)\s*(?:,\s*'([^'{}]*)'\s*)?)\}/y;

/** @throws JitError `POLICY_INVALID` for a `${` that opens no variable */
export function tokenize(pattern: string, syntax: Syntax): Token[] {
  const tokens: Token[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") tokens.push({ kind: "text", text });
    text = "";
  };
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (syntax.wildcards && (char === "*" || char === "?")) {
      flush();
      tokens.push({ kind: char === "*" ? "star" : "any" });
    } else if (syntax.variables && char === "$" && pattern[at + 1] === "{") {
      VARIABLE.lastIndex = at;
      const found = VARIABLE.exec(pattern);
      if (found === null) {
        throw new JitError(
          "POLICY_INVALID",
          `no policy variable at character ${at + 1} of ${JSON.stringify(pattern)}`,
          {
            hint: "a literal dollar sign before a brace is written as a variable that holds only a dollar sign",
          },
        );
      }
      const [whole, literal, key, fallback] = found;
      if (key === undefined) text += literal ?? "";
      else {
        flush();
        tokens.push({ kind: "variable", key: key.toLowerCase(), fallback });
      }
      at += whole.length - 1;
    } else text += char ?? "";
  }
  flush();
  return tokens;
}

/**
 * Replaces the variables by their values, which are always literal text: a `*` in a tag matches only a `*`.
 *
 * @returns `undefined` where a variable has no value (absent, or many values) and no default: then the
 *   element matches nothing; `UNKNOWN` where it depends on an unknown key, which the context notes.
 */
export function resolve(
  tokens: readonly Token[],
  context: Context,
): readonly Token[] | undefined | typeof UNKNOWN {
  let unknown = false;
  const resolved: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "variable") {
      resolved.push(token);
      continue;
    }
    const found = context.lookup(token.key);
    if (found === UNKNOWN) unknown = true;
    else if (typeof found === "string") resolved.push({ kind: "text", text: found });
    else if (found === undefined && token.fallback !== undefined)
      resolved.push({ kind: "text", text: token.fallback });
    else return undefined;
  }
  return unknown ? UNKNOWN : resolved;
}
