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
