import { expect, test } from "vitest";
import { account, auditAccount, change, collected } from "./events.ts";

const denial = JSON.stringify({ Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }] });
const opening = JSON.stringify({ Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });
const revoke = "jit-revoke-bob-AAAA-20261124";

test.each<[string, string, string, Readonly<Record<string, string>>]>([
  ["ROLE_TRUST_CHANGED", "iam", "UpdateAssumeRolePolicy", { roleName: "pii-customers" }],
  ["ROLE_TRUST_CHANGED", "iam", "UpdateAssumeRolePolicy", { roleName: "PII-customers" }],
  ["ROLE_POLICY_CHANGED", "iam", "PutRolePolicy", { roleName: "pii-customers", policyName: "p" }],
  ["ROLE_POLICY_CHANGED", "iam", "AttachRolePolicy", { roleName: "pii-customers", policyArn: "arn:x" }],
  [
    "ROLE_POLICY_CHANGED",
    "iam",
    "PutRolePolicy",
    { roleName: "pii-customers", policyName: revoke, policyDocument: opening },
  ],
  [
    "ROLE_POLICY_CHANGED",
    "iam",
    "PutRolePolicy",
    { roleName: "pii-customers", policyName: revoke, policyDocument: "{" },
  ],
  [
    "ROLE_DENIAL_CHANGED",
    "iam",
    "PutRolePolicy",
    { roleName: "pii-customers", policyName: revoke, policyDocument: denial },
  ],
  ["ROLE_DENIAL_CHANGED", "iam", "DeleteRolePolicy", { roleName: "pii-customers", policyName: revoke }],
  ["ROLE_BOUNDARY_CHANGED", "iam", "PutRolePermissionsBoundary", { roleName: "pii-customers" }],
  ["ROLE_BOUNDARY_CHANGED", "iam", "DeleteRolePermissionsBoundary", { roleName: "pii-customers" }],
  ["ROLE_CHANGED", "iam", "DeleteRole", { roleName: "pii-customers" }],
  ["ROLE_CHANGED", "iam", "SomethingNew", { roleName: "pii-customers" }],
  [
    "ROLE_BOUNDARY_CHANGED",
    "iam",
    "CreatePolicyVersion",
    { policyArn: `arn:aws:iam::${account}:policy/ceiling` },
  ],
  ["BUCKET_POLICY_CHANGED", "s3", "PutBucketPolicy", { bucketName: "acme-audit" }],
  ["BUCKET_POLICY_CHANGED", "s3", "DeleteBucketPolicy", { bucketName: "acme-audit" }],
  ["BUCKET_VERSIONING_CHANGED", "s3", "PutBucketVersioning", { bucketName: "acme-audit" }],
  ["BUCKET_LOCK_CHANGED", "s3", "PutBucketObjectLockConfiguration", { bucketName: "acme-audit" }],
  ["BUCKET_CHANGED", "s3", "SomethingNew", { bucketName: "acme-audit" }],
  ["STORE_BUCKET_CHANGED", "s3", "PutBucketPolicy", { bucketName: "acme-customers" }],
  ["TRAIL_STOPPED", "cloudtrail", "StopLogging", { name: "acme" }],
  ["TRAIL_DELETED", "cloudtrail", "DeleteTrail", { name: "acme" }],
  ["TRAIL_SELECTORS_CHANGED", "cloudtrail", "PutEventSelectors", { trailName: "acme" }],
  ["TRAIL_CHANGED", "cloudtrail", "UpdateTrail", { name: "acme" }],
])("%s: %s %s %j", (code, service, name, parameters) => {
  const event = change(service, name, parameters);
  expect(collected(event, event).changes.map((found) => found.code)).toEqual([code]);
  const refused = collected({ ...event, errorCode: "AccessDenied" }).changes;
  expect(refused.map((found) => [found.code, found.severity])).toEqual([["CHANGE_REFUSED", "notice"]]);
});

test.each(["StartLogging", "CreateTrail"])("%s: the time before it is a gap", (name) => {
  const event = change("cloudtrail", name, { name: "acme" });
  expect(collected(event).changes).toMatchObject([{ code: "TRAIL_STARTED", severity: "gap" }]);
});

test("a policy of which nobody knows whose ceiling it is leaves a gap", () => {
  const parameters = { policyArn: `arn:aws:iam::${auditAccount}:policy/other` };
  const event = change("iam", "SetDefaultPolicyVersion", parameters, { recipientAccountId: auditAccount });
  expect(collected(event).changes).toMatchObject([{ code: "POLICY_VERSION_CHANGED", severity: "gap" }]);
});

test.each<[string, object]>([
  [
    "of a policy that none rests on",
    change("iam", "CreatePolicyVersion", { policyArn: `arn:aws:iam::${account}:policy/other` }),
  ],
  ["of another role", change("iam", "PutRolePolicy", { roleName: "ci" })],
  [
    "of a role of that name elsewhere",
    change("iam", "PutRolePolicy", { roleName: "pii-customers" }, { recipientAccountId: auditAccount }),
  ],
  ["of another bucket", change("s3", "PutBucketPolicy", { bucketName: "logs" })],
  ["that reads", change("iam", "GetRole", { roleName: "pii-customers" }, { readOnly: true })],
  ["of an object", change("s3", "PutObject", { bucketName: "acme-audit" }, { managementEvent: false })],
  ["before the period", change("cloudtrail", "StopLogging", {}, { eventTime: "2026-11-23T08:00:00Z" })],
  ["after the period", change("cloudtrail", "StopLogging", {}, { eventTime: "2026-11-25T08:00:00Z" })],
])("a call %s is no finding", (_what, event) => {
  expect(collected(event).changes).toEqual([]);
});
