import * as fc from "fast-check";
import { expect, test } from "vitest";
import { matches } from "../../../src/access/rules/groups.ts";

const session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Support_0123/ann@acme.example";

test.each([
  [session, session, true],
  ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Support_*/*", session, true],
  ["arn:aws:sts::*:assumed-role/AWSReservedSSO_*/ann@*", session, true],
  ["arn:aws:sts::111122223333:assumed-role/*Support*/*", session, true],
  ["arn:aws:sts::111122223333:assumed-role/*", session, false],
  ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Support_*", session, false],
  ["arn:aws:sts::444455556666:assumed-role/*/*", session, false],
  ["arn:aws:sts::111122223333:assumed-role/Support*/*", session, false],
  ["arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:user/team/ann", false],
  ["arn:aws:iam::111122223333:user/*/*", "arn:aws:iam::111122223333:user/team/ann", true],
  ["arn:aws:iam::111122223333:user/a*a", "arn:aws:iam::111122223333:user/a", false],
  ["arn:aws:iam::111122223333:user/a*a", "arn:aws:iam::111122223333:user/aa", true],
  ["arn:aws:iam::111122223333:user/a*b*b", "arn:aws:iam::111122223333:user/ab", false],
  ["arn:aws:iam::111122223333:user/a.c", "arn:aws:iam::111122223333:user/abc", false],
])("%s and %s: %s", (pattern, arn, fits) => {
  expect(matches(pattern, arn)).toBe(fits);
});

test("as a regular expression would have it", () => {
  const letters = (...from: string[]) => fc.string({ unit: fc.constantFrom(...from), maxLength: 10 });
  fc.assert(
    fc.property(letters("a", "b", "*", "/", ":"), letters("a", "b", "/", ":"), (pattern, text) => {
      const expression = new RegExp(`^${pattern.replace(/\*+/g, "[^/:]*")}$`);
      expect(matches(pattern, text)).toBe(expression.test(text));
    }),
    { numRuns: 500 },
  );
});
