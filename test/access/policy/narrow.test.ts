import { describe, expect, test } from "vitest";
import { narrowPolicy } from "../../../src/access/policy/narrow.ts";
import { allows, codeThrown, NOT_AFTER } from "./fixtures.ts";

const ask = (action: string, now = "2026-03-01T12:00:00Z") => ({
  action,
  resource: "arn:aws:s3:::b/eu/a",
  context: { "aws:CurrentTime": now },
});

test("the actions stay, all others go", () => {
  const text = narrowPolicy(["s3:GetObject", "s3:List*"]);
  expect(
    ["s3:GetObject", "s3:ListBucket", "s3:PutObject"].map((action) => allows(text, ask(action))),
  ).toEqual([true, true, false]);
});

test("one that another takes in is left out", () => {
  expect(narrowPolicy(["s3:getobject", "s3:Get*"])).toBe(
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}',
  );
});

test("a lease ends at its second", () => {
  const text = narrowPolicy(["*"], NOT_AFTER);
  expect(allows(text, ask("s3:GetObject", "2026-03-01T12:30:00Z"))).toBe(true);
  expect(allows(text, ask("s3:GetObject", "2026-03-01T12:30:01Z"))).toBe(false);
});

describe("what is no action", () => {
  test.each([
    [],
    [""],
    ["GetObject"],
    ["s3:"],
    [":GetObject"],
    ["s3:Get Object"],
    ["s3:GetObject,s3:PutObject"],
    ["S3:GetObject"],
    ["s3:Get\u00e9"],
    ["s3:a:b"],
    ["s3*"],
    ["**"],
    ["s3:GetObject", 's3:x"'],
  ])("%j", (...actions: string[]) => {
    expect(codeThrown(() => narrowPolicy(actions))).toBe("ACTION_INVALID");
  });
});

test("more actions than fit", () => {
  const many = Array.from({ length: 200 }, (_, at) => `s3:GetObject${at}`);
  expect(codeThrown(() => narrowPolicy(many))).toBe("POLICY_TOO_LARGE");
});
