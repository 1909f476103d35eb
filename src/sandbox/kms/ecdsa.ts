/**
 * ECDSA with P-256 over a digest (FIPS 186-5, section 6.4.1), which Node's own `sign` does not offer: it always hashes. For
 * the sandbox's keys alone, which guard nothing: the arithmetic takes no care about time.
 */

const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const generator: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

type Point = readonly [x: bigint, y: bigint];

/**
 * A signature as KMS gives it: DER of r and s (RFC 3279, section 2.2.3), s high as often as low.
 * @param random tells the next secret number
 */
export function signDigest(
  secret: bigint,
  digest: Uint8Array,
  random: (size: number) => Uint8Array,
): Uint8Array {
  const z = numberOf(digest);
  for (;;) {
    const k = numberOf(random(32));
    if (k === 0n || k >= order) continue;
    const r = (multiply(k, generator)?.[0] ?? 0n) % order;
    const s = (inverse(k, order) * (z + r * secret)) % order;
    if (r !== 0n && s !== 0n) return der(r, s);
  }
}

function der(...numbers: readonly bigint[]): Uint8Array {
  const integers = numbers.flatMap((number) => {
    const bytes = [...Buffer.from(number.toString(16).padStart(64, "0"), "hex")];
    while (bytes[0] === 0) bytes.shift();
    if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
    return [0x02, bytes.length, ...bytes];
  });
  return Uint8Array.from([0x30, integers.length, ...integers]);
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function multiply(factor: bigint, point: Point): Point | undefined {
  let sum: Point | undefined;
  let power: Point | undefined = point;
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, power);
    power = add(power, power);
  }
  return sum;
}

/** `undefined` is the point at infinity. */
function add(a: Point | undefined, b: Point | undefined): Point | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a[0] === b[0] && (a[1] + b[1]) % p === 0n) return undefined;
  const slope =
    a[0] === b[0] ? (3n * a[0] * a[0] - 3n) * inverse(2n * a[1], p) : (b[1] - a[1]) * inverse(b[0] - a[0], p);
  const x = mod(slope * slope - a[0] - b[0]);
  return [x, mod(slope * (a[0] - x) - a[1])];
}

function mod(number: bigint): bigint {
  return ((number % p) + p) % p;
}

/** Extended Euclid. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b] = [((number % modulus) + modulus) % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b % a, a];
    [x, y] = [y - quotient * x, x];
  }
  return ((x % modulus) + modulus) % modulus;
}
