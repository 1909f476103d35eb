import { expect, test } from "vitest";
import { describe } from "../../../src/access/policy/describe.ts";
import { raw, s3, table, targetOf } from "./fixtures.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234";

test("every kind of grant in plain words, in the catalog's order", () => {
  const target = targetOf([
    s3("b", ["eu/", ""], ["read", "list"]),
    table(["query"], { indexes: ["byMail"], attributes: ["id"], leadingKeys: ["k"] }),
    { kind: "secret", arn: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-??????" },
    { kind: "kms", key: KEY, allow: ["decrypt"], viaServices: ["s3.eu-central-1.amazonaws.com"] },
    { kind: "database", resourceId: "db-ABC", user: "ro", region: "eu-central-1", account: "111122223333" },
    raw({
      Effect: "Deny",
      Action: "athena:Get*",
      Resource: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    }),
    raw({ Effect: "Allow", NotAction: "iam:*", NotResource: "arn:aws:s3:::c" }),
  ]);
  const opened = describe([target]);
  expect(opened.every((one) => one.store === "customers" && one.access === "read")).toBe(true);
  expect(opened.map(({ store: _store, access: _access, ...rest }) => rest)).toEqual([
    { service: "S3", actions: ["read", "list"], resources: ["s3://b/eu/*", "s3://b/*"], limits: [] },
    {
      service: "DynamoDB",
      actions: ["query"],
      resources: ["orders in eu-central-1 of 111122223333"],
      limits: ["only the attributes id", "only the partition keys k", "with the indexes byMail"],
    },
    {
      service: "Secrets Manager",
      actions: ["read"],
      resources: ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-??????"],
      limits: [],
    },
    {
      service: "KMS",
      actions: ["decrypt"],
      resources: [KEY],
      limits: ["only through s3.eu-central-1.amazonaws.com"],
    },
    {
      service: "Database",
      actions: ["connect"],
      resources: ["db-ABC in eu-central-1 of 111122223333"],
      limits: ["as the user ro"],
    },
    {
      service: "athena",
      actions: ["never athena:Get*"],
      resources: ["*"],
      limits: ["where Bool aws:SecureTransport false"],
    },
    { service: "*", actions: ["all but iam:*"], resources: ["all but arn:aws:s3:::c"], limits: [] },
  ]);
});

test("all indexes", () => {
  expect(describe([targetOf([table(["scan"], { indexes: ["*"] })])])[0]?.limits).toEqual([
    "with all indexes",
  ]);
});
