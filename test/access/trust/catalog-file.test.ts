import { describe, expect, test } from "vitest";
import {
  addCatalogSignature,
  readSignedCatalog,
  signCatalog,
  verifyCatalogFile,
} from "../../../src/access/trust/catalog-file.ts";
import { signGeneral } from "../../../src/access/trust/jws.ts";
import { makeTrust } from "../../../src/access/trust/trust-file.ts";
import { codeOf } from "../../../src/error.ts";
import { ada, bob, bytesOf, cyd, mallory } from "./keys.ts";

const trust = makeTrust({
  organization: "example",
  threshold: 2,
  administrators: [ada, bob, cyd].map(({ publicKey }, index) => ({ name: `admin ${index}`, key: publicKey })),
});
const yaml = bytesOf("version: 1 # with a comment\r\n");
const byAda = await signCatalog(yaml, ada);
const byBoth = await addCatalogSignature(byAda, bob);

function verified(file: Uint8Array): Uint8Array | string | undefined {
  try {
    return verifyCatalogFile(file, trust);
  } catch (error) {
    return codeOf(error);
  }
}

describe("a signed catalog", () => {
  test("gives back the very bytes that were signed", () => {
    expect(verified(byBoth)).toEqual(yaml);
  });

  test("is the same whoever signs first", async () => {
    expect(await addCatalogSignature(await signCatalog(yaml, bob), ada)).toEqual(byBoth);
    expect(await addCatalogSignature(byBoth, ada)).toEqual(byBoth);
  });

  test("shows who is said to have signed", () => {
    expect(readSignedCatalog(byBoth)).toEqual({
      yaml,
      claimed: [ada.thumbprint, bob.thumbprint].toSorted(),
    });
  });

  test("does not count with too few signatures", async () => {
    expect(verified(byAda)).toBe("CATALOG_SIGNATURE_INVALID");
    expect(verified(await addCatalogSignature(byAda, ada))).toBe("CATALOG_SIGNATURE_INVALID");
    expect(verified(await addCatalogSignature(byAda, mallory))).toBe("CATALOG_SIGNATURE_INVALID");
  });

  test("is no trust file, nor its own text", async () => {
    expect(verified(await signGeneral("jit-trust+jws", yaml, ada))).toBe("CATALOG_UNSIGNED");
    expect(verified(yaml)).toBe("CATALOG_UNSIGNED");
    expect(verified(bytesOf(""))).toBe("CATALOG_UNSIGNED");
    await expect(addCatalogSignature(yaml, ada)).rejects.toMatchObject({ code: "CATALOG_UNSIGNED" });
  });

  test("every changed byte is refused", () => {
    for (let at = 0; at < byBoth.length; at++) {
      const changed = Uint8Array.from(byBoth);
      changed[at] = (changed[at] ?? 0) ^ (1 + (at % 63));
      expect(verified(changed)).toMatch(/^CATALOG_(UNSIGNED|SIGNATURE_INVALID)$/);
    }
  });
});
