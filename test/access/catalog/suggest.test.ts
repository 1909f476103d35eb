import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distance, suggest } from "../../../src/access/catalog/suggest.ts";

describe("distance", () => {
  test.each([
    ["", "", 0],
    ["read", "read", 0],
    ["read", "raed", 1],
    ["read", "reads", 1],
    ["read", "red", 1],
    ["read", "rend", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ])("of %j and %j is %i", (a, b, expected) => {
    expect(distance(a, b, 10)).toBe(expected);
  });

  test("is symmetric, no more than the longer word, and told as above a limit that it is above", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.nat(8), (a, b, limit) => {
        const exact = distance(a, b, 20);
        expect(distance(b, a, 20)).toBe(exact);
        expect(exact).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(exact === 0).toBe(a === b);
        expect(distance(a, b, limit) <= limit ? distance(a, b, limit) : limit + 1).toBe(
          Math.min(exact, limit + 1),
        );
      }),
    );
  });
});

describe("suggest", () => {
  const known = ["read", "list", "write", "delete", "maximumDuration", "customers", "kms"];
  test.each([
    ["raed", "read"],
    ["Read", "read"],
    ["maximum-duration", "maximumDuration"],
    ["maximumduraton", "maximumDuration"],
    ["customer", "customers"],
    ["costumers", "customers"],
    ["wirte", "write"],
    ["kmss", "kms"],
    ["orders", undefined],
    ["", undefined],
    ["x", undefined],
    ["a".repeat(1000), undefined],
  ])("%j: %j", (word, expected) => {
    expect(suggest(word, known)).toBe(expected);
  });

  test("finds every known word itself", () => {
    for (const word of known) expect(suggest(word, known)).toBe(word);
  });
});
