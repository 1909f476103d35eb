import { expect, test } from "vitest";
import { checkStatement } from "../../../src/access/catalog/statement.ts";

const allow = (...actions: string[]) => ({ Effect: "Allow", Action: actions, Resource: "*" });

test.each([
  ["sts:AssumeRole"],
  ["iam:PassRole"],
  ["*"],
  ["s3:*"],
  ["S3:getdataaccess"],
  ["s3:CreateSess*"],
  ["kms:Create*"],
  ["sso:GetRoleCredentials"],
  ["redshift:GetClusterCredentials"],
  ["rolesanywhere:CreateSession"],
  ["cognito-identity:Get*"],
  ["s3:PutBucketPolicy"],
])("an Allow of %s is refused: it would outlive the session, or make rights", (action) => {
  expect(checkStatement(allow(action))).toHaveLength(1);
});

test.each([
  ["s3:GetObject"],
  ["dynamodb:Query"],
  ["athena:StartQueryExecution"],
  ["kms:Decrypt"],
  ["s3:Get*Acl"],
])("an Allow of %s is taken", (action) => {
  expect(checkStatement(allow(action))).toEqual([]);
});

test("a Deny may name anything", () => {
  expect(checkStatement({ Effect: "Deny", Action: "*", Resource: "*" })).toEqual([]);
});

test.each<[string, Record<string, unknown>]>([
  ["NotAction", { Effect: "Allow", NotAction: "s3:GetObject", Resource: "*" }],
  ["a wildcard service", allow("s*:GetObject")],
  ["a one-letter wildcard in the service", allow("?ts:AssumeRole")],
  ["one bad action among good ones", allow("s3:GetObject", "STS:GetFederationToken")],
  ["iam in another case", allow("IAM:*")],
  ["organizations", allow("organizations:DescribeAccount")],
  ["no service", allow("GetObject")],
  ["no effect", { Action: "s3:GetObject", Resource: "*" }],
  ["effect in another case", { Effect: "allow", Action: "s3:GetObject", Resource: "*" }],
  ["no resource", { Effect: "Allow", Action: "s3:GetObject" }],
  ["both Action and NotAction", { ...allow("s3:GetObject"), NotAction: "s3:PutObject" }],
  ["a principal", { ...allow("s3:GetObject"), Principal: "*" }],
  ["an unknown element", { ...allow("s3:GetObject"), Resources: "*" }],
  ["an unknown operator", { ...allow("s3:GetObject"), Condition: { Equals: { "aws:userid": "x" } } }],
  ["a number", { Effect: "Allow", Action: 1, Resource: "*" }],
  ["null", { Effect: "Allow", Action: null, Resource: "*" }],
  ["an empty list", { Effect: "Allow", Action: [], Resource: "*" }],
  ["nothing", {}],
  ["a hidden character in a value", { ...allow("s3:GetObject"), Resource: "arn:aws:s3:::a\u200bb" }],
  [
    "a hidden character in a list in a condition",
    { ...allow("s3:GetObject"), Condition: { StringEquals: { "aws:userid": ["a\u202e"] } } },
  ],
  [
    "a hidden character in a key",
    { ...allow("s3:GetObject"), Condition: { StringEquals: { "aws:\u200buserid": "a" } } },
  ],
  ["a hidden character in a Deny", { Effect: "Deny", Action: "s3:*", Resource: "a\u001b" }],
])("a statement is refused for %s", (_, statement) => {
  expect(checkStatement(statement).length).toBeGreaterThan(0);
});

test("each bad action is told", () => {
  expect(checkStatement(allow("sts:AssumeRole", "s3:GetObject", "iam:GetUser", "*:Get*"))).toHaveLength(3);
});

test("a Deny may leave out what it does not reach", () => {
  expect(checkStatement({ Effect: "Deny", NotAction: "s3:GetObject", Resource: "*" })).toEqual([]);
});
