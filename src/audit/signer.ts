import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodeBase64url } from "../access/base64url.ts";
import { toLowS } from "../access/es256.ts";
import { thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { PublicJwk } from "../access/types.ts";
import { JitError } from "../error.ts";
import type { Random, Signer } from "./ports.ts";

/** A private key as a JWK: the public members and `d`, 32 bytes in base64url (RFC 8037, RFC 7518 section 6.2.2). */
export type PrivateJwk = PublicJwk & { readonly d: string };

/** PKCS #8 of an Ed25519 key is this and the 32 bytes of the seed (RFC 8410, section 7). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * A new private key.
 * @param random where given, an Ed25519 key is made of its next 32 bytes; else the platform makes the key
 */
export function generateKey(algorithm: "Ed25519" | "ES256" = "Ed25519", random?: Random): PrivateJwk {
  if (algorithm === "ES256") {
    return exportKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
  }
  if (random === undefined) return exportKey(generateKeyPairSync("ed25519").privateKey);
  const der = Buffer.concat([pkcs8Head, random.bytes(32)]);
  return exportKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

/**
 * A signer whose private key lies in this process.
 * @throws JitError `KEY_INVALID` where the members are no key, or the public half is not the private half's
 */
export function localSigner(jwk: PrivateJwk): Signer {
  const key = importPrivateKey(jwk);
  const publicKey = publicOf(exportKey(key));
  if (thumbprintOf(publicKey) !== thumbprintOf(jwk)) {
    throw new JitError("KEY_INVALID", "the public half of the key is not that of its private half");
  }
  return {
    algorithm: jwk.kty === "OKP" ? "Ed25519" : "ES256",
    publicKey,
    thumbprint: thumbprintOf(publicKey),
    sign: async (message) =>
      jwk.kty === "OKP"
        ? new Uint8Array(sign(null, message, key))
        : toLowS(new Uint8Array(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" }))),
  };
}

function importPrivateKey(jwk: PrivateJwk): KeyObject {
  try {
    return createPrivateKey({ key: { ...jwk }, format: "jwk" });
  } catch {
    // Without a cause: what the platform says could hold a part of the key.
    throw new JitError("KEY_INVALID", "the private key cannot be read");
  }
}

function exportKey(key: KeyObject): PrivateJwk {
  const { x, y, d } = key.export({ format: "jwk" });
  if (x === undefined || d === undefined) throw new JitError("KEY_INVALID", "the private key lacks a part");
  return y === undefined ? { kty: "OKP", crv: "Ed25519", x, d } : { kty: "EC", crv: "P-256", x, y, d };
}

function publicOf(jwk: PrivateJwk): PublicJwk {
  return jwk.kty === "OKP"
    ? { kty: "OKP", crv: "Ed25519", x: jwk.x }
    : { kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y };
}

/** A nonce as records hold it: 16 random bytes, base64url. */
export function makeNonce(random: Random): string {
  return encodeBase64url(random.bytes(16));
}
