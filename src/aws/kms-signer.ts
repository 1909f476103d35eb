import { createPublicKey, hash, verify } from "node:crypto";
import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { signatureFromDer } from "../access/es256.ts";
import { importPublicKey, parsePublicJwk, thumbprint as thumbprintOf } from "../access/jwk.ts";
import type { KmsArn } from "../access/kms-arn.ts";
import type { PublicJwk } from "../access/types.ts";
import type { Signer } from "../audit/ports.ts";
import { isJitError, JitError } from "../error.ts";
import { type Aws, patience } from "./clients.ts";
import { type AwsFailure, commonError, failureOf, hintFor, noAnswer, wordsOf } from "./error.ts";

/** What KMS signs of a message with Ed25519; of P-256 it gets the digest, whatever the message's size. */
const maximumRaw = 4096;

export interface KmsOptions {
  readonly aws: Pick<Aws, "common" | "equip">;
  readonly key: KmsArn;
  /** Tries of one call, the first included: signing twice harms nothing. */
  readonly attempts?: number;
}

export interface KmsKey {
  /**
   * The public half, asked for each time.
   * @throws JitError `KMS_DENIED`, `KMS_KEY_INVALID`, `KMS_KEY_MISSING`, `KMS_UNREACHABLE`, `KMS_REFUSED`, and those of every service
   */
  publicKey(): Promise<PublicJwk>;
  /** A signer by this public half, which every signature is checked against before it is believed. */
  signer(publicKey: PublicJwk): Signer;
}

/** A signing key in KMS: of P-256 (`Sign` with DIGEST) or Ed25519 (`Sign` with RAW, at most 4,096 bytes). */
export function kmsKey({ aws, key, attempts = 3 }: KmsOptions): KmsKey {
  const kms = new KMSClient({
    ...aws.common,
    region: key.region,
    maxAttempts: attempts,
    retryMode: "standard",
  });
  aws.equip(kms);

  async function ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw isJitError(error) ? error : explain(failureOf(error), key);
    }
  }

  return {
    async publicKey() {
      const { PublicKey, KeyUsage } = await ask(
        async () => await kms.send(new GetPublicKeyCommand({ KeyId: key.text }), patience()),
      );
      if (PublicKey === undefined || KeyUsage !== "SIGN_VERIFY") {
        throw invalid(key, "is not for signing");
      }
      return jwkOf(PublicKey, key);
    },
    signer(publicKey) {
      const isEd25519 = publicKey.kty === "OKP";
      return {
        algorithm: isEd25519 ? "Ed25519" : "ES256",
        publicKey,
        thumbprint: thumbprintOf(publicKey),
        async sign(message) {
          if (isEd25519 && message.length > maximumRaw) {
            throw new JitError(
              "KMS_MESSAGE_TOO_LARGE",
              `KMS signs at most ${maximumRaw} bytes with an Ed25519 key, and this is ${message.length}`,
              { hint: "use a key of spec ECC_NIST_P256" },
            );
          }
          const command = new SignCommand({
            KeyId: key.text,
            Message: isEd25519 ? message : hash("sha256", message, "buffer"),
            MessageType: isEd25519 ? "RAW" : "DIGEST",
            SigningAlgorithm: isEd25519 ? "ED25519_SHA_512" : "ECDSA_SHA_256",
          });
          const { Signature } = await ask(async () => await kms.send(command, patience()));
          const raw = isEd25519 ? Signature : signatureFromDer(Signature ?? new Uint8Array());
          // An alias may point to another key by now: what does not fit the public half must never be written.
          if (raw === undefined || !isSigned(publicKey, message, raw)) {
            throw new JitError("KMS_KEY_CHANGED", `${key.text} is another key than when it was first used`, {
              hint: "name the key by its own ARN (…:key/ID), and run `jit keys rotate`",
            });
          }
          return Uint8Array.from(raw);
        },
      };
    },
  };
}

function isSigned(publicKey: PublicJwk, message: Uint8Array, signature: Uint8Array): boolean {
  const algorithm = publicKey.kty === "OKP" ? null : "sha256";
  const key = { key: importPublicKey(publicKey), dsaEncoding: "ieee-p1363" } as const;
  return verify(algorithm, message, key, signature);
}

/** @param der SubjectPublicKeyInfo */
function jwkOf(der: Uint8Array, key: KmsArn): PublicJwk {
  try {
    const { kty, crv, x, y } = createPublicKey({
      key: Buffer.from(der),
      format: "der",
      type: "spki",
    }).export({ format: "jwk" });
    return parsePublicJwk(y === undefined ? { kty, crv, x } : { kty, crv, x, y });
  } catch {
    throw invalid(key, "is of another kind");
  }
}

function invalid({ text }: KmsArn, why: string): JitError {
  return new JitError("KMS_KEY_INVALID", `the key ${text} ${why}`, {
    hint: "make one for SIGN_VERIFY with spec ECC_NIST_P256 (for checkpoints ECC_NIST_EDWARDS25519)",
  });
}

function explain(failure: AwsFailure, key: KmsArn): JitError {
  const common = commonError(failure);
  if (common !== undefined) return common;
  const { name, status } = failure;
  const words = wordsOf(failure);
  if (/^AccessDenied/.test(name) || status === 403) {
    return new JitError("KMS_DENIED", `AWS does not let you use the key ${key.text}: ${words}`, {
      hint: "the key's policy must allow you kms:GetPublicKey and kms:Sign (docs/aws.md)",
    });
  }
  if (/^NotFound/.test(name)) {
    return new JitError("KMS_KEY_MISSING", `there is no key ${key.text}: ${words}`, {
      hint: "check its region, account and id",
    });
  }
  if (/^(?:Disabled|KMSInvalidState|InvalidKeyUsage|UnsupportedOperation|KeyUnavailable)/.test(name)) {
    return new JitError("KMS_KEY_INVALID", `the key ${key.text} cannot sign: ${words}`, {
      hint: "it must be enabled, for SIGN_VERIFY, of spec ECC_NIST_P256 (for checkpoints ECC_NIST_EDWARDS25519)",
    });
  }
  if (noAnswer(failure) || (status ?? 0) >= 500) {
    return new JitError("KMS_UNREACHABLE", `KMS does not answer (${name})`, {
      hint: hintFor(failure, "check the network and try again"),
    });
  }
  return new JitError("KMS_REFUSED", `KMS refuses to use the key ${key.text}: ${name}: ${words}`, {
    hint: "docs/aws.md says what the key and your identity need",
  });
}
