import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { JitError } from "../error.ts";
import { decodeBase64url } from "./base64url.ts";
import { canonicalJson } from "./canonical.ts";
import { isEd25519PublicKey } from "./ed25519.ts";
import type { PublicJwk } from "./types.ts";

/**
 * A public key as it stands in a record or a trust file: exactly the members that RFC 7638 hashes, every
 * coordinate 32 bytes in strict base64url, the point on its curve. Ed25519: RFC 8037; P-256: RFC 7518, section 6.2.
 * @throws JitError `KEY_INVALID`
 */
export function parsePublicJwk(value: unknown): PublicJwk {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("a public key must be a JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const x = coordinate(members.get("x"));
  if (members.get("kty") === "OKP" && members.get("crv") === "Ed25519" && members.size === 3) {
    if (!isEd25519PublicKey(x.bytes)) throw invalid("the key is no usable point of Ed25519");
    return { kty: "OKP", crv: "Ed25519", x: x.text };
  }
  if (members.get("kty") === "EC" && members.get("crv") === "P-256" && members.size === 4) {
    const key: PublicJwk = { kty: "EC", crv: "P-256", x: x.text, y: coordinate(members.get("y")).text };
    importPublicKey(key);
    return key;
  }
  throw invalid("a public key must be Ed25519 {kty, crv, x} or P-256 {kty, crv, x, y}, and nothing more");
}

/**
 * RFC 7638 thumbprint: SHA-256 of the required members' canonical JSON, base64url, 43 characters.
 * For these key types that is the whole JWK.
 */
export function thumbprint(key: PublicJwk): string {
  const required =
    key.kty === "OKP"
      ? { crv: key.crv, kty: key.kty, x: key.x }
      : { crv: key.crv, kty: key.kty, x: key.x, y: key.y };
  return hash("sha256", canonicalJson(required), "base64url");
}

/**
 * The key for node:crypto. OpenSSL refuses P-256 points that are not on the curve.
 * @throws JitError `KEY_INVALID`
 */
export function importPublicKey(key: PublicJwk): KeyObject {
  try {
    return createPublicKey({ key: { ...key }, format: "jwk" });
  } catch (cause) {
    throw new JitError("KEY_INVALID", "the public key is not a point of its curve", { cause });
  }
}

function coordinate(value: unknown): { readonly text: string; readonly bytes: Uint8Array } {
  if (typeof value !== "string") throw invalid("a coordinate of the public key is missing");
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64url(value);
  } catch (cause) {
    throw new JitError("KEY_INVALID", "a coordinate of the public key is not strict base64url", { cause });
  }
  if (bytes.length !== 32) throw invalid("a coordinate of the public key is not 32 bytes long");
  return { text: value, bytes };
}

function invalid(message: string): JitError {
  return new JitError("KEY_INVALID", message);
}
