import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import type { Account, KeySpec, KmsKey, RandomSource, World } from "../world.ts";
import { signDigest } from "./ecdsa.ts";

/** Asymmetric keys of KMS, for signing alone. */

/** What each kind of key signs with; of `ED25519_PH_SHA_512` the sandbox knows only the name. */
export const ALGORITHMS = {
  ECC_NIST_P256: ["ECDSA_SHA_256"],
  ECC_NIST_EDWARDS25519: ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
} as const satisfies Record<KeySpec, readonly string[]>;

export function addKmsKey(
  world: World,
  account: Account,
  options: {
    readonly alias: string;
    readonly spec: KeySpec;
    readonly region: string;
    readonly created: string;
    readonly policy: string;
  },
): KmsKey {
  const id = Buffer.from(world.random(16))
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const pair =
    options.spec === "ECC_NIST_P256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("ed25519");
  const key: KmsKey = {
    ...options,
    id,
    arn: `arn:aws:kms:${options.region}:${account.id}:key/${id}`,
    enabled: true,
    privateJwk: pair.privateKey.export({ format: "jwk" }),
  };
  account.kmsKeys.set(id, key);
  return key;
}

/** SubjectPublicKeyInfo in DER (RFC 5280). */
export function publicDer({ privateJwk }: KmsKey): Uint8Array {
  const key = createPublicKey(createPrivateKey({ key: privateJwk, format: "jwk" }));
  return Uint8Array.from(key.export({ type: "spki", format: "der" }));
}

/** Signs a digest with P-256, a message with Ed25519. */
export function signWith({ spec, privateJwk }: KmsKey, bytes: Uint8Array, random: RandomSource): Uint8Array {
  if (spec === "ECC_NIST_EDWARDS25519") {
    return Uint8Array.from(sign(null, bytes, createPrivateKey({ key: privateJwk, format: "jwk" })));
  }
  const secret = BigInt(`0x${Buffer.from(privateJwk.d ?? "", "base64url").toString("hex")}`);
  return signDigest(secret, bytes, random);
}
