import { describe, expect, test } from "vitest";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import type { Grant } from "../../../src/access/types.ts";
import { type Ask, allows, codeThrown, NOT_AFTER, ROLE, raw, s3, table, targetOf } from "./fixtures.ts";

function compiled(grants: readonly Grant[], role = ROLE): string {
  return compileSessionPolicy({
    targets: [targetOf(grants, undefined, undefined, role)],
    notAfter: NOT_AFTER,
  }).text;
}

type Row = readonly [what: string, allowed: boolean, ask: Ask];

function check(grants: readonly Grant[], rows: readonly Row[]): void {
  const text = compiled(grants);
  for (const [what, allowed, ask] of rows) test(what, () => expect(allows(text, ask)).toBe(allowed));
}

const object = (action: string, key: string): Ask => ({
  action: `s3:${action}`,
  resource: `arn:aws:s3:::b/${key}`,
});
const listing = (prefix?: string, bucket = "b"): Ask => ({
  action: "s3:ListBucket",
  resource: `arn:aws:s3:::${bucket}`,
  context: prefix === undefined ? {} : { "s3:prefix": prefix, "s3:delimiter": "/" },
});

describe("S3 read and list of a prefix", () => {
  check(
    [s3("b", ["eu/"], ["read", "list"])],
    [
      ["an object below the prefix", true, object("GetObject", "eu/a/b.csv")],
      ["the prefix itself", true, object("GetObject", "eu/")],
      ["a sibling that begins alike", false, object("GetObject", "eu2/a")],
      ["the prefix without its slash", false, object("GetObject", "eu")],
      ["another bucket", false, { action: "s3:GetObject", resource: "arn:aws:s3:::c/eu/a" }],
      ["an older version", false, object("GetObjectVersion", "eu/a")],
      ["a write", false, object("PutObject", "eu/a")],
      ["a delete", false, object("DeleteObject", "eu/a")],
      ["an ACL", false, object("PutObjectAcl", "eu/a")],
      ["a listing of the prefix", true, listing("eu/")],
      ["a listing below it", true, listing("eu/a/")],
      ["a listing of a sibling", false, listing("eu2/")],
      ["a listing of the prefix without its slash", false, listing("eu")],
      ["a listing of everything by an empty prefix", false, listing("")],
      ["a listing of everything by none", false, listing()],
      ["a listing of another bucket", false, listing("eu/", "c")],
      ["a listing of versions", false, { ...listing("eu/"), action: "s3:ListBucketVersions" }],
    ],
  );
});

describe("S3 other uses", () => {
  check(
    [s3("b", ["in/"], ["write"]), s3("b", ["tmp/"], ["delete"]), s3("w", [""], ["list"])],
    [
      ["an upload", true, object("PutObject", "in/a")],
      ["giving up an upload", true, object("AbortMultipartUpload", "in/a")],
      ["reading what was written", false, object("GetObject", "in/a")],
      ["deleting what was written", false, object("DeleteObject", "in/a")],
      ["a delete", true, object("DeleteObject", "tmp/a")],
      ["a delete of a version", false, object("DeleteObjectVersion", "tmp/a")],
      ["a write where only delete is", false, object("PutObject", "tmp/a")],
      ["a listing without a prefix of a whole bucket", true, listing(undefined, "w")],
      ["a listing of any prefix of a whole bucket", true, listing("x/", "w")],
      ["reading where only list is", false, { action: "s3:GetObject", resource: "arn:aws:s3:::w/a" }],
    ],
  );
});

describe("prefixes with wildcards and variables are literal", () => {
  check(
    [s3("b", ["a*/", "q?/", `p\${aws:userid}/`, "$$/"], ["read", "list"])],
    [
      ["a star", true, object("GetObject", "a*/x")],
      ["what the star would match", false, object("GetObject", "abc/x")],
      ["a question mark", true, object("GetObject", "q?/x")],
      ["what it would match", false, object("GetObject", "qq/x")],
      ["a variable's text", true, object("GetObject", `p\${aws:userid}/x`)],
      [
        "the variable's value",
        false,
        { ...object("GetObject", "pAROA:jit/x"), context: { "aws:userid": "AROA:jit" } },
      ],
      ["dollars", true, object("GetObject", "$$/x")],
      ["a listing of the star", true, listing("a*/")],
      ["a listing of what it would match", false, listing("abc/")],
    ],
  );
});

const TABLE = "arn:aws:dynamodb:eu-central-1:111122223333:table/orders";
const item = (action: string, context: Ask["context"] = {}, resource = TABLE): Ask => ({
  action: `dynamodb:${action}`,
  resource,
  context,
});

