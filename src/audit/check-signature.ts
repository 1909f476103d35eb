import { verify } from "node:crypto";
import { type SignatureFault, signatureFault, type UnverifiedRecord } from "./envelope.ts";
import type { Enrolment } from "./rules/keys.ts";

/**
 * Checks a signature on the platform's thread pool, so that many at once use all cores.
 * @returns what is wrong, or `undefined`
 */
export async function checkSignature(
  { signed, signature, ...read }: UnverifiedRecord,
  { jwk, key }: Pick<Enrolment, "jwk" | "key">,
): Promise<SignatureFault | undefined> {
  const fault = signatureFault({ signed, signature, ...read }, jwk);
  if (fault !== undefined) return fault;
  const hash = read.algorithm === "ES256" ? "sha256" : null;
  const good = await new Promise<boolean>((resolve, reject) => {
    verify(hash, signed, { key, dsaEncoding: "ieee-p1363" }, signature, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
  return good ? undefined : "SIGNATURE_INVALID";
}
