import { hash } from "node:crypto";
import { isEd25519PublicKey } from "../ed25519.ts";

/** Ed25519 note signatures, and timestamped Ed25519 cosignatures (C2SP signed-note, signature types). */
const ed25519Types: ReadonlySet<number> = new Set([0x01, 0x04]);

/**
 * Whether a text is a verifier key of C2SP's signed-note, `name+hash+base64`: the hash (8 hexadecimal digits) is that of
 * name, signature type and key, and a key of Ed25519 is a usable point. Other signature types are taken as they are.
 */
export function isVerifierKey(text: string): boolean {
  const [, name = "", keyHash = "", encoded = ""] =
    /^([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{4,400})$/u.exec(text) ?? [];
  if (name === "") return false;
  const key = Buffer.from(encoded, "base64");
  // Node's decoder skips what it does not know, so only a text that it would write itself is taken.
  if (key.toString("base64") !== encoded) return false;
  if (ed25519Types.has(key[0] ?? 0) && !isEd25519PublicKey(key.subarray(1))) return false;
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), key]), "hex").slice(0, 8) === keyHash;
}
