import { hash } from "node:crypto";
import { JitError } from "../error.ts";

/** Crockford's base32 alphabet: no I, L, O, U. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 26 × 5 bits hold 130, so the first character carries three bits only. */
const grammar = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const latestTime = 2 ** 48 - 1;

/**
 * Id of a request or record: ULID-shaped, 26 characters. The first 10 hold 48 bits of Unix milliseconds, the other
 * 16 the first 80 bits of SHA-256(thumbprint ‖ nonce), both as ASCII, so that nobody can post under another's.
 * @param ms Unix time, whole milliseconds
 * @param thumbprint RFC 7638 thumbprint of the writer's key, base64url
 * @param nonce 16 random bytes, base64url; it stands in the record
 * @throws JitError `ID_INVALID` where the time does not fit 48 bits
 */
export function makeId(ms: number, thumbprint: string, nonce: string): string {
  if (!Number.isInteger(ms) || ms < 0 || ms > latestTime) {
    throw new JitError("ID_INVALID", "the time of an id must be whole milliseconds of 48 bits");
  }
  const [first, second] = hashNumbers(thumbprint, nonce);
  return encode(ms, 10) + encode(first, 8) + encode(second, 8);
}

/**
 * An id as it came from outside, before it becomes a path, key or policy.
 * @throws JitError `ID_INVALID`
 */
export function parseId(text: string): string {
  if (!isId(text)) {
    throw new JitError("ID_INVALID", "a request id has 26 characters of 0-9 and A-Z without I, L, O, U", {
      hint: "copy the id as `jit request` or `jit status` printed it",
    });
  }
  return text;
}

/** Whether a text is an id in its one spelling (upper case). */
export function isId(text: string): boolean {
  return grammar.test(text);
}

/** Whether the id's hash part is that of this key and nonce. */
export function idMatches(id: string, thumbprint: string, nonce: string): boolean {
  if (!isId(id)) return false;
  const [first, second] = hashNumbers(thumbprint, nonce);
  return numberAt(id, 10, 18) === first && numberAt(id, 18, 26) === second;
}

/**
 * Unix milliseconds of an id.
 * @throws JitError `ID_INVALID`
 */
export function idTime(id: string): number {
  return numberAt(parseId(id), 0, 10);
}

/** No id of that time or later sorts before it; it is no id itself. @param ms Unix time, whole milliseconds */
export function idFloor(ms: number): string {
  return encode(Math.max(0, ms), 10);
}

/** The first 80 bits of the digest, in two halves. */
function hashNumbers(thumbprint: string, nonce: string): readonly [number, number] {
  const digest = hash("sha256", thumbprint + nonce, "hex");
  return [Number.parseInt(digest.slice(0, 10), 16), Number.parseInt(digest.slice(10, 20), 16)];
}

/** What some characters of an id stand for, ten at most. */
function numberAt(id: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 32 + (values[id.charCodeAt(at)] ?? 0);
  return value;
}

const values = new Uint8Array(128);
for (const [value, character] of [...alphabet].entries()) values[character.charCodeAt(0)] = value;

function encode(value: number, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32))
    text = alphabet.charAt(rest % 32) + text;
  return text;
}