describe("DynamoDB", () => {
  describe("reading a table and an index", () => {
    check(
      [table(["read", "query"], { indexes: ["byMail"] })],
      [
        ["an item", true, item("GetItem")],
        ["items", true, item("BatchGetItem")],
        ["a query", true, item("Query")],
        ["a query of the index", true, item("Query", {}, `${TABLE}/index/byMail`)],
        ["a query of another index", false, item("Query", {}, `${TABLE}/index/byName`)],
        ["a scan", false, item("Scan")],
        ["a write", false, item("PutItem")],
        ["another table", false, item("GetItem", {}, `${TABLE}2`)],
        ["another region", false, item("GetItem", {}, TABLE.replace("central", "west"))],
        ["PartiQL", false, item("PartiQLSelect")],
        ["an export", false, item("ExportTableToPointInTime")],
      ],
    );
  });

  describe("all indexes", () => {
    check(
      [table(["scan"], { indexes: ["*"] })],
      [
        ["a scan of any index", true, item("Scan", {}, `${TABLE}/index/any`)],
        ["another table's index", false, item("Scan", {}, `${TABLE}2/index/any`)],
        ["a query", false, item("Query", {}, `${TABLE}/index/any`)],
      ],
    );
  });

  describe("writing without reading", () => {
    check(
      [table(["write"])],
      [
        ["a put", true, item("PutItem")],
        ["an update that returns nothing", true, item("UpdateItem", { "dynamodb:ReturnValues": "NONE" })],
        [
          "an update that returns the item",
          false,
          item("UpdateItem", { "dynamodb:ReturnValues": "ALL_NEW" }),
        ],
        ["a put that returns the old item", false, item("PutItem", { "dynamodb:ReturnValues": "ALL_OLD" })],
        ["a delete", false, item("DeleteItem")],
        ["a batch, which may delete", false, item("BatchWriteItem")],
      ],
    );
  });

  describe("writing and deleting", () => {
    check(
      [table(["write", "delete"])],
      [
        ["a delete", true, item("DeleteItem")],
        ["a batch", true, item("BatchWriteItem")],
        ["a read", false, item("GetItem")],
      ],
    );
  });

  describe("some attributes", () => {
    const names = (...list: string[]) => ({ "dynamodb:Attributes": list });
    const some = { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" };
    check(
      [table(["read", "query", "write"], { attributes: ["id", "name"] })],
      [
        ["those attributes", true, item("GetItem", { ...names("id", "name"), ...some })],
        ["one of them", true, item("Query", { ...names("id"), ...some })],
        ["another one with them", false, item("GetItem", { ...names("id", "iban"), ...some })],
        ["a read that names none", false, item("GetItem", { "dynamodb:Select": "ALL_ATTRIBUTES" })],
        [
          "a query of all with a permitted key",
          false,
          item("Query", { ...names("id"), "dynamodb:Select": "ALL_ATTRIBUTES" }),
        ],
        ["a query that does not say what it selects", false, item("Query", names("id"))],
        ["a request without the key that lists attributes", false, item("GetItem", some)],
        ["a write of them", true, item("PutItem", names("id", "name"))],
        ["a write of another", false, item("PutItem", names("id", "iban"))],
        [
          "an update that returns what it changed",
          true,
          item("UpdateItem", { ...names("id"), "dynamodb:ReturnValues": "UPDATED_NEW" }),
        ],
        [
          "an update that returns the whole item",
          false,
          item("UpdateItem", { ...names("id"), "dynamodb:ReturnValues": "ALL_NEW" }),
        ],
      ],
    );
  });

  describe("some partition keys", () => {
    const keys = (...list: string[]) => ({ "dynamodb:LeadingKeys": list, "aws:PrincipalTag/tenant": "t1" });
    check(
      [table(["read", "query"], { leadingKeys: ["shared", `\${aws:PrincipalTag/tenant}`] })],
      [
        ["a key", true, item("GetItem", keys("shared"))],
        ["a key from a tag", true, item("BatchGetItem", keys("t1", "shared"))],
        ["another tenant's", false, item("GetItem", keys("t2"))],
        ["another's among one's own", false, item("BatchGetItem", keys("t1", "t2"))],
        ["a request without keys", false, item("Query", { "aws:PrincipalTag/tenant": "t1" })],
        ["a session without the tag", false, item("GetItem", { "dynamodb:LeadingKeys": ["t1"] })],
      ],
    );
  });

  test.each<readonly [string, Grant]>([
    ["a scan of some partition keys", table(["scan"], { leadingKeys: ["a"] })],
    ["no attributes", table(["read"], { attributes: [] })],
    ["no partition keys", table(["read"], { leadingKeys: [] })],
    ["no uses", table([])],
    ["no prefixes", s3("b", [], ["read"])],
    ["no uses of S3", s3("b", ["eu/"], [])],
  ])("%s cannot be", (_what, grant) => {
    expect(codeThrown(() => compiled([grant]))).toBe("GRANT_IMPOSSIBLE");
  });
});

const SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db/orders";
const secret = (action: string, arn: string): Ask => ({ action: `secretsmanager:${action}`, resource: arn });

describe("secrets", () => {
  check(
    [
      { kind: "secret", arn: `${SECRET}-??????` },
      { kind: "secret", arn: `${SECRET}2-abcdef` },
    ],
    [
      ["the value", true, secret("GetSecretValue", `${SECRET}-Ab1234`)],
      ["its description", true, secret("DescribeSecret", `${SECRET}-Ab1234`)],
      ["a longer name", false, secret("GetSecretValue", `${SECRET}-x-Ab1234`)],
      ["a new value", false, secret("PutSecretValue", `${SECRET}-Ab1234`)],
      ["the full ARN", true, secret("GetSecretValue", `${SECRET}2-abcdef`)],
      ["another suffix", false, secret("GetSecretValue", `${SECRET}2-abcdeg`)],
    ],
  );
});

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234";
const via = (action: string, service?: string): Ask => ({
  action: `kms:${action}`,
  resource: KEY,
  context: service === undefined ? {} : { "kms:ViaService": service, "aws:ViaAWSService": "true" },
});

describe("KMS", () => {
  describe("through a service", () => {
    check(
      [{ kind: "kms", key: KEY, allow: ["decrypt"], viaServices: ["s3.eu-central-1.amazonaws.com"] }],
      [
        ["by S3", true, via("Decrypt", "s3.eu-central-1.amazonaws.com")],
        ["by another service", false, via("Decrypt", "dynamodb.eu-central-1.amazonaws.com")],
        ["by oneself", false, via("Decrypt")],
        ["encrypting", false, via("GenerateDataKey", "s3.eu-central-1.amazonaws.com")],
      ],
    );
  });
  describe("without one", () => {
    check(
      [{ kind: "kms", key: KEY, allow: ["encrypt"], viaServices: [] }],
      [
        ["a data key", true, via("GenerateDataKey")],
        ["encrypting", true, via("Encrypt", "s3.eu-central-1.amazonaws.com")],
        ["decrypting", false, via("Decrypt")],
        ["another key", false, { action: "kms:Encrypt", resource: `${KEY}5` }],
        ["a grant", false, via("CreateGrant")],
      ],
    );
  });
});

describe("databases", () => {
  const user = (name: string): Ask => ({
    action: "rds-db:connect",
    resource: `arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABC/${name}`,
  });
  check(
    [{ kind: "database", resourceId: "db-ABC", user: "ro", region: "eu-central-1", account: "111122223333" }],
    [
      ["the user", true, user("ro")],
      ["another user", false, user("admin")],
      ["a user that begins alike", false, user("ro2")],
    ],
  );
});

describe("raw statements", () => {
  check(
    [
      raw({
        Sid: "x",
        Effect: "Allow",
        Action: ["athena:GetQuery*"],
        NotResource: "arn:aws:athena:*:*:workgroup/hr",
      }),
      raw({
        Effect: "Allow",
        Action: "sqs:*",
        Resource: "*",
        Condition: { Bool: { "aws:SecureTransport": true } },
      }),
      raw({ Effect: "Deny", Action: "sqs:DeleteQueue", Resource: "*" }),
    ],
    [
      [
        "what it allows",
        true,
        { action: "athena:GetQueryResults", resource: "arn:aws:athena:a:1:workgroup/x" },
      ],
      [
        "what it leaves out",
        false,
        { action: "athena:GetQueryResults", resource: "arn:aws:athena:a:1:workgroup/hr" },
      ],
      [
        "under its condition",
        true,
        {
          action: "sqs:SendMessage",
          resource: "arn:aws:sqs:a:1:q",
          context: { "aws:SecureTransport": "true" },
        },
      ],
      ["without it", false, { action: "sqs:SendMessage", resource: "arn:aws:sqs:a:1:q" }],
      [
        "what it denies",
        false,
        {
          action: "sqs:DeleteQueue",
          resource: "arn:aws:sqs:a:1:q",
          context: { "aws:SecureTransport": "true" },
        },
      ],
    ],
  );
});

test.each(["aws", "aws-cn", "aws-us-gov"])("ARNs are of the role's partition: %s", (partition) => {
  const text = compiled([s3("b", ["eu/"], ["read"])], ROLE.replace("aws", partition));
  expect(allows(text, { action: "s3:GetObject", resource: `arn:${partition}:s3:::b/eu/a` })).toBe(true);
});
