import { CompactEncrypt, compactDecrypt, importJWK, type JWK } from "jose";
import { canonicalJson, parseStrictJson } from "../../access/canonical.ts";
import { JitError } from "../../error.ts";
import { type Credentials, Secret } from "../types.ts";
import type { SealKey } from "./seal-key.ts";

/**
 * Credentials as a JWE (RFC 7516, compact) to a request's one-time key: `ECDH-ES` (RFC 7518, section 4.6) and `A256GCM`.
 * The request's hash is `apv` of the protected header: it goes into the key that is derived, and as part of that header
 * into the additional authenticated data. So what is sealed for one request opens for no other.
 */
const algorithms = { alg: "ECDH-ES", enc: "A256GCM" } as const;

/**
 * @param sealTo public JWK of the request: X25519 or P-256
 * @param requestHash SHA-256 in hexadecimal
 * @throws JitError `SEAL_KEY_INVALID` where the key is no point of its curve
 */
export async function sealCredentials(
  credentials: Credentials,
  sealTo: Readonly<Record<string, string>>,
  requestHash: string,
): Promise<string> {
  const key = await readKey(sealTo);
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  const text = canonicalJson({
    accessKeyId,
    expiration: expiration.toISOString(),
    secretAccessKey: secretAccessKey.reveal(),
    sessionToken: sessionToken.reveal(),
  });
  return await new CompactEncrypt(text)
    .setProtectedHeader(algorithms)
    .setKeyManagementParameters({ apv: hashBytes(requestHash) })
    .encrypt(key);
}

/** Whether sealing to it will work: asked before there is anything to seal. @throws JitError `SEAL_KEY_INVALID` */
export async function checkSealTo(sealTo: Readonly<Record<string, string>>): Promise<void> {
  const nothing = new Secret("-");
  const credentials = { accessKeyId: "-", secretAccessKey: nothing, sessionToken: nothing };
  await sealCredentials({ ...credentials, expiration: new Date(0) }, sealTo, "0".repeat(64));
}

/**
 * @param sealed compact JWE of an issue record whose signature and meaning were checked
 * @throws JitError `SEAL_BROKEN` where it is not of this key and request, or no credentials are in it
 */
export async function openCredentials(
  sealed: string,
  key: SealKey,
  requestHash: string,
): Promise<Credentials> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, await readKey({ ...key }), {
      keyManagementAlgorithms: [algorithms.alg],
      contentEncryptionAlgorithms: [algorithms.enc],
    });
    if (protectedHeader["apv"] !== Buffer.from(hashBytes(requestHash)).toString("base64url")) throw broken();
    return credentialsIn(parseStrictJson(plaintext));
  } catch {
    // Without a cause: what the library says could hold a part of it.
    throw broken();
  }
}

function credentialsIn(value: unknown): Credentials {
  if (typeof value !== "object" || value === null) throw broken();
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = value as Record<string, unknown>;
  const good = [accessKeyId, secretAccessKey, sessionToken, expiration].every(
    (text) => typeof text === "string" && /^[!-~]+$/.test(text),
  );
  const at = new Date(String(expiration));
  if (!good || Number.isNaN(at.getTime())) throw broken();
  return {
    accessKeyId: String(accessKeyId),
    secretAccessKey: new Secret(String(secretAccessKey)),
    sessionToken: new Secret(String(sessionToken)),
    expiration: at,
  };
}

async function readKey(jwk: Readonly<Record<string, string>>) {
  try {
    return await importJWK({ ...jwk } as JWK, algorithms.alg);
  } catch {
    throw new JitError("SEAL_KEY_INVALID", "the request's one-time key is none", {
      hint: "have the requester ask anew",
    });
  }
}

function hashBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function broken(): JitError {
  return new JitError("SEAL_BROKEN", "the sealed session cannot be opened with this machine's one-time key", {
    hint: "make a new request; `jit audit show` tells who issued this one",
  });
}
