import { createPrivateKey, sign } from "node:crypto";
import fc from "fast-check";
import { type GeneralJWSInput, generalVerify, importJWK } from "jose";
import { describe, expect, test } from "vitest";
import { encodeBase64url } from "../../../src/access/base64url.ts";
import { canonicalJson } from "../../../src/access/canonical.ts";
import {
  addSignature,
  type JwsType,
  readGeneral,
  signGeneral,
  verifyGeneral,
} from "../../../src/access/trust/jws.ts";
import { generateKey, localSigner } from "../../../src/audit/signer.ts";
import { codeOf } from "../../../src/error.ts";
import { ada, bob, bytesOf, cyd, mallory, type TestKey, textOf } from "./keys.ts";

const catalog: JwsType = "jit-catalog+jws";
const hello = bytesOf("hello\n");

async function signedBy(keys: readonly TestKey[], payload = hello, type = catalog): Promise<Uint8Array> {
  let file: Uint8Array | undefined;
  for (const key of keys) {
    file = await (file === undefined ? signGeneral(type, payload, key) : addSignature(type, file, key));
  }
  if (file === undefined) throw new Error("nobody signs");
  return file;
}

function code(file: Uint8Array, keys: readonly TestKey[], threshold: number, type = catalog) {
  try {
    verifyGeneral(
      type,
      file,
      keys.map(({ publicKey }) => publicKey),
      threshold,
    );
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

interface Parts {
  payload: string;
  signatures: { protected: string; signature: string }[];
}
const partsOf = (file: Uint8Array): Parts => JSON.parse(textOf(file));
const headerOf = (one: { protected: string }): { alg: string } =>
  JSON.parse(Buffer.from(one.protected, "base64url").toString());
const fileOf = (parts: unknown): Uint8Array => canonicalJson(parts);

describe("general JWS", () => {
  test("the payload and who signed come back", async () => {
    const file = await signedBy([ada, bob]);
    const keys = [ada.publicKey, bob.publicKey, cyd.publicKey];
    const { payload, signers } = verifyGeneral(catalog, file, keys, 2);
    expect(payload).toEqual(hello);
    expect(signers).toEqual([ada.thumbprint, bob.thumbprint].toSorted());
  });

  test("any payload comes back, whoever signs first", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (payload) => {
        const file = await signedBy([ada, bob, cyd], payload);
        expect(await signedBy([cyd, bob, ada], payload)).toEqual(file);
        expect(verifyGeneral(catalog, file, [ada.publicKey], 1).payload).toEqual(payload);
      }),
      { numRuns: 30 },
    );
  });

  test("jose verifies it, too", async () => {
    const file: GeneralJWSInput = JSON.parse(textOf(await signedBy([ada, bob])));
    for (const key of [ada, bob]) {
      const result = await generalVerify(file, await importJWK({ ...key.publicKey }, "Ed25519"));
      expect(Buffer.compare(result.payload, hello)).toBe(0);
      expect(result.protectedHeader).toEqual({ alg: "Ed25519", kid: key.thumbprint, typ: catalog });
    }
  });

  test("the signing key of RFC 8037, appendix A.1, makes a file that its public half verifies", async () => {
    const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const jwk = { kty: "OKP", crv: "Ed25519", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x };
    const key = createPrivateKey({ key: jwk, format: "jwk" });
    // Appendix A.4: the same key gives the RFC's signature, so what signs here is what the RFC means by Ed25519.
    expect(
      sign(null, Buffer.from("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), key).toString(
        "base64url",
      ),
    ).toBe("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    const file = await signGeneral(catalog, bytesOf("Example of Ed25519 signing"), {
      algorithm: "Ed25519",
      thumbprint: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
      sign: async (message) => new Uint8Array(sign(null, message, key)),
    });
    const { signers } = verifyGeneral(catalog, file, [{ kty: "OKP", crv: "Ed25519", x }], 1);
    expect(signers).toEqual(["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]);
    expect(partsOf(file).payload).toBe("RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
  });

  test("a file is always these bytes", async () => {
    expect(textOf(await signedBy([ada]))).toMatchInlineSnapshot(
      `"{"payload":"aGVsbG8K","signatures":[{"protected":"eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiVUREUmVPWmwxaXBYQWZwOXdZc20xM3NEQk1LNW9nLS1RV2RCanp1ZjZvNCIsInR5cCI6ImppdC1jYXRhbG9nK2p3cyJ9","signature":"Gzq8L4V5UkCzsMeq5eBRcXiIspln9dM6ClVlEWdGXeviJUAjTHjpVytOykx1QtyTWbAka3YXJUzgBOBlxS_4Bg"}]}"`,
    );
  });

  test.each([
    ["one of two", [ada], [ada, bob], 2],
    ["a stranger", [mallory], [ada, bob], 1],
    ["one of them and a stranger", [ada, mallory], [ada, bob], 2],
    ["the same key twice", [ada, ada], [ada, bob], 2],
    ["a key that is listed twice", [ada], [ada, ada], 2],
    ["nobody asked", [ada], [], 1],
    ["a threshold of none", [ada], [ada], 0],
    ["a threshold of no number", [ada], [ada], Number.NaN],
  ])("too few: %s", async (_, signers, keys, threshold) => {
    expect(code(await signedBy(signers), keys, threshold)).toBe("JWS_SIGNATURE_INVALID");
  });

  test("a stranger's signature beside enough others is passed over", async () => {
    expect(code(await signedBy([ada, bob, mallory]), [ada, bob, cyd], 2)).toBeUndefined();
  });

  test("a signature over another type of file does not count", async () => {
    const file = await signedBy([ada], hello, "jit-trust+jws");
    expect(code(file, [ada], 1, "jit-trust+jws")).toBeUndefined();
    expect(code(file, [ada], 1)).toBe("JWS_INVALID");
  });

  test("a wrong signature of a known key refuses the file, though others suffice", async () => {
    const parts = partsOf(await signedBy([ada, bob]));
    const other = partsOf(await signedBy([bob], bytesOf("other")));
    const [bobs] = other.signatures;
    parts.signatures = parts.signatures.map((one) => (one.protected === bobs?.protected ? bobs : one));
    expect(code(fileOf(parts), [ada, bob], 1)).toBe("JWS_SIGNATURE_INVALID");
  });

  test("another payload under the same signatures", async () => {
    const parts = { ...partsOf(await signedBy([ada, bob])), payload: encodeBase64url(bytesOf("hello!")) };
    expect(code(fileOf(parts), [ada, bob], 2)).toBe("JWS_SIGNATURE_INVALID");
  });

  test("keys of P-256 sign, with low s alone", async () => {
    const nina = localSigner(generateKey("ES256"));
    const keys = [nina.publicKey, ada.publicKey];
    const file = await addSignature(catalog, await signGeneral(catalog, hello, nina), ada);
    expect(verifyGeneral(catalog, file, keys, 2).signers).toHaveLength(2);
    const parts = partsOf(file);
    const high = parts.signatures.map((one) => {
      const bytes = Buffer.from(one.signature, "base64url");
      const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
      const s = order - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
      const twin = Buffer.from(s.toString(16).padStart(64, "0"), "hex");
      return headerOf(one).alg === "ES256"
        ? { ...one, signature: encodeBase64url(Buffer.concat([bytes.subarray(0, 32), twin])) }
        : one;
    });
    const claimed = parts.signatures.map((one) => ({
      ...one,
      protected: encodeBase64url(canonicalJson({ ...headerOf(one), alg: "Ed25519" })),
    }));
    for (const signatures of [high, claimed]) {
      const refused = (): unknown => verifyGeneral(catalog, fileOf({ ...parts, signatures }), keys, 1);
      expect(refused).toThrow(expect.objectContaining({ code: "JWS_SIGNATURE_INVALID" }));
    }
  });

  test("another algorithm is refused before any key is looked at", async () => {
    const parts = partsOf(await signedBy([ada]));
    for (const alg of ["none", "EdDSA", "HS256", "ES384"]) {
      const signatures = parts.signatures.map((one) => ({
        ...one,
        protected: encodeBase64url(canonicalJson({ ...headerOf(one), alg })),
      }));
      expect(code(fileOf({ ...parts, signatures }), [ada], 1)).toBe("JWS_INVALID");
    }
  });
});

describe("no second spelling", () => {
  test("every change of one byte, removal and insertion is refused", async () => {
    const file = await signedBy([ada, bob]);
    await fc.assert(
      fc.property(
        fc.nat(file.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("change", "remove", "insert"),
        (at, by, how) => {
          const before = file.subarray(0, at);
          const changed = (file[at] ?? 0) ^ by;
          const bytes =
            how === "change"
              ? Buffer.concat([before, Buffer.of(changed), file.subarray(at + 1)])
              : how === "remove"
                ? Buffer.concat([before, file.subarray(at + 1)])
                : Buffer.concat([before, Buffer.of(by), file.subarray(at)]);
          expect(code(bytes, [ada, bob], 2)).toMatch(/^JWS_(SIGNATURE_)?INVALID$/);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("every bit of a signature and of a header counts", async () => {
    const original = await signedBy([ada, bob]);
    for (const member of ["protected", "signature"] as const) {
      const length = Buffer.from(partsOf(original).signatures[0]?.[member] ?? "", "base64url").length;
      for (let bit = 0; bit < length * 8; bit++) {
        const parts = partsOf(original);
        const [first] = parts.signatures;
        if (first === undefined) throw new Error("no signature");
        const bytes = Buffer.from(first[member], "base64url");
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        first[member] = bytes.toString("base64url");
        expect(code(fileOf(parts), [ada, bob], 2)).toMatch(/^JWS_(SIGNATURE_)?INVALID$/);
      }
    }
  });

  test.each<[string, (parts: Parts, text: string) => unknown]>([
    ["white space", (_, text) => `${text}\n`],
    ["another order of members", ({ payload, signatures }) => JSON.stringify({ signatures, payload })],
    ["another order of signatures", (p) => JSON.stringify({ ...p, signatures: p.signatures.toReversed() })],
    ["a further member", (parts) => JSON.stringify({ ...parts, x: 1 })],
    ["a member twice", (parts, text) => text.replace("{", `{"payload":"${parts.payload}",`)],
    ["a header without protection", (_, text) => text.replace('{"protected"', '{"header":{},"protected"')],
    ["padding", (parts, text) => text.replace(parts.payload, `${parts.payload}=`)],
    ["an escape", (_, text) => text.replace("payload", "\\u0070ayload")],
    ["no signature", ({ payload }) => JSON.stringify({ payload, signatures: [] })],
    ["one signature twice", (p) => JSON.stringify({ ...p, signatures: [p.signatures[0], p.signatures[0]] })],
    ["signatures of no list", (parts) => JSON.stringify({ ...parts, signatures: {} })],
    ["null in the list", (parts) => JSON.stringify({ ...parts, signatures: [null] })],
    ["a payload that is no text", (parts) => JSON.stringify({ ...parts, payload: 1 })],
    ["the flattened form", ({ payload, signatures }) => JSON.stringify({ payload, ...signatures[0] })],
    ["the compact form", (p) => `${p.signatures[0]?.protected}.${p.payload}.${p.signatures[0]?.signature}`],
    ["nothing", () => ""],
    ["null", () => "null"],
    ["a list", () => "[]"],
    ["deep nesting", () => "[".repeat(100_000)],
  ])("%s", async (_, change) => {
    const file = await signedBy([ada, bob]);
    const changed = change(partsOf(file), textOf(file));
    expect(changed).not.toBe(textOf(file));
    expect(code(bytesOf(String(changed)), [ada, bob], 1)).toBe("JWS_INVALID");
  });

  test.each([
    ["EdDSA", { alg: "EdDSA" }],
    ["none", { alg: "none" }],
    ["crit", { crit: ["b64"] }],
    ["a key within", { jwk: ada.publicKey }],
    ["another kid", { kid: "kid" }],
    ["no kid", { kid: 1 }],
    ["another type", { typ: "jit-record+jws" }],
  ])("a header with %s, rightly signed", async (_, change) => {
    const header = encodeBase64url(
      canonicalJson({ alg: "Ed25519", kid: ada.thumbprint, typ: catalog, ...change }),
    );
    const payload = encodeBase64url(hello);
    const signature = encodeBase64url(await ada.sign(bytesOf(`${header}.${payload}`)));
    const file = fileOf({ payload, signatures: [{ protected: header, signature }] });
    expect(code(file, [ada], 1)).toBe("JWS_INVALID");
  });

  test("a file beyond all measure", () => {
    expect(() => readGeneral(catalog, new Uint8Array(5 * 1024 * 1024))).toThrow(
      expect.objectContaining({ code: "JWS_INVALID" }),
    );
  });
});
