import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { idMatches, idTime, isId, makeId, parseId } from "../../src/audit/id.ts";
import { codeOf } from "../../src/error.ts";

const thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const nonce = "AAECAwQFBgcICQoLDA0ODw";
const codeOfThrown = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
};

describe("ids", () => {
  test("hold time and hash as two numbers in base 32", () => {
    const id = makeId(1469918176385, thumbprint, nonce);
    // The time part is that of the ULID specification's example, 01ARYZ6S41TSV4RRFFQ69G5FAV.
    expect(id.slice(0, 10)).toBe("01ARYZ6S41");
    const hash = createHash("sha256").update(`${thumbprint}${nonce}`, "ascii").digest();
    const bits = [...hash.subarray(0, 10)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const letters = (bits.match(/.{5}/g) ?? []).map((five) =>
      "0123456789ABCDEFGHJKMNPQRSTVWXYZ".charAt(Number.parseInt(five, 2)),
    );
    expect(id.slice(10)).toBe(letters.join(""));
  });

  test("give their time back, and belong to one key and nonce", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.string(), fc.string(), (ms, key, salt) => {
        const id = makeId(ms, key, salt);
        expect(parseId(id)).toBe(id);
        expect(idTime(id)).toBe(ms);
        expect(idMatches(id, key, salt)).toBe(true);
        expect(idMatches(id, key, `${salt}x`)).toBe(false);
        expect(idMatches(id, `x${key}`, salt)).toBe(false);
      }),
    );
  });

  test("sort by time", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.nat(2 ** 31), (a, b) => {
        const [first, second] = [makeId(a, "k", "n").slice(0, 10), makeId(b, "k", "n").slice(0, 10)];
        expect(Math.sign(a - b)).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
    );
  });

  test.each([-1, 0.5, 2 ** 48, Number.NaN])("a time of %d is refused", (ms) => {
    expect(codeOfThrown(() => makeId(ms, thumbprint, nonce))).toBe("ID_INVALID");
  });

  test.each([
    "",
    "-",
    "01ARYZ6S41TSV4RRFFQ69G5FA",
    "01ARYZ6S41TSV4RRFFQ69G5FAVV",
    "01aryz6s41tsv4rrffq69g5fav",
    "81ARYZ6S41TSV4RRFFQ69G5FAV",
    "01ARYZ6S41TSV4RRFFQ69G5FAI",
    "01ARYZ6S41TSV4RRFFQ69G5FAL",
    "01ARYZ6S41TSV4RRFFQ69G5FAO",
    "01ARYZ6S41TSV4RRFFQ69G5FAU",
    "01ARYZ6S41TSV4RRFFQ69G5FAV\n",
    "../RYZ6S41TSV4RRFFQ69G5FAV",
    "01ARYZ6S41TSV4RRFFQ69G5FA\u0661",
  ])("%j is no id", (text) => {
    expect(isId(text)).toBe(false);
    expect(codeOfThrown(() => parseId(text))).toBe("ID_INVALID");
  });

  test("any text is an id or refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(codeOfThrown(() => parseId(text))).toBe(isId(text) ? undefined : "ID_INVALID");
      }),
    );
  });
});
