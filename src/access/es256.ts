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

/**
 * r‖s with low s, of a signature in strict DER (RFC 3279, section 2.2.3; X.690, chapter 10), as KMS and OpenSSL give it.
 * @returns `undefined` for anything else: another spelling, more bytes behind it, r or s not within 1 … n − 1
 */
export function signatureFromDer(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const r = integerAt(der, 2);
  const s = r === undefined ? undefined : integerAt(der, r.end);
  if (r === undefined || s === undefined || s.end !== der.length) return undefined;
  const hex = [r, s].map(({ value }) => value.toString(16).padStart(64, "0")).join("");
  return toLowS(Uint8Array.from(Buffer.from(hex, "hex")));
}

/** An INTEGER in its shortest form, positive and below the order. */
function integerAt(
  der: Uint8Array,
  at: number,
): { readonly value: bigint; readonly end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const start = at + 2;
  const bytes = der.subarray(start, start + length);
  // 33: a first bit that is set needs a zero before it.
  if (der[at] !== 0x02 || length < 1 || length > 33 || bytes.length !== length) return undefined;
  const [first = 0, second = 0] = bytes;
  if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) return undefined;
  const value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  return value > 0n && value < order ? { value, end: start + length } : undefined;
}

function sOf(signature: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
}
