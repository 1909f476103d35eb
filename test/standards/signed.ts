import { importPublicKey, thumbprint } from "../../src/access/jwk.ts";
import type { PublicJwk } from "../../src/access/types.ts";
import { checkSignature } from "../../src/audit/check-signature.ts";
import type { SignatureFault, UnverifiedRecord } from "../../src/audit/envelope.ts";

/** What verifying says of a signature over any bytes, as if they were a record's: `undefined` is good. */
export async function faultOf(
  jwk: PublicJwk,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<SignatureFault | undefined> {
  const read = {
    algorithm: jwk.kty === "OKP" ? "Ed25519" : "ES256",
    kid: thumbprint(jwk),
    signed: message,
    signature,
  } as const;
  // The record itself is not looked at.
  return await checkSignature(read as unknown as UnverifiedRecord, { jwk, key: importPublicKey(jwk) });
}
