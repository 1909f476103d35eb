import { describe, expect, test } from "vitest";
import { documentOf } from "../../../src/access/policy/clause.ts";
import { joinConditions } from "../../../src/access/policy/join.ts";
import { rawClause } from "../../../src/access/policy/raw.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { verdictOf } from "./fixtures.ts";

const KEY = "aws:PrincipalTag/x";
const object = { action: "s3:GetObject", resource: "arn:aws:s3:::b/k" };
const contexts = [[], "t1", "t2", "T1", "u", ["t1"], ["t2"], ["t1", "t2"], ["t1", "u"], ["u"]].map(
  (value) => ({
    [KEY]: value,
  }),
);

/** Two clauses that differ in nothing but one operator's values. */
function pair(operator: string, effect: "Allow" | "Deny") {
  return ["t1", "t2"].map((value) =>
    rawClause({
      kind: "statement",
      statement: {
        Effect: effect,
        Action: "s3:*",
        Resource: "*",
        Condition: { [operator]: { [KEY]: value } },
      },
    }),
  );
}

function verdicts(clauses: Parameters<typeof documentOf>[0]) {
  const open = rawClause({ kind: "statement", statement: { Effect: "Allow", Action: "*", Resource: "*" } });
  const denies = clauses.some((one) => one.effect === "Deny");
  const policy = parsePolicy(documentOf(denies ? [open, ...clauses] : clauses).text, "session");
  return contexts.map((context) => verdictOf(policy, { ...object, context }));
}

const positive = ["StringEquals", "StringEqualsIgnoreCase", "StringLike"];
const joinable = positive.flatMap((name) => [name, `${name}IfExists`, `ForAnyValue:${name}`]);
const apart = [
  ...positive.map((name) => `ForAllValues:${name}`),
  ...["StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike"].flatMap((name) => [
    name,
    `${name}IfExists`,
    `ForAnyValue:${name}`,
    `ForAllValues:${name}`,
  ]),
];

describe.each<"Allow" | "Deny">(["Allow", "Deny"])("%s", (effect) => {
  test.each(joinable)("alternatives are joined and mean the same: %s", (operator) => {
    const clauses = pair(operator, effect);
    const joined = joinConditions(clauses);
    expect(joined).toHaveLength(1);
    expect(verdicts(joined)).toEqual(verdicts(clauses));
  });

  test.each(apart)("what would mean something else together stays apart: %s", (operator) => {
    const clauses = pair(operator, effect);
    expect(joinConditions(clauses)).toEqual(clauses);
  });
});

test("clauses that differ in two lists stay apart", () => {
  const clauses = [
    ["t1", "eu/*"],
    ["t2", "us/*"],
  ].map(([tag, prefix]) =>
    rawClause({
      kind: "statement",
      statement: {
        Effect: "Allow",
        Action: "s3:ListBucket",
        Resource: "*",
        Condition: { StringLike: { [KEY]: tag, "s3:prefix": prefix } },
      },
    }),
  );
  expect(joinConditions(clauses)).toHaveLength(2);
});

test("of patterns those that others take in are dropped, of plain values none", () => {
  const clauses = (operator: string) =>
    [["a*"], ["ab*", "c"]].map((values) =>
      rawClause({
        kind: "statement",
        statement: {
          Effect: "Allow",
          Action: "s3:*",
          Resource: "*",
          Condition: { [operator]: { [KEY]: values } },
        },
      }),
    );
  expect(joinConditions(clauses("StringLike")).map((one) => [...one.conditions.values()])).toEqual([
    [["a*", "c"]],
  ]);
  expect(joinConditions(clauses("StringEquals")).map((one) => [...one.conditions.values()])).toEqual([
    [["a*", "ab*", "c"]],
  ]);
});
