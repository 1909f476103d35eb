import { verify } from "node:crypto";
import { JitError } from "../../error.ts";
import { decodeBase64url, encodeBase64url } from "../base64url.ts";
import { canonicalJson } from "../canonical.ts";
import { isLowS } from "../es256.ts";
import { importPublicKey, thumbprint as thumbprintOf } from "../jwk.ts";
import type { PublicJwk } from "../types.ts";

/** What is signed, so that a signature over one kind of file never counts for the other. */
export type JwsType = "jit-trust+jws" | "jit-catalog+jws" | "jit-acknowledgement+jws";

/** An administrator's private key, wherever it lies. */
export interface GeneralSigner {
  readonly algorithm: "Ed25519" | "ES256";
  /** RFC 7638 thumbprint of its public half. */
  readonly thumbprint: string;
  /** 64 bytes: RFC 8032, section 5.1.6, or r‖s with low s (RFC 7518, section 3.4). */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** A file whose form is right and whose signatures nobody has looked at yet. */
export interface UnverifiedGeneral {
  readonly payload: Uint8Array;
  /** Sorted by kid, each kid once. */
  readonly signatures: readonly GeneralSignature[];
}

type Algorithm = GeneralSigner["algorithm"];

interface GeneralSignature {
  /** What the header says; a key has one algorithm, so another one never verifies. */
  readonly algorithm: Algorithm;
  /** Thumbprint of the key that is said to have signed. */
  readonly kid: string;
  readonly signature: Uint8Array;
}

/** No file is larger; it bounds the work over hostile input. */
export const maximumGeneral = 4 * 1024 * 1024;
/** More administrators than any organization has. */
const maximumSignatures = 64;

/**
 * Signs a payload for the first time: JWS general JSON serialization (RFC 7515, section 7.2.1) in canonical JSON.
 */
export async function signGeneral(
  type: JwsType,
  payload: Uint8Array,
  signer: GeneralSigner,
): Promise<Uint8Array> {
  return write(type, { payload, signatures: [await signatureOf(type, payload, signer)] });
}

/**
 * The same payload with one signature more. A key that has signed already takes the place of its older signature,
 * so a key never counts twice.
 * @throws JitError `JWS_INVALID`
 */
export async function addSignature(
  type: JwsType,
  bytes: Uint8Array,
  signer: GeneralSigner,
): Promise<Uint8Array> {
  const { payload, signatures } = readGeneral(type, bytes);
  const others = signatures.filter(({ kid }) => kid !== signer.thumbprint);
  return write(type, { payload, signatures: [...others, await signatureOf(type, payload, signer)] });
}

/**
 * Takes a file apart and refuses every second spelling: the whole is built again from what was read, and the bytes
 * compared. Does not look at the signatures.
 * @throws JitError `JWS_INVALID`
 */
export function readGeneral(type: JwsType, bytes: Uint8Array): UnverifiedGeneral {
  if (bytes.length > maximumGeneral) throw invalid(`has more than ${maximumGeneral} bytes`);
  let read: UnverifiedGeneral;
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const { payload, signatures } = members(JSON.parse(text));
    if (typeof payload !== "string" || !Array.isArray(signatures)) throw invalid("lacks a member");
    if (signatures.length < 1 || signatures.length > maximumSignatures) {
      throw invalid(`has ${signatures.length} signatures`);
    }
    read = { payload: decodeBase64url(payload), signatures: signatures.map(readSignature) };
  } catch (cause) {
    throw cause instanceof JitError && cause.code === "JWS_INVALID" ? cause : invalid("is no JWS", cause);
  }
  const distinct = new Set(read.signatures.map(({ kid }) => kid));
  if (distinct.size !== read.signatures.length) throw invalid("has two signatures of one key");
  if (Buffer.compare(write(type, read), bytes) !== 0) {
    throw invalid(`is not the one spelling of a file of type ${type}`);
  }
  return read;
}

/**
 * The payload, if at least `threshold` of `keys` signed it. A wrong signature under the name of one of `keys` refuses
 * the file, whatever else signed it; signatures of other keys are passed over. A key given twice counts once.
 * @returns the thumbprints of those of `keys` that signed, sorted
 * @throws JitError `JWS_INVALID`, `JWS_SIGNATURE_INVALID`, which says how many of how many signed
 */
