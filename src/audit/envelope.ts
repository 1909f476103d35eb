import { verify } from "node:crypto";
import { encodeBase64url } from "../access/base64url.ts";
import { canonicalJson, parseStrictJson } from "../access/canonical.ts";
import { sha256Hex } from "../access/digest.ts";
import { isLowS } from "../access/es256.ts";
import { importPublicKey, thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import { decodeUtf8 } from "../access/utf8.ts";
import { JitError } from "../error.ts";
import { isThumbprint } from "./key.ts";
import { type PlainRecord, readPlainRecord } from "./plain-record.ts";
import type { Signer } from "./ports.ts";
import { parseRecord, type RecordFault, recordFault } from "./record.ts";
import type { AuditRecord } from "./types.ts";

/** Most bytes of a canonical payload. */
export const maximumPayload = 32 * 1024;
/** No envelope of a payload of that size is larger. */
export const maximumEnvelope = 48 * 1024;

/** Why bytes are no record. */
export type EnvelopeFault =
  | "ENVELOPE_TOO_LARGE"
  | "ENVELOPE_SHAPE"
  | "ENVELOPE_HEADER"
  | "ENVELOPE_ENCODING"
  | "PAYLOAD_TOO_LARGE"
  | "PAYLOAD_NOT_JSON"
  | "PAYLOAD_NOT_CANONICAL"
  | "RECORD_INVALID"
  | RecordFault;

/** Why a record's signature does not count. */
export type SignatureFault = "KEY_UNKNOWN" | "KEY_ALGORITHM" | "SIGNATURE_HIGH_S" | "SIGNATURE_INVALID";

type Algorithm = Signer["algorithm"];

/** A record whose form is right and whose signature nobody has looked at yet. */
export interface UnverifiedRecord {
  readonly record: AuditRecord;
  /** SHA-256 of the whole object. */
  readonly sha256: string;
  readonly algorithm: Algorithm;
  /** Thumbprint of the key that is said to have signed. */
  readonly kid: string;
  readonly signature: Uint8Array;
  /** Of `PlainRecord`, where the payload was one. */
  readonly judged: string | undefined;
  /** `protected` ‖ `.` ‖ `payload` (RFC 7515, section 5.1). */
  readonly signed: Uint8Array;
}

export type Opened<Fault> =
  | ({ readonly ok: true } & UnverifiedRecord)
  | { readonly ok: false; readonly code: Fault };

/** A key by its thumbprint. */
export type KeyLookup = (kid: string) => PublicJwk | undefined;

/**
 * Signs a record and writes its envelope: a flattened JWS (RFC 7515, section 7.2.2) in canonical JSON with exactly
 * the members `payload`, `protected` and `signature`.
 * @returns the bytes of the object
 * @throws JitError `RECORD_INVALID`, the code of a `RecordFault`, or `PAYLOAD_TOO_LARGE`: nothing is signed that the
 * verifier would refuse
 */
export async function seal(record: AuditRecord, signer: Signer): Promise<Uint8Array> {
  const parsed = parseRecord(record);
  const fault = recordFault(parsed, signer.thumbprint);
  if (fault !== undefined) throw new JitError(fault, "the record does not agree with itself or its key");
  const payload = canonicalJson(parsed);
  // valibot leaves out members such as `constructor` in silence.
  if (Buffer.compare(payload, canonicalJson(record)) !== 0) {
    throw new JitError("RECORD_INVALID", "the record has a member that no record can have");
  }
  if (payload.length > maximumPayload) {
    throw new JitError("PAYLOAD_TOO_LARGE", `the record has ${payload.length} bytes of ${maximumPayload}`, {
      hint: "shorten the reason, or ask for fewer targets at once",
    });
  }
  const header = headerText(signer.algorithm, signer.thumbprint);
  const body = encodeBase64url(payload);
  const signature = await signer.sign(ascii(`${header}.${body}`));
  return ascii(envelopeText(body, header, encodeBase64url(signature)));
}

/**
 * Takes an object apart and refuses every second spelling: the whole is built again from what was read, and the bytes
 * compared. Does not look at the signature.
 */
export function readEnvelope(bytes: Uint8Array): Opened<EnvelopeFault> {
  if (bytes.length > maximumEnvelope) return bad("ENVELOPE_TOO_LARGE");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const parts = looseShape.exec(text);
  if (parts === null) return bad("ENVELOPE_SHAPE");
  const [, payloadText = "", headText = "", signatureText = ""] = parts;
  const payload = decode(payloadText);
  const header = readHeader(headText);
  const signature = decode(signatureText);
  const isEncoded = header !== undefined || decode(headText) !== undefined;
  if (payload === undefined || signature === undefined || !isEncoded)
    return bad(shape.test(text) ? "ENVELOPE_ENCODING" : "ENVELOPE_SHAPE");
  if (header === undefined) return bad("ENVELOPE_HEADER");
  if (signature.length !== 64) return bad("ENVELOPE_ENCODING");
  const read = readPayload(payload);
  if (typeof read === "string") return bad(read);
  const { record, judged } = read;
  const { algorithm, kid } = header;
  const fault = recordFault(record, kid);
  if (fault !== undefined) return bad(fault);
  return {
    ok: true,
    record,
    judged,
    sha256: sha256Hex(bytes),
    algorithm,
    kid,
    signature,
    signed: ascii(`${headText}.${payloadText}`),
  };
}

/**
 * The key that a record's signature is to be checked with: an `enrol` record brings its own, whose thumbprint
 * `recordFault` has compared with the header's; all others are looked up.
 */
export function keyOf(record: UnverifiedRecord, lookup: KeyLookup): PublicJwk | undefined {
  if (record.record.type === "enrol") return record.record.key;
  const key = lookup(record.kid);
  return key !== undefined && thumbprintOf(key) === record.kid ? key : undefined;
}

/** What is wrong with the signature without computing it; `undefined` where it is worth a look. */
export function signatureFault(record: UnverifiedRecord, key: PublicJwk): SignatureFault | undefined {
  if ((key.kty === "OKP" ? "Ed25519" : "ES256") !== record.algorithm) return "KEY_ALGORITHM";
  if (record.algorithm === "ES256" && !isLowS(record.signature)) return "SIGNATURE_HIGH_S";
  return undefined;
}

/** `readEnvelope`, and then the signature: Ed25519 as RFC 8032 section 5.1.7 (s below the order), or ES256 with low s. */
export function open(bytes: Uint8Array, lookup: KeyLookup): Opened<EnvelopeFault | SignatureFault> {
  const read = readEnvelope(bytes);
  if (!read.ok) return read;
  const key = keyOf(read, lookup);
  if (key === undefined) return { ok: false, code: "KEY_UNKNOWN" };
  const fault = signatureFault(read, key);
  if (fault !== undefined) return { ok: false, code: fault };
  const good = verify(
    read.algorithm === "ES256" ? "sha256" : null,
    read.signed,
    { key: importPublicKey(key), dsaEncoding: "ieee-p1363" },
    read.signature,
  );
  return good ? read : { ok: false, code: "SIGNATURE_INVALID" };
}

/** The one spelling of an envelope: RFC 8785 of an object whose values need no escapes. */
function envelopeText(payload: string, header: string, signature: string): string {
  return `{"payload":"${payload}","protected":"${header}","signature":"${signature}"}`;
}
const shape =
  /^\{"payload":"([A-Za-z0-9_-]+)","protected":"([A-Za-z0-9_-]+)","signature":"([A-Za-z0-9_-]+)"\}$/;
/** Found sooner, and the same where all three are base64url. */
const looseShape = /^\{"payload":"([^"]+)","protected":"([^"]+)","signature":"([^"]+)"\}$/;

