import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/access/canonical.ts";
import { sha256Hex } from "../../../src/access/digest.ts";
import { readGeneral, signGeneral } from "../../../src/access/trust/jws.ts";
import { parseTrust } from "../../../src/access/trust/parse.ts";
import {
  addTrustSignature,
  makeTrust,
  readTrust,
  signTrust,
  type TrustContent,
  trustDigest,
  verifyTrustChain,
} from "../../../src/access/trust/trust-file.ts";
import type { Trust } from "../../../src/access/types.ts";
import { codeOf } from "../../../src/error.ts";
import { ada, bob, bytesOf, cyd, mallory, type TestKey } from "./keys.ts";

function content(
  administrators: readonly TestKey[],
  threshold: number,
  more: Partial<Trust> = {},
): TrustContent {
  return {
    organization: "example",
    threshold,
    administrators: administrators.map(({ publicKey }, index) => ({
      name: `admin ${index}`,
      key: publicKey,
    })),
    ...more,
  };
}

async function signedBy(trust: Trust, keys: readonly TestKey[]): Promise<Uint8Array> {
  let file: Uint8Array | undefined;
  for (const key of keys) {
    file = await (file === undefined ? signTrust(trust, key) : addTrustSignature(file, key));
  }
  if (file === undefined) throw new Error("nobody signs");
  return file;
}

function verified(files: readonly Uint8Array[], fingerprint: string): Trust | string | undefined {
  try {
    return verifyTrustChain(files, fingerprint);
  } catch (error) {
    return codeOf(error);
  }
}

const first = makeTrust(content([ada, bob], 2));
const pin = trustDigest(first);
/** Bob leaves, Cyd comes. */
const second = makeTrust(content([ada, cyd], 1), first);
const third = makeTrust(content([cyd], 1, { refusePathOnly: true }), second);
const file1 = await signedBy(first, [ada, bob]);
const file2 = await signedBy(second, [ada, bob]);
const file3 = await signedBy(third, [cyd]);

const refused: readonly (readonly [string, readonly Uint8Array[], string])[] = [
  ["nothing", [], "TRUST_INVALID"],
  ["the first is missing", [file2, file3], "TRUST_FINGERPRINT"],
  ["a gap", [file1, file3], "TRUST_BROKEN_CHAIN"],
  ["one twice", [file1, file1], "TRUST_BROKEN_CHAIN"],
  ["another order", [file1, file3, file2], "TRUST_BROKEN_CHAIN"],
  ["the first by one of two", [await signedBy(first, [ada])], "TRUST_SIGNATURE_INVALID"],
  ["the first by one twice", [await signedBy(first, [ada, ada])], "TRUST_SIGNATURE_INVALID"],
  ["the first by a stranger too", [await signedBy(first, [ada, mallory])], "TRUST_SIGNATURE_INVALID"],
  ["enough of its own, not of before", [file1, await signedBy(second, [ada])], "TRUST_SIGNATURE_INVALID"],
  ["not of its own", [file1, file2, await signedBy(third, [ada])], "TRUST_SIGNATURE_INVALID"],
  ["who has left", [file1, file2, await signedBy(third, [bob, ada])], "TRUST_SIGNATURE_INVALID"],
  ["no JSON", [bytesOf("trust me")], "TRUST_INVALID"],
  ["a bare payload", [canonicalJson(first)], "TRUST_INVALID"],
  [
    "a catalog's signature",
    [await signGeneral("jit-catalog+jws", canonicalJson(first), ada)],
    "TRUST_INVALID",
  ],
];