export function verifyGeneral(
  type: JwsType,
  bytes: Uint8Array,
  keys: readonly PublicJwk[],
  threshold: number,
): { readonly payload: Uint8Array; readonly signers: readonly string[] } {
  const { payload, signatures } = readGeneral(type, bytes);
  const known = new Map(keys.map((key) => [thumbprintOf(key), key]));
  const signers: string[] = [];
  for (const one of signatures) {
    const { kid } = one;
    const key = known.get(kid);
    if (key === undefined) continue;
    if (!isGood(type, payload, one, key))
      throw new JitError("JWS_SIGNATURE_INVALID", `the signature of the key ${kid} is wrong`);
    signers.push(kid);
  }
  if (!Number.isSafeInteger(threshold) || threshold < 1 || signers.length < threshold) {
    throw new JitError("JWS_SIGNATURE_INVALID", `${signers.length} of ${threshold} needed keys have signed`);
  }
  return { payload, signers };
}

async function signatureOf(
  type: JwsType,
  payload: Uint8Array,
  signer: GeneralSigner,
): Promise<GeneralSignature> {
  const { algorithm, thumbprint: kid } = signer;
  return { algorithm, kid, signature: await signer.sign(signingInput(type, { algorithm, kid }, payload)) };
}

/** An ES256 signature with a high s is the second spelling of one, and refused. */
function isGood(type: JwsType, payload: Uint8Array, one: GeneralSignature, key: PublicJwk): boolean {
  const { algorithm, signature } = one;
  if (algorithm !== (key.kty === "OKP" ? "Ed25519" : "ES256")) return false;
  const input = signingInput(type, one, payload);
  if (algorithm === "Ed25519") return verify(null, input, importPublicKey(key), signature);
  const imported = { key: importPublicKey(key), dsaEncoding: "ieee-p1363" } as const;
  return isLowS(signature) && verify("sha256", input, imported, signature);
}

/** `protected` ‖ `.` ‖ `payload` (RFC 7515, section 5.1). */
function signingInput(
  type: JwsType,
  by: Omit<GeneralSignature, "signature">,
  payload: Uint8Array,
): Uint8Array {
  return Buffer.from(`${headerText(type, by)}.${encodeBase64url(payload)}`, "latin1");
}

function headerText(typ: JwsType, { algorithm, kid }: Omit<GeneralSignature, "signature">): string {
  return encodeBase64url(canonicalJson({ alg: algorithm, kid, typ }));
}

/** RFC 8785 of an object whose values need no escapes. */
function write(type: JwsType, { payload, signatures }: UnverifiedGeneral): Uint8Array {
  const list = signatures
    .toSorted((a, b) => (a.kid < b.kid ? -1 : 1))
    .map((one) => `{"protected":"${headerText(type, one)}","signature":"${encodeBase64url(one.signature)}"}`);
  return Buffer.from(`{"payload":"${encodeBase64url(payload)}","signatures":[${list.join(",")}]}`, "latin1");
}

/** Algorithm and kid are all that is taken from a header: `readGeneral` compares the rest. */
function readSignature(value: unknown): GeneralSignature {
  const { protected: header, signature } = members(value);
  if (typeof header !== "string" || typeof signature !== "string")
    throw invalid("has a signature of no form");
  const { alg, kid } = members(JSON.parse(Buffer.from(decodeBase64url(header)).toString("latin1")));
  if (alg !== "Ed25519" && alg !== "ES256") throw invalid("is signed with an algorithm that nobody may use");
  if (typeof kid !== "string" || decodeBase64url(kid).length !== 32) throw invalid("names no key");
  const bytes = decodeBase64url(signature);
  if (bytes.length !== 64) throw invalid("has a signature that is not 64 bytes long");
  return { algorithm: alg, kid, signature: bytes };
}

function members(value: unknown): Readonly<Partial<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null) throw invalid("is no JWS");
  return { ...value };
}

function invalid(what: string, cause?: unknown): JitError {
  return new JitError("JWS_INVALID", `the signed file ${what}`, { cause });
}
