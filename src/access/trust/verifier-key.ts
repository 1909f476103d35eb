import { hash } from "node:crypto";
import { isEd25519PublicKey } from "../ed25519.ts";

/** Ed25519 signatures of notes. */
export const noteSignature = 0x01;
/** Timestamped Ed25519 cosignatures of checkpoints (C2SP tlog-cosignature). */
export const cosignature = 0x04;

/** A key of C2SP's signed-note. */
export interface VerifierKey {
  readonly name: string;
  /** 8 hexadecimal digits of SHA-256(name ‖ `\n` ‖ type ‖ key). */
  readonly id: string;
  /** Signature type, the first byte: `noteSignature`, `cosignature`, or one that we do not know. */
  readonly type: number;
  /** What follows the type: 32 bytes for Ed25519. */
  readonly key: Uint8Array;
}

/**
 * A verifier key of C2SP's signed-note, `name+id+base64`, or `undefined`: the id is that of name, signature type and key,
 * and a key of Ed25519 is a usable point. Other signature types are taken as they are.
 */
export function readVerifierKey(text: string): VerifierKey | undefined {
  const [, name = "", id = "", encoded = ""] =
    /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{4,400})$/u.exec(text) ?? [];
  if (name === "") return undefined;
  const bytes = Buffer.from(encoded, "base64");
  // Node's decoder skips what it does not know, so only a text that it would write itself is taken.
  if (bytes.toString("base64") !== encoded) return undefined;
  const type = bytes[0] ?? 0;
  const key = bytes.subarray(1);
  const isEd25519 = type === noteSignature || type === cosignature;
  if ((isEd25519 && !isEd25519PublicKey(key)) || keyId(name, type, key) !== id) return undefined;
  return { name, id, type, key };
}

export function isVerifierKey(text: string): boolean {
  return readVerifierKey(text) !== undefined;
}

/** The verifier key of an Ed25519 public key. @param name without spaces and `+`; of a log, its origin */
export function verifierKey(name: string, type: number, key: Uint8Array): VerifierKey {
  return { name, id: keyId(name, type, key), type, key };
}

export function formatVerifierKey({ name, id, type, key }: VerifierKey): string {
  return `${name}+${id}+${Buffer.concat([Buffer.of(type), key]).toString("base64")}`;
}

function keyId(name: string, type: number, key: Uint8Array): string {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), key]), "hex").slice(0, 8);
}
