import fc from "fast-check";
import { expect, test } from "vitest";
import { arnMatcher, resourceMatcher } from "../../src/policy/arns.ts";
import { contextOf } from "../../src/policy/context.ts";
import { matchesAction, matchesPattern, textMatcher } from "../../src/policy/match.ts";
import { requestBy, user } from "./requests.ts";

const variable = (text: string) => `$${"{"}${text}}`;
const context = contextOf(
  requestBy(user("ann"), {
    context: {
      "aws:userid": "AIDA1",
      "aws:PrincipalTag/Team": "red*",
      "aws:TagKeys": ["a"],
      "aws:Empty": [],
    },
    unknown: new Set(["aws:sourceip"]),
  }),
);

test("matches what the same regular expression matches", () => {
  const letters = fc
    .array(fc.constantFrom("a", "b", "/", "*", "?"), { maxLength: 10 })
    .map((list) => list.join(""));
  const texts = fc.array(fc.constantFrom("a", "b", "/", ":"), { maxLength: 10 }).map((list) => list.join(""));
  fc.assert(
    fc.property(letters, texts, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(matchesPattern(pattern, text)).toBe(expression.test(text));
    }),
    { numRuns: 1000 },
  );
});

test("a pattern that blows up backtracking is answered", () => {
  expect(matchesPattern(`${"*a".repeat(1000)}b`, "a".repeat(10_000))).toBe(false);
});

test.each([
  ["s3:GetObject", "S3:getobject", true],
  ["*", "s3:GetObject", true],
  ["s3:Get*", "s3:PutObject", false],
  ["s3:*Object", "s3:GetObject", true],
  ["s3:Get?bject", "s3:GetObject", true],
  ["s3:GetObject", "s3:GetObjectAcl", false],
])("action %j takes in %j: %j", (pattern, action, expected) => {
  expect(matchesAction(pattern, action)).toBe(expected);
});

test.each([
  [`x-${variable("aws:userid")}`, "x-AIDA1", true],
  [`x-${variable("AWS:UserID")}`, "x-AIDA1", true],
  [`x-${variable("aws:userid")}`, "x-AIDA2", false],
  // A value is literal: its * matches only a *.
  [variable("aws:PrincipalTag/Team"), "red*", true],
  [variable("aws:PrincipalTag/Team"), "redder", false],
  [`${variable("aws:username")}*`, "anything", false],
  [variable("aws:username, 'all'"), "all", true],
  [variable("aws:username,'all'"), "all", true],
  [variable("aws:userid, 'all'"), "all", false],
  // Keys of many values cannot be variables, whatever the default.
  [variable("aws:TagKeys"), "a", false],
  [variable("aws:TagKeys, 'a'"), "a", false],
  [variable("aws:Empty, 'a'"), "a", true],
  [`a${variable("*")}`, "a*", true],
  [`a${variable("*")}`, "ab", false],
  [`a${variable("?")}`, "a?", true],
  [`a${variable("?")}`, "ab", false],
  [`${variable("$")}{aws:userid}`, variable("aws:userid"), true],
  [`${variable("aws:SourceIp")}`, "10.0.0.1", "unknown"],
  // Known not to match, whatever the unknown part is.
  [`${variable("aws:SourceIp")}${variable("aws:username")}`, "10.0.0.1", false],
])("%j on %j: %j", (pattern, text, expected) => {
  expect(textMatcher(pattern, { wildcards: true, variables: true })(text, context)).toBe(expected);
});

test("before 2012-10-17 a variable is only text", () => {
  const pattern = textMatcher(variable("aws:userid"), { wildcards: true, variables: false });
  expect(pattern("AIDA1", context)).toBe(false);
  expect(pattern(variable("aws:userid"), context)).toBe(true);
});

test.each([
  ["*", "*", true],
  ["*", "arn:aws:s3:::b", true],
  ["arn:aws:s3:::b", "*", false],
  ["arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true],
  ["arn:aws:s3:::b/*", "arn:aws:s3:::b", false],
  ["arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1///test///object.jpg", true],
  ["arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/test/", true],
  ["arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1-test/object.jpg", false],
  ["arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/test/object.jpg", false],
  ["arn:aws:s3:::B", "arn:aws:s3:::b", false],
  ["arn:aws:s3", "arn:aws:s3:::b", true],
  ["arn:aws:s3:*", "arn:aws:s3:::b/k", true],
  ["arn:aws:s3:*", "arn:aws:sqs:eu-west-1:1:q", false],
  ["arn:aws:sqs:*:1:q", "arn:aws:sqs:eu-west-1:1:q", true],
  ["arn:aws:sqs:eu-?:1:q", "arn:aws:sqs:eu-1:1:q", true],
  ["arn:aws:sqs:eu-?1:q", "arn:aws:sqs:eu-:1:q", false],
  // A star that ends its part may run on over colons; one inside its part may not.
  ["arn:aws:sqs:*:q:x", "arn:aws:sqs:eu-west-1:1:q:x", true],
  ["arn:aws:sqs:*1:q:x", "arn:aws:sqs:eu-west-1:1:q:x", false],
  ["arn:aws:logs:*:*:log-group:a:*", "arn:aws:logs:eu-west-1:1:log-group:a:stream", true],
  ["arn:aws:*:*:*:q", "no:arn:but:of:six:q", false],
])("resource %j takes in %j: %j", (pattern, resource, expected) => {
  expect(resourceMatcher(pattern, true)(resource, context)).toBe(expected);
});

test.each([
  ["arn:aws:iam::*:user/a*", "arn:aws:iam::1:user/ann", true],
  ["arn:aws:iam::*:user/a*", "arn:aws:iam::1:role/ann", false],
  ["arn:aws:sqs:*:q:x", "arn:aws:sqs:eu-west-1:1:q:x", false],
  ["arn:aws:iam::*", "arn:aws:iam::1:user/ann", false],
  ["*", "arn:aws:iam::1:user/ann", false],
])("an Arn condition %j takes in %j: %j", (pattern, arn, expected) => {
  expect(arnMatcher(pattern, true)(arn, context)).toBe(expected);
});
