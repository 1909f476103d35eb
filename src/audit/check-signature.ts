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
  const good = await new Promise<boolean>((resolve, reject) => {
    const answer = (error: Error | null, result: boolean) =>
      error === null ? resolve(result) : reject(error);
    if (read.algorithm === "ES256")
      verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature, answer);
    else verify(null, signed, key, signature, answer);
  });
  return good ? undefined : "SIGNATURE_INVALID";
}
