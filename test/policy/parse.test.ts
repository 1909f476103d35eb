import { expect, test } from "vitest";
import { codeOf } from "../../src/error.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import type { PolicyKind } from "../../src/policy/types.ts";

const VARIABLE = "$" + "{aws:userid}";
const ALLOW = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
const BUCKET = { ...ALLOW, Principal: "*" };
const TRUST = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: "111122223333" } };

function codeFrom(json: unknown, kind: PolicyKind): string | undefined {
  try {
    parsePolicy(json, kind);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

const of = (...statements: readonly unknown[]) => ({ Version: "2012-10-17", Statement: statements });
const where = (condition: unknown) => of({ ...ALLOW, Condition: condition });

test("single values and lists read the same, elements that are absent are undefined", () => {
  const single = parsePolicy({ Statement: { ...ALLOW, Sid: "a" } }, "identity");
  expect(single).toEqual({
    version: "2008-10-17",
    id: undefined,
    statements: [
      {
        sid: "a",
        effect: "Allow",
        principal: undefined,
        notPrincipal: undefined,
        actions: ["s3:GetObject"],
        notActions: undefined,
        resources: ["arn:aws:s3:::b/*"],
        notResources: undefined,
        conditions: [],
      },
    ],
  });
  const listed = { ...ALLOW, Sid: "a", Action: [ALLOW.Action], Resource: [ALLOW.Resource] };
  expect(parsePolicy(JSON.stringify({ Statement: [listed] }), "identity")).toEqual(single);
});

test("operators get AWS's spelling; numbers and booleans become text", () => {
  const { statements } = parsePolicy(
    where({
      "foranyvalue:stringlikeifexists": { "aws:TagKeys": ["a", "b*"] },
      Bool: { "aws:SecureTransport": false },
      NumericLessThan: { "s3:max-keys": [10, 1.5] },
    }),
    "identity",
  );
  expect(statements[0]?.conditions).toEqual([
    {
      operator: "StringLike",
      qualifier: "ForAnyValue",
      ifExists: true,
      key: "aws:TagKeys",
      values: ["a", "b*"],
    },
    {
      operator: "Bool",
      qualifier: undefined,
      ifExists: false,
      key: "aws:SecureTransport",
      values: ["false"],
    },
    {
      operator: "NumericLessThan",
      qualifier: undefined,
      ifExists: false,
      key: "s3:max-keys",
      values: ["10", "1.5"],
    },
  ]);
});

test("principals by type, and * by itself", () => {
  const named = { AWS: ["111122223333", "arn:aws:iam::111122223333:user/ann"], Service: "ec2.amazonaws.com" };
  const parsed = parsePolicy(
    of(BUCKET, { ...BUCKET, Principal: named }, { ...BUCKET, Principal: { AWS: "*" } }),
    "resource",
  );
  expect(parsed.statements.map((statement) => statement.principal)).toEqual([
    { any: true },
    { any: false, byType: { AWS: named.AWS, Service: ["ec2.amazonaws.com"] } },
    { any: false, byType: { AWS: ["*"] } },
  ]);
});

test.each<[string, unknown, PolicyKind]>([
  ["trust without Resource", of(TRUST), "trust"],
  ["an empty Sid, as templates write it", of({ ...ALLOW, Sid: "" }, { ...ALLOW, Sid: "" }), "identity"],
  ["spaces in a bucket policy's Sid", of({ ...BUCKET, Sid: "a b" }), "resource"],
  [
    "Deny with NotPrincipal",
    of({ ...ALLOW, Effect: "Deny", NotPrincipal: { AWS: "111122223333" } }),
    "resource",
  ],
  ["the id of a deleted principal", of({ ...TRUST, Principal: { AWS: "AIDACKCEVSQ6C2EXAMPLE" } }), "trust"],
  ["a variable", of({ ...ALLOW, Resource: `arn:aws:s3:::b/${VARIABLE}` }), "session"],
  ["no variables before 2012", { Statement: { ...ALLOW, Resource: "arn:aws:s3:::b/$" + "{" } }, "identity"],
  ["an incomplete ARN", of({ ...ALLOW, Resource: "arn:aws:s3" }), "identity"],
  [
    "every element's Not",
    of({ Effect: "Deny", NotAction: ["s3:*"], NotResource: ["arn:aws:s3:::b"] }),
    "boundary",
  ],
  ["an empty Condition", where({}), "identity"],
])("accepts %s", (_, json, kind) => {
  expect(codeFrom(json, kind)).toBeUndefined();
  expect(codeFrom(JSON.stringify(json), kind)).toBeUndefined();
});

test.each<[string, unknown, PolicyKind]>([
  ["a list", [], "identity"],
  ["null", null, "identity"],
  ["another Version", { Version: "2012-10-18", Statement: ALLOW }, "identity"],
  ["no Statement", { Version: "2012-10-17" }, "identity"],
  ["no statements", of(), "identity"],
  ["an unknown element", of({ ...ALLOW, Actions: "s3:*" }), "identity"],
  ["an unknown element at the top", { ...of(ALLOW), Statements: [] }, "identity"],
  ["an element in other case", { Version: "2012-10-17", statement: [ALLOW] }, "identity"],
  ["Effect in other case", of({ ...ALLOW, Effect: "allow" }), "identity"],
  ["two statements of one Sid", of({ ...ALLOW, Sid: "a" }, { ...ALLOW, Sid: "a" }), "identity"],
  ["spaces in an identity policy's Sid", of({ ...ALLOW, Sid: "a b" }), "identity"],
  ["no Action", of({ Effect: "Allow", Resource: "*" }), "identity"],
  ["Action and NotAction", of({ ...ALLOW, NotAction: "s3:*" }), "identity"],
  ["no Resource", of({ Effect: "Allow", Action: "*" }), "identity"],
  ["Resource and NotResource", of({ ...ALLOW, NotResource: "*" }), "identity"],
  ["an empty list", of({ ...ALLOW, Action: [] }), "identity"],
  ["a number for an action", of({ ...ALLOW, Action: 1 }), "identity"],
  ["an action without service", of({ ...ALLOW, Action: "GetObject" }), "identity"],
  ["a wildcard in the service", of({ ...ALLOW, Action: "s?:GetObject" }), "identity"],
  ["a resource that is no ARN", of({ ...ALLOW, Resource: "b/*" }), "identity"],
  ["Principal in an identity policy", of(BUCKET), "identity"],
  ["Principal in a session policy", of(BUCKET), "session"],
  ["NotPrincipal in a boundary", of({ ...ALLOW, NotPrincipal: "*" }), "boundary"],
  ["no Principal in a bucket policy", of(ALLOW), "resource"],
  ["Principal and NotPrincipal", of({ ...BUCKET, NotPrincipal: "*" }), "resource"],
  ["Resource in a trust policy", of({ ...TRUST, Resource: "*" }), "trust"],
  ["NotPrincipal in a trust policy", of({ Effect: "Deny", Action: "*", NotPrincipal: "*" }), "trust"],
  [
    "a wildcard inside a principal",
    of({ ...BUCKET, Principal: { AWS: "arn:aws:iam::111122223333:user/*" } }),
    "resource",
  ],
  ["a principal that is a name", of({ ...BUCKET, Principal: "ann" }), "resource"],
  ["an unknown type of principal", of({ ...BUCKET, Principal: { aws: "*" } }), "resource"],
  ["nobody as principal", of({ ...BUCKET, Principal: {} }), "resource"],
  ["an unclosed variable", of({ ...ALLOW, Resource: "arn:aws:s3:::b/$" + "{aws:userid" }), "identity"],
  ["an empty variable", of({ ...ALLOW, Resource: "arn:aws:s3:::b/$" + "{}" }), "identity"],
  ["an unknown operator", where({ StringEqual: { "aws:userid": "a" } }), "identity"],
  ["NullIfExists", where({ NullIfExists: { "aws:userid": "true" } }), "identity"],
  ["a key without service", where({ StringEquals: { userid: "a" } }), "identity"],
  ["one key in two cases", where({ StringEquals: { "aws:userid": "a", "aws:UserId": "b" } }), "identity"],
  ["one operator in two cases", where({ Bool: { "a:b": true }, bool: { "a:b": false } }), "identity"],
  ["no values", where({ StringEquals: { "aws:userid": [] } }), "identity"],
  ["null as value", where({ StringEquals: { "aws:userid": null } }), "identity"],
  ["a word as number", where({ NumericEquals: { "s3:max-keys": "ten" } }), "identity"],
  ["a number that JSON rounds", where({ NumericEquals: { "s3:max-keys": 2 ** 60 } }), "identity"],
  ["a day that is none", where({ DateLessThan: { "aws:CurrentTime": "2026-02-30T00:00:00Z" } }), "identity"],
  ["a time without zone", where({ DateLessThan: { "aws:CurrentTime": "2026-02-03T00:00:00" } }), "identity"],
  ["a variable as date", where({ DateLessThan: { "aws:CurrentTime": VARIABLE } }), "identity"],
  ["an address of five parts", where({ IpAddress: { "aws:SourceIp": "10.0.0.0.0/8" } }), "identity"],
  ["a prefix that is too long", where({ IpAddress: { "aws:SourceIp": "10.0.0.0/33" } }), "identity"],
  ["a word as boolean", where({ Bool: { "aws:SecureTransport": "yes" } }), "identity"],
  ["what is no base64", where({ BinaryEquals: { "a:b": "%" } }), "identity"],
])("refuses %s", (_, json, kind) => {
  expect(codeFrom(json, kind)).toBe("POLICY_INVALID");
});

test.each([
  ["", "no text"],
  ["{", "an open object"],
  ['{"Statement":[}', "an open list"],
  ['{"Version":"2012-10-17","Version":"2008-10-17","Statement":[]}', "a key twice"],
  [`{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}`, "a key twice, deeper"],
  [
    `{"Statement":{"\\u0045ffect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}`,
    "a key twice, escaped",
  ],
  [`${JSON.stringify(of(ALLOW))} x`, "text after the end"],
  [`${JSON.stringify(of(ALLOW))}{}`, "a value after the end"],
  [JSON.stringify(of(ALLOW)).replace("Allow", "All\now"), "a raw line feed in a text"],
  [JSON.stringify(of(ALLOW)).replaceAll('"', "'"), "single quotes"],
  [JSON.stringify(of(ALLOW)).replace("]}", ",]}"), "a comma too many"],
  ["[".repeat(100_000), "nesting without end"],
])("refuses JSON %#: %j", (text) => {
  expect(codeFrom(text, "identity")).toBe("POLICY_INVALID");
});
