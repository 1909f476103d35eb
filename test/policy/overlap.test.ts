import fc from "fast-check";
import { expect, test } from "vitest";
import { globOf, matchGlob } from "../../src/policy/match.ts";
import { overlapActions } from "../../src/policy/overlap.ts";
import { tokenize } from "../../src/policy/variables.ts";

test.each([
  ["s3:GetObject", "s3:GetObject", true],
  ["s3:getobject", "s3:GetObject", true],
  ["s3:GetObject", "s3:GetObjectAcl", false],
  ["s3:Get*", "s3:*Object", true],
  ["s3:Get*", "s3:Put*", false],
  ["s3:?etObject", "s3:GetObject", true],
  ["s3:G?", "s3:?e*", true],
  ["*", "dynamodb:Query", true],
  ["s3:*Acl", "s3:Get*Tagging", false],
])("%s and %s: %s", (one, other, expected) => {
  expect(overlapActions(one, other)).toBe(expected);
  expect(overlapActions(other, one)).toBe(expected);
});

const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 4 });
/** All texts of two letters up to a length at which patterns of four would show what they share. */
const all = [""];
for (let at = 0; (all[at] ?? "").length < 7; at++) all.push(`${all[at]}a`, `${all[at]}b`);

test("two patterns overlap exactly where a text matches both", () => {
  const glob = (text: string) => globOf(tokenize(text, { wildcards: true, variables: false }));
  fc.assert(
    fc.property(pattern, pattern, (one, other) => {
      const [a, b] = [glob(one), glob(other)];
      expect(overlapActions(one, other)).toBe(all.some((text) => matchGlob(a, text) && matchGlob(b, text)));
    }),
  );
});
