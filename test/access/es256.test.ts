import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isLowS, signatureFromDer } from "../../src/access/es256.ts";

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const out = (der: Uint8Array): string | undefined => {
  const raw = signatureFromDer(der);
  return raw && Buffer.from(raw).toString("hex");
};
const wide = (value: bigint): string => value.toString(16).padStart(64, "0");

/** X.690 section 8.3, of a positive number. */
function integer(value: bigint): string {
  const bytes = value.toString(16);
  const even = bytes.length % 2 === 0 ? bytes : `0${bytes}`;
  const whole = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  return `02${(whole.length / 2).toString(16).padStart(2, "0")}${whole}`;
}
const sequence = (...parts: readonly string[]): Uint8Array => {
  const body = parts.join("");
  return hex(`30${(body.length / 2).toString(16).padStart(2, "0")}${body}`);
};

test("numbers of every length come back, s always low", () => {
  const number = fc.oneof(
    fc.bigInt({ min: 1n, max: order - 1n }),
    fc.bigInt({ min: 1n, max: 0x1ffn }),
    fc.constantFrom(1n, 0x7fn, 0x80n, order / 2n, order / 2n + 1n, order - 1n),
  );
  fc.assert(
    fc.property(number, number, (r, s) => {
      const low = s <= order / 2n ? s : order - s;
      expect(out(sequence(integer(r), integer(s)))).toBe(wide(r) + wide(low));
    }),
  );
});

test.each([
  ["nothing", ""],
  ["r alone", "3003020101"],
  ["a third number", "3009020101020101020101"],
  ["bytes behind it", "300602010102010100"],
  ["a length that is too short", "3005020101020101"],
  ["a length that is too long", "3007020101020101"],
  ["a length in two bytes", "308106020101020101"],
  ["an indefinite length", "30800201010201010000"],
  ["another tag", "3106020101020101"],
  ["another tag within", "3006020101030101"],
  ["r = 0", "3006020100020101"],
  ["s = 0", "3006020101020100"],
  ["a negative r", "3006020181020101"],
  ["a zero too many", "300702020001020101"],
  ["an empty number", "30050200020101"],
  ["r = n", `302602${"21"}00${wide(order)}020101`],
  ["s above n", `3026020101${"0221"}00${wide(order + 1n)}`],
  ["a number of 34 bytes", `3027${"0222"}0100${wide(order)}020101`],
])("%s is refused", (_, text) => {
  expect(signatureFromDer(hex(text))).toBeUndefined();
});

test("what is no signature is never an error, and what is taken has one spelling", () => {
  const start = fc.constantFrom("3006020101020101", "3008020200ff020200ff", "");
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 80 }), fc.nat(80), (text, noise, at) => {
      const bytes = hex(text);
      const changed = Uint8Array.from([...bytes.subarray(0, at), ...noise]);
      const raw = signatureFromDer(changed);
      if (raw === undefined) return;
      expect(raw.length).toBe(64);
      expect(isLowS(raw)).toBe(true);
    }),
  );
});

test("OpenSSL's own signatures verify as what they become", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { key: createPublicKey(privateKey), dsaEncoding: "ieee-p1363" } as const;
  for (let i = 0; i < 40; i += 1) {
    const message = Buffer.from(`message ${i}`);
    const raw = signatureFromDer(Uint8Array.from(sign("sha256", message, privateKey)));
    expect(raw !== undefined && isLowS(raw) && verify("sha256", message, key, raw)).toBe(true);
  }
});
