import fc from "fast-check";
import { expect, test } from "vitest";
import { isEd25519PublicKey } from "../../src/access/ed25519.ts";

const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

function power(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = power((base * base) % p, exponent / 2n);
  return exponent % 2n === 0n ? half : (half * base) % p;
}

/** A root of `square`, RFC 8032, section 5.1.3, or `undefined` where there is none. */
function root(square: bigint): bigint | undefined {
  const candidate = power(square, (p + 3n) / 8n);
  const roots = [candidate, (candidate * power(2n, (p - 1n) / 4n)) % p];
  return roots.find((one) => (one * one) % p === square);
}

test("a key is one if its y has an x on the curve", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const y = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`) & (2n ** 255n - 1n);
      const [above, below] = [(y * y - 1n + p) % p, (d * y * y + 1n) % p];
      const x = root((above * power(below, p - 2n)) % p);
      expect(isEd25519PublicKey(bytes)).toBe(y < p && x !== undefined);
    }),
    { numRuns: 300 },
  );
});
