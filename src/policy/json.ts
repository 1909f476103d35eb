import { JitError } from "../error.ts";

/**
 * A strict JSON reader (RFC 8259) that refuses what `JSON.parse` lets pass and policies must not hold:
 * the same key twice in one object. IAM refuses those too; whoever read the last one only would judge
 * another policy than the one that the author reads.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deeper nesting than any policy has; keeps hostile text from exhausting the stack. */
const MAX_DEPTH = 64;
const TOKEN =
  /[\t\n\r ]*(?:([{}[\],:])|("(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(true|false|null)|$)/y;

/** @throws JitError `POLICY_INVALID`, its message with the JSON path where the text goes wrong */
export function readJson(text: string): Json {
  const token = new RegExp(TOKEN);
  const next = (path: string): string => {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null) throw invalid(path, `no JSON at character ${at + 1}`);
    return found[1] ?? found[2] ?? found[3] ?? found[4] ?? "";
  };

  const value = (first: string, path: string, depth: number): Json => {
    if (depth > MAX_DEPTH) throw invalid(path, "nested too deeply");
    if (first === "{") return object(path, depth);
    if (first === "[") return array(path, depth);
    if (first === "" || "}],:".includes(first)) throw invalid(path, "a value is missing");
    return literal(first, path) as Json;
  };

  const object = (path: string, depth: number): Json => {
    const entries = new Map<string, Json>();
    let word = next(path);
    if (word === "}") return {};
    for (;;) {
      if (!word.startsWith('"')) throw invalid(path, "a key is missing");
      const key = String(literal(word, path));
      const inner = member(path, key);
      if (entries.has(key)) throw invalid(inner, "the same key twice");
      if (next(inner) !== ":") throw invalid(inner, "no ':' after the key");
      entries.set(key, value(next(inner), inner, depth + 1));
      const end = next(path);
      if (end === "}") return Object.fromEntries(entries);
      if (end !== ",") throw invalid(inner, "no ',' or '}' after the value");
      word = next(path);
    }
  };

  const array = (path: string, depth: number): Json => {
    const items: Json[] = [];
    let word = next(path);
    if (word === "]") return items;
    for (;;) {
      items.push(value(word, `${path}[${items.length}]`, depth + 1));
      const end = next(path);
      if (end === "]") return items;
      if (end !== ",") throw invalid(path, "no ',' or ']' after an item");
      word = next(path);
    }
  };

  const result = value(next("$"), "$", 0);
  if (next("$") !== "" || token.lastIndex !== text.length) throw invalid("$", "text after the end");
  return result;
}

/** A text, number or word of JSON; raw control characters in a text are refused here. */
function literal(word: string, path: string): unknown {
  try {
    return JSON.parse(word);
  } catch (cause) {
    throw new JitError("POLICY_INVALID", `${path}: a text with raw control characters`, { cause });
  }
}

/** The path of a member: `$.Statement`, or `$["aws:x"]` where the key is no plain word. */
export function member(path: string, key: string): string {
  return /^[A-Za-z]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

export function invalid(path: string, problem: string): JitError {
  return new JitError("POLICY_INVALID", `${path}: ${problem}`);
}
