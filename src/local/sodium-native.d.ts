/** What of it is used; it has no types of its own. */
declare module "sodium-native" {
  /** @param signature 64 bytes @param publicKey 32 bytes */
  export function crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean;
}
