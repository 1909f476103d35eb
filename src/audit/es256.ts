/**
 * ES256 signatures have a twin: (r, n − s) verifies wherever (r, s) does. Records take the one whose s is at most n/2,
 * so that a stored record has no second spelling. Signatures are r‖s, 32 bytes each (RFC 7518, section 3.4).
 */

/** Order of P-256 (SEC 2, section 2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Whether s is at most half of the order. */
export function isLowS(signature: Uint8Array): boolean {
  return signature.length === 64 && sOf(signature) <= order / 2n;
}

/** The same signature with low s. */
export function toLowS(signature: Uint8Array): Uint8Array {
  if (isLowS(signature)) return signature;
  const twin = (order - sOf(signature)).toString(16).padStart(64, "0");
  return Uint8Array.from([...signature.subarray(0, 32), ...Buffer.from(twin, "hex")]);
}

function sOf(signature: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
}
