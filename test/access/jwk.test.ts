import { generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/access/base64url.ts";
import { sha256Hex } from "../../src/access/digest.ts";
import { importPublicKey, parsePublicJwk, thumbprint } from "../../src/access/jwk.ts";
import type { PublicJwk } from "../../src/access/types.ts";
import { codeOf } from "../../src/error.ts";

/** RFC 8037, appendix A.2. */
const okp = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
/** RFC 7515, appendix A.3.1, public part. */
const ec = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
} as const;

function code(value: unknown): string | undefined {
  try {
    parsePublicJwk(value);
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

function fromHex(hex: string): PublicJwk {
  return { kty: "OKP", crv: "Ed25519", x: encodeBase64url(Buffer.from(hex, "hex")) };
}

describe("public keys", () => {
  test("thumbprint of RFC 8037, appendix A.3", () => {
    expect(thumbprint(okp)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  test("a thumbprint does not depend on the order of members", () => {
    expect(thumbprint({ y: ec.y, x: ec.x, crv: "P-256", kty: "EC" })).toBe(thumbprint(ec));
  });

  test("verifies the signature of RFC 8037, appendix A.4", () => {
    const input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const signature = decodeBase64url(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
    expect(verify(null, Buffer.from(input), importPublicKey(okp), signature)).toBe(true);
  });

  test("takes keys of both kinds", () => {
    expect(parsePublicJwk(okp)).toEqual(okp);
    expect(parsePublicJwk(ec)).toEqual(ec);
  });

  test("takes every key that node:crypto makes", () => {
    for (let i = 0; i < 20; i++) {
      const made = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
      expect(parsePublicJwk(made)).toEqual(made);
    }
    const made = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
    expect(parsePublicJwk(made)).toEqual(made);
  });

  test.each([
    ["nothing", null],
    ["a list", [okp]],
    ["a private member", { ...okp, d: okp.x }],
    ["a further member", { ...okp, use: "sig" }],
    ["a missing coordinate", { kty: "EC", crv: "P-256", x: ec.x }],
    ["another curve", { kty: "OKP", crv: "X25519", x: okp.x }],
    ["mixed types", { kty: "EC", crv: "Ed25519", x: okp.x }],
    ["a padded coordinate", { ...okp, x: `${okp.x}=` }],
    ["31 bytes", { ...okp, x: encodeBase64url(new Uint8Array(31)) }],
    ["33 bytes", { ...okp, x: encodeBase64url(new Uint8Array(33)) }],
    ["a point off the curve P-256", { ...ec, y: ec.x }],
    ["a point off Ed25519", fromHex("0200000000000000000000000000000000000000000000000000000000000000")],
    ["y not below p", fromHex("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")],
  ])("refuses %s", (_, value) => {
    expect(code(value)).toBe("KEY_INVALID");
  });

  test.each([
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  ])("refuses the Ed25519 point of small order %s", (hex) => {
    expect(code(fromHex(hex))).toBe("KEY_INVALID");
  });
});

test("sha256Hex of FIPS 180-4's example", () => {
  expect(sha256Hex(new TextEncoder().encode("abc"))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
