import { createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isLowS, toLowS } from "../../src/access/es256.ts";
import { generateKey, localSigner } from "../../src/audit/signer.ts";
import { codeOf } from "../../src/error.ts";
import { seededRandom } from "./writer.ts";

/** RFC 8037, appendix A.1. */
const rfc8037 = {
  kty: "OKP",
  crv: "Ed25519",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
} as const;
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

describe("localSigner", () => {
  test("signs as RFC 8037, appendix A.4, under the thumbprint of A.3", async () => {
    const signer = localSigner(rfc8037);
    const message = Buffer.from("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    expect(signer.thumbprint).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    expect(Buffer.from(await signer.sign(message)).toString("base64url")).toBe(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
  });

  test("ES256 signatures have low s and verify", async () => {
    const signer = localSigner(generateKey("ES256"));
    const key = createPublicKey({ key: { ...signer.publicKey }, format: "jwk" });
    for (let i = 0; i < 16; i++) {
      const message = Buffer.from(`message ${i}`);
      const signature = await signer.sign(message);
      expect(signature).toHaveLength(64);
      expect(isLowS(signature)).toBe(true);
      expect(verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
    }
  });

  test("the public half must be that of the private half", () => {
    const other = generateKey();
    let code: string | undefined;
    try {
      localSigner({ ...other, d: rfc8037.d });
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe("KEY_INVALID");
  });

  test("what is no key is refused, and the error does not hold it", () => {
    let thrown: unknown;
    try {
      localSigner({ ...rfc8037, d: "c2VjcmV0" });
    } catch (error) {
      thrown = error;
    }
    expect(codeOf(thrown)).toBe("KEY_INVALID");
    expect(thrown instanceof Error ? [thrown.message.includes("c2Vj"), thrown.cause] : []).toEqual([
      false,
      undefined,
    ]);
  });

  test("a key made of given randomness is always the same", () => {
    expect(generateKey("Ed25519", seededRandom("a"))).toEqual(generateKey("Ed25519", seededRandom("a")));
    expect(generateKey("Ed25519", seededRandom("a"))).not.toEqual(generateKey("Ed25519", seededRandom("b")));
    expect(generateKey()).not.toEqual(generateKey());
  });
});

describe("low s", () => {
  const signature = (s: bigint) =>
    Uint8Array.from([
      ...new Array<number>(32).fill(7),
      ...Buffer.from(s.toString(16).padStart(64, "0"), "hex"),
    ]);

  test.each([1n, order / 2n - 1n, order / 2n])("%d stays", (s) => {
    expect(isLowS(signature(s))).toBe(true);
    expect(toLowS(signature(s))).toEqual(signature(s));
  });

  test.each([order / 2n + 1n, order - 1n])("%d is replaced by its twin", (s) => {
    expect(isLowS(signature(s))).toBe(false);
    expect(toLowS(signature(s))).toEqual(signature(order - s));
  });
});
