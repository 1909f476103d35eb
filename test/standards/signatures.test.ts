import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/access/canonical.ts";
import { toLowS } from "../../src/access/es256.ts";
import { importPublicKey, parsePublicJwk } from "../../src/access/jwk.ts";
import { verifyGeneral } from "../../src/access/trust/jws.ts";
import type { PublicJwk } from "../../src/access/types.ts";
import { open } from "../../src/audit/envelope.ts";
import { generateKey, localSigner } from "../../src/audit/signer.ts";
import { testWriter } from "../audit/writer.ts";
import { thrownBy } from "../local/temporary.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { faultOf } from "./signed.ts";

/**
 * The classes of bad signatures that Wycheproof's files for Ed25519 and for ECDSA in IEEE P1363 encoding have, made of keys of our own:
 * none may pass, nor be an error.
 */

const bytes = (value: bigint, length = 32): Uint8Array =>
  Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex");
const little = (value: bigint): Uint8Array => bytes(value).toReversed();
const number = (some: Uint8Array): bigint => BigInt(`0x${Buffer.from(some).toString("hex")}`);
const fromLittle = (some: Uint8Array): bigint => number(some.toReversed());
const pair = (r: Uint8Array, s: Uint8Array): Uint8Array => Buffer.concat([r, s]);
const flip = (some: Uint8Array, bit: number) =>
  some.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
const message = Buffer.from("Test");

type Case = readonly [name: string, signature: (good: Uint8Array) => Uint8Array];

describe("Ed25519", () => {
  const signer = localSigner(generateKey("Ed25519", { bytes: (count) => Buffer.alloc(count, 5) }));
  const key = signer.publicKey;
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const p = 2n ** 255n - 19n;

  const cases: readonly Case[] = [
    ["nothing but zeros", () => Buffer.alloc(64)],
    ["nothing but ones", () => Buffer.alloc(64, 0xff)],
    ["s = 0", (good) => pair(good.subarray(0, 32), Buffer.alloc(32))],
    ["s = order", (good) => pair(good.subarray(0, 32), little(order))],
    [
      "s + order: the second spelling",
      (good) => pair(good.subarray(0, 32), little(fromLittle(good.subarray(32)) + order)),
    ],
    [
      "s + 2 · order",
      (good) => pair(good.subarray(0, 32), little(fromLittle(good.subarray(32)) + 2n * order)),
    ],
    [
      "s + 8 · order",
      (good) => pair(good.subarray(0, 32), little(fromLittle(good.subarray(32)) + 8n * order)),
    ],
    ["order − s", (good) => pair(good.subarray(0, 32), little(order - fromLittle(good.subarray(32))))],
    ["s with its highest bit set", (good) => flip(good, 511)],
    ["R with its sign changed", (good) => flip(good, 255)],
    ["R changed", (good) => flip(good, 3)],
    ["R = 0", (good) => pair(Buffer.alloc(32), good.subarray(32))],
    ["R = 1, of small order", (good) => pair(little(1n), good.subarray(32))],
    ["R = p + 1, of small order in a second encoding", (good) => pair(little(p + 1n), good.subarray(32))],
    ["R = the key, s = 0", () => pair(Buffer.from(key.x, "base64url"), Buffer.alloc(32))],
    ["s before R", (good) => pair(good.subarray(32), good.subarray(0, 32))],
    ["another message's", () => Buffer.from(sign(null, Buffer.from("Tes"), privateOf(5)))],
    ["another key's", () => Buffer.from(sign(null, message, privateOf(6)))],
  ];

  test.each(cases)("%s", async (_, change) => {
    const good = await signer.sign(message);
    expect(await faultOf(key, message, good)).toBeUndefined();
    expect(await faultOf(key, message, change(good))).toBe("SIGNATURE_INVALID");
  });

  test("every bit of a signature counts", async () => {
    const good = await signer.sign(message);
    for (let bit = 0; bit < 512; bit++)
      expect(await faultOf(key, message, flip(good, bit))).toBe("SIGNATURE_INVALID");
  });
});