describe("a chain of trust files", () => {
  test("leads from the pinned one to the newest", () => {
    expect(verified([file1], pin)).toEqual(first);
    expect(verified([file1, file2], pin)).toEqual(second);
    expect(verified([file1, file2, file3], pin)).toEqual(third);
    expect([first, second, third].map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  test("the fingerprint is that of the payload, so more signatures do not change it", async () => {
    expect(sha256Hex(readGeneral("jit-trust+jws", file1).payload)).toBe(pin);
    const more = await addTrustSignature(file1, mallory);
    expect(more).not.toEqual(file1);
    expect(verified([more, file2], pin)).toEqual(second);
  });

  test("the format is what it was", () => {
    expect(pin).toMatchInlineSnapshot(`"3405cb8d765856cd67574ef1167fc49fa68fd64fda07bd874e403121f9562e4b"`);
    expect(sha256Hex(file3)).toMatchInlineSnapshot(
      `"356976ce251109e6c4a22850da0ca5404b802daf9113eb90a74475ca3dd4d229"`,
    );
  });

  test.each(refused)("refuses: %s", (_, files, code) => {
    expect(verified(files, pin)).toBe(code);
  });

  test("refuses another organization's first file", async () => {
    const other = makeTrust(content([mallory], 1));
    expect(verified([await signedBy(other, [mallory])], pin)).toBe("TRUST_FINGERPRINT");
    expect(verified([file1], pin.toUpperCase())).toBe("TRUST_FINGERPRINT");
  });

  test("refuses a predecessor that is not the one before", async () => {
    const forked = { ...second, previous: "0".repeat(64) };
    expect(verified([file1, await signedBy(forked, [ada, bob, cyd])], pin)).toBe("TRUST_BROKEN_CHAIN");
  });

  test("refuses another name for the organization", async () => {
    const renamed = { ...second, organization: "elsewhere" };
    expect(verified([file1, await signedBy(renamed, [ada, bob, cyd])], pin)).toBe("TRUST_BROKEN_CHAIN");
    expect(() => makeTrust({ ...content([ada], 1), organization: "elsewhere" }, first)).toThrow(
      expect.objectContaining({ code: "TRUST_BROKEN_CHAIN" }),
    );
  });

  test("refuses every change of one byte of any file", () => {
    const files = [file1, file2, file3];
    for (const [which, file] of files.entries()) {
      for (let at = 0; at < file.length; at += 7) {
        const changed = Uint8Array.from(file);
        changed[at] = (changed[at] ?? 0) ^ (1 + (at % 31));
        expect(verified(files.with(which, changed), pin)).toMatch(/^TRUST_/);
      }
    }
  });

  test("shows who is said to have signed", () => {
    const { trust, claimed } = readTrust(file2);
    expect(trust).toEqual(second);
    expect(claimed).toEqual([ada.thumbprint, bob.thumbprint].toSorted());
  });
});

describe("the payload", () => {
  const full = makeTrust(
    content([ada], 1, {
      logKeys: ["sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"],
      tokenIssuers: [
        { issuer: "https://abc.tokens.sts.global.api.aws", keys: [{ kty: "RSA", n: "AQAB", e: "AQAB" }] },
      ],
      sessionNameRoles: [
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0",
      ],
    }),
  );

  test("comes back from its bytes", () => {
    expect(parseTrust(canonicalJson(full))).toEqual(full);
  });

  const [admin] = full.administrators;
  const p256 = {
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  };
  const issuer = "https://issuer.example";
  test.each<[string, Record<string, unknown>]>([
    ["a further member", { more: 1 }],
    ["another format", { v: 2 }],
    ["version 0", { version: 0 }],
    ["a first version with a predecessor", { previous: "0".repeat(64) }],
    ["a second version without one", { version: 2 }],
    ["a predecessor in capitals", { version: 2, previous: "A".repeat(64) }],
    ["threshold 0", { threshold: 0 }],
    ["a threshold nobody can reach", { threshold: 2 }],
    ["a threshold that is text", { threshold: "1" }],
    ["no administrators", { administrators: [] }],
    ["a key twice", { administrators: [admin, { ...admin, name: "other" }] }],
    ["a name twice", { administrators: [admin, { ...admin, key: bob.publicKey }] }],
    ["a P-256 point off its curve", { administrators: [{ ...admin, key: { ...p256, y: p256.x } }] }],
    ["a private key", { administrators: [{ ...admin, key: { ...ada.publicKey, d: ada.publicKey.x } }] }],
    [
      "a key of small order",
      { administrators: [{ ...admin, key: { ...ada.publicKey, x: "A".repeat(43) } }] },
    ],
    ["an administrator without a name", { administrators: [{ ...admin, name: "" }] }],
    ["a hostile name", { administrators: [{ ...admin, name: "ada\u202e" }] }],
    ["a hostile organization", { organization: "ex\u001b[2Jample" }],
    ["a space around the organization", { organization: "example " }],
    ["a log key that is none", { logKeys: ["log"] }],
    ["a log key twice", { logKeys: [...full.logKeys, ...full.logKeys] }],
    ["an issuer that is none", { tokenIssuers: [{ issuer: "javascript:1", keys: [] }] }],
    [
      "an issuer twice",
      {
        tokenIssuers: [
          { issuer, keys: [] },
          { issuer, keys: [] },
        ],
      },
    ],
    ["a symmetric key", { tokenIssuers: [{ issuer, keys: [{ kty: "oct", k: "AA" }] }] }],
    ["an issuer's private key", { tokenIssuers: [{ issuer, keys: [{ kty: "RSA", n: "AQAB", d: "AQAB" }] }] }],
    ["a user in place of a role", { sessionNameRoles: ["arn:aws:iam::111122223333:user/ada"] }],
    ["a pattern of roles", { sessionNameRoles: ["arn:aws:iam::111122223333:role/*"] }],
    ["a flag that is text", { refusePathOnly: "yes" }],
  ])("refuses %s", (_, change) => {
    expect(() => parseTrust(canonicalJson({ ...full, ...change }))).toThrow(
      expect.objectContaining({ code: "TRUST_INVALID" }),
    );
  });

  test("refuses a missing member", () => {
    for (const name of Object.keys(full)) {
      const rest = Object.fromEntries(Object.entries(full).filter(([other]) => other !== name));
      expect(() => parseTrust(canonicalJson(rest))).toThrow(
        expect.objectContaining({ code: "TRUST_INVALID" }),
      );
    }
  });

  test("refuses a second spelling, even signed", async () => {
    const spaced = bytesOf(JSON.stringify(first, undefined, 1));
    const file = await signGeneral("jit-trust+jws", spaced, ada);
    expect(verified([file], sha256Hex(spaced))).toBe("TRUST_INVALID");
  });
});