function headerText(alg: Algorithm, kid: string): string {
  // RFC 8785 of three members in order, whose values need no escapes.
  return encodeBase64url(ascii(`{"alg":"${alg}","kid":"${kid}","typ":"jit-record+jws"}`));
}

interface Header {
  readonly algorithm: Algorithm;
  readonly kid: string;
}

/** Good ones by their text: a key has one, and many records. */
const headers = new Map<string, Header>();
const mostHeaders = 1024;

/** The header is one of two per key, so it is built from what it says and compared. */
function readHeader(text: string): Header | undefined {
  const known = headers.get(text);
  if (known !== undefined) return known;
  const parts = /^\{"alg":"(Ed25519|ES256)","kid":"([A-Za-z0-9_-]+)",/.exec(
    Buffer.from(text, "base64url").toString("latin1"),
  );
  const algorithm = parts?.[1] === "ES256" ? "ES256" : "Ed25519";
  const kid = parts?.[2] ?? "";
  if (!isThumbprint(kid) || headerText(algorithm, kid) !== text) return undefined;
  const header = { algorithm, kid } as const;
  if (headers.size === mostHeaders) headers.clear();
  // The text itself would hold all of the object that it was cut from.
  headers.set(headerText(algorithm, kid), header);
  return header;
}

type ReadPayload = Omit<PlainRecord, "judged"> & { readonly judged: string | undefined };

function readPayload(bytes: Uint8Array): ReadPayload | EnvelopeFault {
  if (bytes.length > maximumPayload) return "PAYLOAD_TOO_LARGE";
  const text = decodeUtf8(bytes);
  return (text === undefined ? undefined : readPlainRecord(text)) ?? readStrictly(bytes);
}

function readStrictly(bytes: Uint8Array): ReadPayload | EnvelopeFault {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch {
    return "PAYLOAD_NOT_JSON";
  }
  let record: AuditRecord;
  try {
    record = parseRecord(value);
  } catch {
    return "RECORD_INVALID";
  }
  // From the parsed record, not from `value`: what a schema would step over is missing here, and so seen.
  return Buffer.compare(canonicalJson(record), bytes) === 0
    ? { record, judged: undefined }
    : "PAYLOAD_NOT_CANONICAL";
}

/** The bytes of a text in its one spelling; no copy of their own, since there are three in every record. */
function decode(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

function bad<Fault>(code: Fault): { readonly ok: false; readonly code: Fault } {
  return { ok: false, code };
}

function ascii(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
