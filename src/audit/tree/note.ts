import { createPublicKey, verify } from "node:crypto";
import { cosignature, noteSignature, type VerifierKey } from "../../access/trust/verifier-key.ts";
import { decodeUtf8 } from "../../access/utf8.ts";
import type { Signer } from "../ports.ts";

/** C2SP signed-note, and the cosignatures of C2SP tlog-cosignature (`cosignature/v1`). */

export interface NoteSignature {
  readonly name: string;
  /** 8 hexadecimal digits. */
  readonly id: string;
  /** What follows the id. */
  readonly signature: Uint8Array;
}

/** A note whose signatures nobody has looked at yet. */
export interface UnverifiedNote {
  /** Ends in a newline; what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface Verified {
  readonly key: VerifierKey;
  /** Unix seconds at which a cosignature was made; `undefined` of other signatures. */
  readonly time: number | undefined;
}

/** The specification asks for 16 signatures at least to be taken. */
const maximumSignatures = 64;
const maximumNote = 256 * 1024;

/** A note in its one spelling, or `undefined`. */
export function readNote(bytes: Uint8Array): UnverifiedNote | undefined {
  const all = bytes.length > maximumNote ? undefined : decodeUtf8(bytes);
  if (all === undefined || hasControls(all)) return undefined;
  const blank = all.lastIndexOf("\n\n");
  if (blank < 1 || !all.endsWith("\n")) return undefined;
  const signatures = readSignatureLines(all.slice(blank + 2));
  return signatures === undefined ? undefined : { text: all.slice(0, blank + 1), signatures };
}

/** One or more signature lines, each ended by a newline, or `undefined`. */
export function readSignatureLines(lines: string): readonly NoteSignature[] | undefined {
  if (!lines.endsWith("\n")) return undefined;
  const signatures = lines.slice(0, -1).split("\n").map(readSignatureLine);
  const good = signatures.filter((one) => one !== undefined);
  return good.length === signatures.length && good.length <= maximumSignatures ? good : undefined;
}

function readSignatureLine(line: string): NoteSignature | undefined {
  const [, name = "", encoded = ""] = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = Buffer.from(encoded, "base64");
  const good = isKeyName(name) && bytes.toString("base64") === encoded && bytes.length > 4;
  return good ? { name, id: bytes.toString("hex", 0, 4), signature: bytes.subarray(4) } : undefined;
}

export function formatNote({ text, signatures }: UnverifiedNote): Uint8Array {
  return Buffer.from(`${text}\n${signatures.map(formatSignature).join("")}`);
}

/** `— name base64` and a newline. */
export function formatSignature({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(id, "hex"), signature]).toString("base64")}\n`;
}

/**
 * Those of `keys` that signed; `undefined` where a signature under the name and id of one of them is not its. Signatures
 * of other keys are passed over, as are further ones of one key.
 */
export function signersOf(
  { text, signatures }: UnverifiedNote,
  keys: readonly VerifierKey[],
): readonly Verified[] | undefined {
  const verified = new Map<VerifierKey, Verified>();
  for (const signature of signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id);
    if (key === undefined || verified.has(key)) continue;
    const one = verifySignature(text, signature.signature, key);
    if (one === undefined) return undefined;
    verified.set(key, one);
  }
  return [...verified.values()];
}

function verifySignature(text: string, bytes: Uint8Array, key: VerifierKey): Verified | undefined {
  const isTimed = key.type === cosignature;
  if ((!isTimed && key.type !== noteSignature) || bytes.length !== (isTimed ? 72 : 64)) return undefined;
  const seconds = isTimed ? Buffer.from(bytes.subarray(0, 8)).readBigUInt64BE() : 0n;
  // Times beyond that are of a future that no verifier sees.
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const time = isTimed ? Number(seconds) : undefined;
  const message = time === undefined ? text : cosignedText(text, time);
  const x = Buffer.from(key.key).toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const good = verify(null, Buffer.from(message), publicKey, bytes.subarray(isTimed ? 8 : 0));
  return good ? { key, time } : undefined;
}

/** A log's own signature. @param key the signer's verifier key */
export async function signNote(text: string, key: VerifierKey, signer: Signer): Promise<NoteSignature> {
  return { name: key.name, id: key.id, signature: await signer.sign(Buffer.from(text)) };
}

/** A witness's signature. @param time Unix seconds */
export async function cosignNote(
  text: string,
  key: VerifierKey,
  signer: Signer,
  time: number,
): Promise<NoteSignature> {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(time));
  const signature = await signer.sign(Buffer.from(cosignedText(text, time)));
  return { name: key.name, id: key.id, signature: Buffer.concat([stamp, signature]) };
}

function cosignedText(text: string, time: number): string {
  return `cosignature/v1\ntime ${time}\n${text}`;
}

export function isKeyName(name: string): boolean {
  // Plain ones first: what the other needs of Unicode takes longer to make than a whole test.
  return /^[!-*,-~]+$/.test(name) || (name !== "" && !/[\p{White_Space}+]/u.test(name));
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}
