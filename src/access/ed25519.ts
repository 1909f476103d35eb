/**
 * Whether 32 bytes are a public key of Ed25519 that can be believed (RFC 8032, section 5.1.3).
 * OpenSSL imports any 32 bytes, and with a point of small order a signature can be made that fits many messages,
 * so both are looked at here, once per key.
 */
const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** The y coordinates of the eight points whose order divides 8. */
const smallOrder: ReadonlySet<bigint> = new Set(
  [
    0n,
    1n,
    p - 1n,
    2707385501144840649318225287225658788936804267575313519463743609750303402022n,
    55188659117513257062467267217118295137698188065244968500265048394206261417927n,
  ].map((y) => y % p),
);

/** Canonical encoding, a point of the curve, and not of small order. */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  let y = 0n;
  for (let i = 31; i >= 0; i--) {
    y = (y << 8n) | BigInt(i === 31 ? (bytes[i] ?? 0) & 0x7f : (bytes[i] ?? 0));
  }
  if (y >= p || smallOrder.has(y)) return false;
  // x² = (y² − 1) / (d·y² + 1) has a root if and only if the product of both is a square (Euler's criterion).
  const square = (y * y) % p;
  const product = ((square - 1n + p) * (d * square + 1n)) % p;
  if (product === 0n) return false;
  // Its exponent, (p − 1) / 2, is 2^254 − 10: squared 254 times, the product is what it is to the power of 10.
  let squared = product;
  for (let i = 0; i < 254; i++) squared = (squared * squared) % p;
  return squared === product ** 10n % p;
}
