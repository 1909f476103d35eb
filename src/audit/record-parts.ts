import * as v from "valibot";
import { parsePublicJwk } from "../access/jwk.ts";
import { findHostile } from "../access/text.ts";
import type { PublicJwk } from "../access/types.ts";
import { isId } from "./id.ts";
import { isUserid } from "./key.ts";
import { isTime } from "./time.ts";

/** The formats that record payloads are made of. Lengths count UTF-16 code units. Frozen: docs/record-format.md. */

/**
 * Whether a record may hold a text (its length aside): no control, bidirectional or invisible character, no lone
 * surrogate. The list in `access/text.ts` is fixed, so that no new version of Unicode changes a verdict.
 */
export function isRecordText(text: string): boolean {
  return /^[ -~]*$/.test(text) || findHostile(text) === undefined;
}

export const text = (longest: number, shortest = 1) =>
  v.pipe(
    v.string(),
    v.minLength(shortest),
    v.maxLength(longest),
    v.check(isRecordText, "holds hostile text"),
  );

const matching = (grammar: RegExp) => v.pipe(v.string(), v.regex(grammar));

export const none = v.literal("-");
/** Not a union, which describes for every record how it is none of its first. */
export const orNone = <T extends v.GenericSchema>(schema: T) =>
  v.lazy((input): typeof none | T => (input === "-" ? none : schema));

export const integer = (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));

export const sha256 = matching(/^[0-9a-f]{64}$/);
export const time = v.pipe(v.string(), v.check(isTime, "is no time"));
export const id = v.pipe(v.string(), v.check(isId, "is no id"));
export const userid = v.pipe(v.string(), v.check(isUserid, "is no aws:userid"));
/** 16 bytes, base64url without padding: 22 characters, the last of which carries two bits. */
export const nonce = matching(/^[A-Za-z0-9_-]{21}[AQgw]$/);
/** 32 bytes, base64url without padding. */
export const coordinate = matching(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/);
export const account = matching(/^[0-9]{12}$/);
/** Principal as GetCallerIdentity names it. */
export const principal = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.regex(/^arn:[a-z0-9-]{1,32}:(iam|sts)::[0-9]{12}:[\x21-\x7e]+$/),
);
export const role = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.regex(/^arn:[a-z0-9-]{1,32}:iam::[0-9]{12}:role\/[\x21-\x7e]+$/),
);
/** RoleSessionName and SourceIdentity. */
export const sessionName = matching(/^[A-Za-z0-9_+=,.@-]{2,64}$/);
export const accessKeyId = matching(/^[A-Za-z0-9_]{16,128}$/);
/** Compact JWS or JWE: `parts` base64url parts joined by full stops; a part of a JWE may be empty. */
export const compact = (parts: 3 | 5) =>
  v.pipe(
    v.string(),
    v.maxLength(24_576),
    v.regex(parts === 3 ? /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$/ : /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}$/),
  );
export const target = matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}:[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
export const client = matching(/^[a-z][a-z0-9._-]{0,63}\/[0-9A-Za-z.+-]{1,64}$/);
export const errorCode = matching(/^[A-Z][A-Z0-9_]{0,63}$/);
export const step = matching(/^[a-z][A-Za-z]{0,31}$/);

export const identity = v.strictObject({ arn: principal, userid, account });

export const checkpoint = v.strictObject({
  size: integer(0),
  /** 32 bytes in standard base64 with padding. */
  root: matching(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/),
});

/** Public key of a writer: `parsePublicJwk` decides. */
export const publicJwk = v.custom<PublicJwk>((value) => {
  try {
    parsePublicJwk(value);
    return true;
  } catch {
    return false;
  }
}, "is no public key");

/** One-time key that a session is sealed to. */
export const sealingKey = v.union([
  v.strictObject({ kty: v.literal("OKP"), crv: v.literal("X25519"), x: coordinate }),
  v.strictObject({ kty: v.literal("EC"), crv: v.literal("P-256"), x: coordinate, y: coordinate }),
]);

/** A text that stands in the record, or what proves it: SHA-256(salt ‖ text), the salt as its 22 ASCII characters. */
export const sealedText = (longest: number) =>
  v.union([v.strictObject({ text: text(longest) }), v.strictObject({ sha256, salt: nonce })]);

/** valibot takes a list for an object of its indices. */
const object = v.custom<object>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);
const texts = <Name extends v.GenericSchema<string>>(name: Name, longest: number, most: number) =>
  v.pipe(object, v.record(name, text(longest, 0)), v.maxEntries(most));

/** Circumstances by name. */
export const circumstances = texts(matching(/^[A-Za-z][A-Za-z0-9._:/-]{0,127}$/), 2048, 64);
/** Session tags as AssumeRole was given them. */
export const tags = texts(text(128), 256, 50);

/** Strictly ascending by UTF-16 code units: sorted, and nothing twice. */
export function isAscending(list: readonly string[]): boolean {
  return list.every((item, i) => i === 0 || (list[i - 1] ?? "") < item);
}
