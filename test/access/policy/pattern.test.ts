import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  coverersOf,
  covers,
  coversResource,
  mayOverlap,
  withoutCovered,
} from "../../../src/access/policy/pattern.ts";
import { covers as exactly, coversResource as exactlyResource } from "../../../src/policy/cover.ts";
import { matchesPattern } from "../../../src/policy/match.ts";

const DOLLAR = `\${$}`;
const STAR = `\${*}`;
const pattern = fc
  .array(fc.constantFrom("a", "b", "*", "?", ":", STAR, DOLLAR), { maxLength: 6 })
  .map((parts) => parts.join(""));
const plain = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 5 }).map((parts) => parts.join(""));
const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 5 }).map((parts) => parts.join(""));

describe("the short cuts say what the policy language says", () => {
  test("of patterns", () => {
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        expect(covers(wide, narrow)).toBe(exactly(wide, narrow));
      }),
      { numRuns: 2000 },
    );
  });

  test("of ARNs", () => {
    const whole = (arn: string) => arn.startsWith("arn:aws:s3:::");
    const arns = fc
      .tuple(fc.constantFrom("arn:aws:s3:::", "arn:aws:s3:", "arn:aws:", ""), pattern)
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(arns, arns, (wide, narrow) => {
        fc.pre(wide !== narrow);
        // A cover may be missed where parts of the ARN are left out, never made up.
        if (coversResource(wide, narrow)) expect(exactlyResource(wide, narrow)).toBe(true);
        else if (whole(wide) && whole(narrow)) expect(exactlyResource(wide, narrow)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test("of lists", () => {
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 8 }), (values) => {
        for (const [narrow, wide] of coverersOf(values, covers)) {
          const found = values.filter(
            (other) => other !== narrow && exactly(other, narrow) && /[*?$]/.test(other),
          );
          expect([...wide].sort()).toEqual(found.sort());
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("what is dropped is covered by what stays, and nothing that stays by another", () => {
  fc.assert(
    fc.property(fc.uniqueArray(plain, { maxLength: 8 }), (values) => {
      const kept = withoutCovered(values, covers);
      for (const value of values) expect(kept.some((wide) => covers(wide, value))).toBe(true);
      for (const one of kept) expect(kept.some((wide) => wide !== one && covers(wide, one))).toBe(false);
    }),
  );
});

test("patterns that share a text overlap", () => {
  fc.assert(
    fc.property(plain, plain, text, (a, b, shared) => {
      if (matchesPattern(a, shared) && matchesPattern(b, shared)) expect(mayOverlap(a, b)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test.each<readonly [string, string, boolean]>([
  ["arn:aws:s3:::a/eu/*", "arn:aws:s3:::a/us/*", false],
  ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*", false],
  ["arn:aws:s3:::a", "arn:aws:s3:::a/*", false],
  ["arn:aws:s3:::a/eu/*", "arn:aws:s3:::a/*", true],
  ["arn:aws:s3:::a", "arn:aws:s3:::a", true],
  ["*", "arn:aws:s3:::a", true],
])("%s and %s overlap: %s", (a, b, overlap) => {
  expect(mayOverlap(a, b)).toBe(overlap);
});
