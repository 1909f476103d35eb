import type { VerifyEd25519 } from "../audit/check/batch.ts";

/**
 * libsodium, where `sodium-native` is installed beside jit: it checks an Ed25519 signature in half the time that OpenSSL takes. It
 * refuses more than `node:crypto` does, keys and signatures of small order among it, and accepts nothing that `node:crypto`
 * refuses (Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs, https://eprint.iacr.org/2020/1244).
 * @returns `undefined` where it is not there, or has nothing for this platform
 */
export async function sodiumVerify(load = () => import("sodium-native")): Promise<VerifyEd25519 | undefined> {
  try {
    const { crypto_sign_verify_detached: verify } = await load();
    return (signed, signature, publicKey) => verify(signature, signed, publicKey);
  } catch {
    return undefined;
  }
}
