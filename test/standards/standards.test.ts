import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/access/base64url.ts";
import { canonicalJson } from "../../src/access/canonical.ts";
import { isLowS, toLowS } from "../../src/access/es256.ts";
import { readVerifierKey } from "../../src/access/trust/verifier-key.ts";
import { localSigner } from "../../src/audit/signer.ts";
import { leafHash, rootOf } from "../../src/audit/tree/merkle.ts";
import { readNote, signersOf } from "../../src/audit/tree/note.ts";
import { readTilePath, tilePath } from "../../src/audit/tree/tile.ts";
import { thrownBy } from "../local/temporary.ts";
import { faultOf } from "./signed.ts";

/** Values that are printed in the standards themselves; those of one module alone stand beside its other tests. */

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

describe("RFC 8785", () => {
  /** Appendix B: a double, and its text. */
  test.each([
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("%s is %s, which no format of ours has: nothing is rounded in silence", async (double, text) => {
    const value = Buffer.from(double, "hex").readDoubleBE();
    expect(JSON.stringify(value)).toBe(text);
    expect(await thrownBy(() => canonicalJson(value))).toBe("CANONICAL_INVALID");
  });

  test("integers are written as they are", () => {
    for (const value of [0, 1, -1, 10, 2 ** 53 - 1, -(2 ** 53 - 1)])
      expect(Buffer.from(canonicalJson(value)).toString()).toBe(String(value));
  });
});

test("RFC 7638, section 3.1: the thumbprint of an RSA key is SHA-256 of our canonical JSON of its members", () => {
  const key = {
    kty: "RSA",
    n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    e: "AQAB",
  };
  expect(encodeBase64url(createHash("sha256").update(canonicalJson(key)).digest())).toBe(
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
  );
});

describe("RFC 8032, section 7.1", () => {
  test.each([
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
  ])("the key %s signs so", async (secret, key, message, signature) => {
    const x = encodeBase64url(hex(key));
    const signer = localSigner({ kty: "OKP", crv: "Ed25519", x, d: encodeBase64url(hex(secret)) });
    expect(Buffer.from(await signer.sign(hex(message))).toString("hex")).toBe(signature);
  });
});

describe("ES256", () => {
  const p256 = (x: string, y: string) =>
    ({ kty: "EC", crv: "P-256", x: encodeBase64url(hex(x)), y: encodeBase64url(hex(y)) }) as const;

  test("RFC 7515, appendix A.3: verifies, but for its high s, whose low twin is taken", async () => {
    const key = {
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    } as const;
    const input =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const printed = decodeBase64url(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
    expect(isLowS(printed)).toBe(false);
    expect(await faultOf(key, Buffer.from(input), printed)).toBe("SIGNATURE_HIGH_S");
    expect(await faultOf(key, Buffer.from(input), toLowS(printed))).toBeUndefined();
  });

  test.each([
    [
      "sample",
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ],
    [
      "test",
      "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ],
  ])("RFC 6979, appendix A.2.5: %s", async (message, signature) => {
    const key = p256(
      "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    );
    expect(await faultOf(key, Buffer.from(message), toLowS(hex(signature)))).toBeUndefined();
    expect(await faultOf(key, Buffer.from(`${message}.`), toLowS(hex(signature)))).toBe("SIGNATURE_INVALID");
  });
});

test("Go's note of two signers: each is found, whichever is known", () => {
  const peter = readVerifierKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const enoch = readVerifierKey("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop");
  if (peter === undefined || enoch === undefined) throw new Error("no verifier key");
  const note = readNote(
    Buffer.from(
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n" +
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n",
    ),
  );
  if (note === undefined) throw new Error("no note");
  const names = (keys: (typeof peter)[]) => signersOf(note, keys)?.map(({ key }) => key.name);
  expect(names([peter, enoch])).toEqual(["PeterNeumann", "EnochRoot"]);
  expect(names([enoch])).toEqual(["EnochRoot"]);
  expect(names([])).toEqual([]);
});

test("C2SP tlog-tiles: the path of tile 1234067 at level 0, and of a partial one", () => {
  for (const [path, name] of [
    ["0/x001/x234/067", { level: 0, index: 1_234_067, width: 256 }],
    ["0/x001/x234/067.p/8", { level: 0, index: 1_234_067, width: 8 }],
    ["entries/x001/x234/067", { level: "entries", index: 1_234_067, width: 256 }],
  ] as const) {
    expect(tilePath(name)).toContain(path);
    expect(readTilePath(tilePath(name))).toEqual(name);
  }
});

test("RFC 6962, section 2.1: no leaf and one empty leaf", () => {
  expect(Buffer.from(leafHash(new Uint8Array())).toString("hex")).toBe(
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  );
  expect(Buffer.from(rootOf([])).toString("hex")).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});
