import canonicalize from "canonicalize";
import { JitError } from "../error.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Deeper nesting than any format of ours has; it bounds the recursion over hostile input. */
const maximumDepth = 32;

/**
 * RFC 8785 canonical JSON in UTF-8, of null, booleans, strings, safe integers, lists and plain objects of those.
 * What JSON would drop or round in silence is refused: `undefined` (as a member, too), fractions, integers beyond
 * 2^53 − 1, negative zero, lone surrogates, holes in lists, and objects with a prototype or a `toJSON` of their own.
 * @throws JitError `CANONICAL_INVALID` naming the place
 */
export function canonicalJson(value: unknown): Uint8Array {
  check(value, "$", 0);
  const text = canonicalize(value);
  if (text === undefined) throw invalid("$", "has no JSON form");
  return new TextEncoder().encode(text);
}

/**
 * A JSON text (RFC 8259) in strict UTF-8 whose objects have no member twice. Anything else JSON allows is taken;
 * for one spelling only, compare with `canonicalJson` of the result.
 * @throws JitError `JSON_INVALID`
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    const decoded = decodeUtf8(bytes);
    if (decoded === undefined) throw new TypeError("not UTF-8");
    text = decoded;
    // A byte order mark is still there, and refused.
    value = JSON.parse(text);
  } catch (cause) {
    throw new JitError("JSON_INVALID", "the bytes are not JSON in UTF-8", { cause });
  }
  refuseDuplicateMembers(text);
  return value;
}

function check(value: unknown, path: string, depth: number): void {
  if (depth > maximumDepth) throw invalid(path, `is nested deeper than ${maximumDepth} levels`);
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw invalid(path, "holds a lone surrogate");
    return;
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw invalid(path, "is not a safe integer");
    return;
  }
  if (Array.isArray(value)) {
    // By index, because forEach would step over holes.
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${i}]`, depth + 1);
    return;
  }
  if (typeof value !== "object" || !isPlain(value))
    throw invalid(path, `is a ${typeof value} without JSON form`);
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) throw invalid(path, "has a member name with a lone surrogate");
    check(member, `${path}.${name}`, depth + 1);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return !("toJSON" in value) && Object.getOwnPropertySymbols(value).length === 0;
}

function invalid(path: string, what: string): JitError {
  return new JitError("CANONICAL_INVALID", `${path} ${what}`);
}

/** `text` is valid JSON already, so a string is a member name if and only if a colon follows it. */
function refuseDuplicateMembers(text: string): void {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{" || character === "[") {
      if (open.length >= maximumDepth) {
        throw new JitError("JSON_INVALID", `the JSON is nested deeper than ${maximumDepth} levels`);
      }
      open.push(new Set());
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, i);
      let next = end;
      while (/\s/.test(text[next] ?? "")) next++;
      if (text[next] === ":") {
        const name: unknown = JSON.parse(text.slice(i, end));
        const names = open.at(-1);
        if (typeof name === "string" && names !== undefined) {
          if (names.has(name)) throw new JitError("JSON_INVALID", "the JSON has an object member twice");
          names.add(name);
        }
      }
      i = end - 1;
    }
  }
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}