function privateOf(seed: number) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  return { key: der, format: "der", type: "pkcs8" } as const;
}

describe("ES256", () => {
  const made = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = parsePublicJwk(made.publicKey.export({ format: "jwk" }));
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
  const good = toLowS(sign("sha256", message, { key: made.privateKey, dsaEncoding: "ieee-p1363" }));
  const [r, s] = [good.subarray(0, 32), good.subarray(32)];

  test("the good one passes", async () => {
    expect(await faultOf(key, message, good)).toBeUndefined();
  });

  // r and s of Wycheproof's special values, each with each other.
  const special = [0n, 1n, order - 1n, order, order + 1n, p, p + 1n, 2n ** 256n - 1n];
  test("special values of r and s", async () => {
    for (const one of special) {
      for (const other of special) {
        expect(await faultOf(key, message, pair(bytes(one), bytes(other)))).toMatch(/^SIGNATURE_/);
      }
      expect(await faultOf(key, message, pair(bytes(one), s))).toMatch(/^SIGNATURE_/);
      expect(await faultOf(key, message, pair(r, bytes(one)))).toMatch(/^SIGNATURE_/);
    }
  });

  test.each<Case>([
    ["n − s, which verifies", () => pair(r, bytes(order - number(s)))],
    ["n − r", () => pair(bytes(order - number(r)), s)],
    ["s before r", () => pair(s, r)],
    [
      "of another digest",
      () => toLowS(sign("sha512", message, { key: made.privateKey, dsaEncoding: "ieee-p1363" })),
    ],
    [
      "of another message",
      () => toLowS(sign("sha256", Buffer.from("Tes"), { key: made.privateKey, dsaEncoding: "ieee-p1363" })),
    ],
    ["63 bytes", () => good.subarray(1)],
    ["65 bytes, a zero before", () => Buffer.concat([Buffer.of(0), good])],
    ["65 bytes, a zero behind", () => Buffer.concat([good, Buffer.of(0)])],
    ["66 bytes, r and s of 33", () => Buffer.concat([Buffer.of(0), r, Buffer.of(0), s])],
    ["nothing", () => new Uint8Array()],
    ["DER", () => sign("sha256", message, made.privateKey)],
  ])("%s", async (_, change) => {
    const changed = change(good);
    expect(await faultOf(key, message, changed)).toMatch(/^SIGNATURE_/);
    const imported = { key: importPublicKey(key), dsaEncoding: "ieee-p1363" } as const;
    if (_ === "n − s, which verifies") expect(verify("sha256", message, imported, changed)).toBe(true);
  });

  test("every bit of a signature counts", async () => {
    for (let bit = 0; bit < 512; bit++)
      expect(await faultOf(key, message, flip(good, bit))).toMatch(/^SIGNATURE_/);
  });
});

test("a signature of another length is no record's and no trust file's", async () => {
  const alice = testWriter(new MemoryRecordStore(), "alice");
  const { bytes: stored } = await alice.request();
  const known = (): PublicJwk => alice.signer.publicKey;
  for (const length of [0, 63, 65, 72, 128]) {
    const other = Buffer.alloc(length, 1).toString("base64url");
    const changed = Buffer.from(
      Buffer.from(stored)
        .toString()
        .replace(/"signature":"[^"]+"/, `"signature":"${other}"`),
    );
    expect(open(changed, known)).toMatchObject({ ok: false, code: expect.stringMatching(/^ENVELOPE_/) });
    const head = Buffer.from(
      canonicalJson({ alg: "Ed25519", kid: alice.signer.thumbprint, typ: "jit-trust+jws" }),
    );
    const file = canonicalJson({
      payload: "e30",
      signatures: [{ protected: head.toString("base64url"), signature: other }],
    });
    expect(await thrownBy(() => verifyGeneral("jit-trust+jws", file, [known()], 1))).toBe("JWS_INVALID");
  }
});
