import * as fc from "fast-check";
import { expect, test } from "vitest";
import { groupsOf, matches } from "../../../src/access/rules/groups.ts";

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

test("a group by tags takes whom AWS attests every tag of, each with one of its values", () => {
  const tags = new Map([
    ["team", ["platform", "storage"]],
    ["site", ["berlin"]],
  ]);
  const rules = { groups: new Map([["people", { name: "people", principals: [], users: [], tags }]]) };
  const identity = {
    arn: "arn:aws:iam::111122223333:user/ann",
    userid: "AIDAEXAMPLEEXAMPLE12",
    account: "111122223333",
  };
  const groupsBy = (attested: Record<string, string>) => groupsOf(rules, identity, attested);
  expect(groupsBy({ "tag.team": "storage", "tag.site": "berlin", "tag.more": "x" })).toEqual(["people"]);
  expect(groupsBy({ "tag.team": "storage" })).toEqual([]);
  expect(groupsBy({ "tag.team": "storage", "tag.site": "paris" })).toEqual([]);
  expect(groupsBy({ team: "storage", site: "berlin" })).toEqual([]);
  expect(groupsBy({})).toEqual([]);
  const empty = {
    groups: new Map([["people", { name: "people", principals: [], users: [], tags: new Map() }]]),
  };
  expect(groupsOf(empty, identity, { "tag.team": "storage" })).toEqual([]);
});
