import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { refusedCharacter, sessionPolicyLength, storedPolicyLength } from "../../src/policy/measure.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { printPolicy } from "../../src/policy/print.ts";

test("prints the shortest text", () => {
  const parsed = parsePolicy(
    {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Sid: "",
          Action: ["s3:GetObject"],
          Resource: ["a", "b"].map((name) => `arn:aws:s3:::${name}`),
          Condition: { stringequals: { "a:x": ["1"] }, BoolIfExists: { "a:y": true }, StringLike: {} },
        },
      ],
    },
    "identity",
  );
  expect(printPolicy(parsed)).toBe(
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",' +
      '"Resource":["arn:aws:s3:::a","arn:aws:s3:::b"],' +
      '"Condition":{"StringEquals":{"a:x":"1"},"BoolIfExists":{"a:y":"true"}}}}',
  );
});

test("the older version is the default and is not printed", () => {
  const parsed = parsePolicy(
    { Version: "2008-10-17", Id: "i", Statement: { Effect: "Deny", Action: "*", Resource: "*" } },
    "identity",
  );
  expect(printPolicy(parsed)).toBe('{"Id":"i","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}');
});

test("what JSON cannot say is an error", () => {
  const parsed = parsePolicy(
    { Statement: { Effect: "Deny", Action: "*", Resource: "*", Condition: { Bool: { "a:b": true } } } },
    "identity",
  );
  const twice = parsed.statements.map((s) => ({ ...s, conditions: [...s.conditions, ...s.conditions] }));
  const code = (() => {
    try {
      return printPolicy({ ...parsed, statements: twice });
    } catch (error) {
      return codeOf(error);
    }
  })();
  expect(code).toBe("POLICY_INVALID");
});

test("STS counts every character, IAM all but white space", () => {
  expect(sessionPolicyLength('{ "a" :\n1 }')).toBe(11);
  expect(storedPolicyLength('{ "a" :\n1 }')).toBe(7);
});

test.each([
  ["\t\n\r ~\u00a0\u00ff", undefined],
  ["a\u0100", { character: "\u0100", index: 1 }],
  ["ab\u0000", { character: "\u0000", index: 2 }],
  ["\u001f", { character: "\u001f", index: 0 }],
  ["a\u{1f600}", { character: "\u{1f600}", index: 1 }],
])("the first character of %j that STS refuses", (text, expected) => {
  expect(refusedCharacter(text)).toEqual(expected);
});
