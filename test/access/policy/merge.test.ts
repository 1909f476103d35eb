import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { documentOf } from "../../../src/access/policy/clause.ts";
import { compileSessionPolicy, sessionClauses } from "../../../src/access/policy/compile.ts";
import { contentsOf } from "../../../src/access/policy/contents.ts";
import { mergeClauses } from "../../../src/access/policy/merge.ts";
import { outsideOf } from "../../../src/access/policy/networks.ts";
import type { Grant, Networks, Target } from "../../../src/access/types.ts";
import { JitError } from "../../../src/error.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { printPolicy } from "../../../src/policy/print.ts";
import { type Ask, NOT_AFTER, raw, s3, table, targetOf, verdictOf } from "./fixtures.ts";

/** Few enough names that grants meet, cover and contradict each other often. */
const prefix = fc.constantFrom("", "e", "eu/", "eu/x/", "eu2/", "e*/", "e?", "$", "us/");
const some = <const T>(...values: readonly [T, ...T[]]) =>
  fc.subarray<T>([...values], { minLength: 1 }) as fc.Arbitrary<[T, ...T[]]>;
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234";
const VARIABLE = `\${aws:PrincipalTag/tenant}`;

const grant: fc.Arbitrary<Grant> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom("a", "b"),
        fc.uniqueArray(prefix, { minLength: 1, maxLength: 4 }),
        some("read", "list", "write", "delete"),
      )
      .map(([bucket, prefixes, allow]) => s3(bucket, prefixes, allow)),
  },
  fc
    .record({
      indexes: fc.constantFrom([], ["i"], ["i", "j"], ["*"]),
      attributes: fc.constantFrom(undefined, ["id"], ["id", "name"]),
      leadingKeys: fc.constantFrom(undefined, ["k"], [VARIABLE, "k"]),
      allow: some("read", "query", "write", "delete"),
    })
    .map(({ allow, ...limits }) => table(allow, limits)),
  some("decrypt", "encrypt")
    .chain((allow) =>
      fc
        .constantFrom([], ["s3.eu-central-1.amazonaws.com"], ["sqs.eu-central-1.amazonaws.com"])
        .map((viaServices) => ({ allow, viaServices })),
    )
    .map(({ allow, viaServices }): Grant => ({ kind: "kms", key: KEY, allow, viaServices })),
  fc.constantFrom<Grant>(
    raw({ Effect: "Allow", Action: "s3:Get*", Resource: "arn:aws:s3:::a/eu/*" }),
    raw({
      Effect: "Allow",
      Action: ["S3:getobject", "s3:PutObject"],
      Resource: ["arn:aws:s3:::?/eu*", "arn:aws:s3:::b/us/k"],
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringLike: { "aws:PrincipalTag/tenant": ["t1", "t2"] } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringLike: { "aws:PrincipalTag/tenant": "t*" } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringNotLike: { "aws:PrincipalTag/tenant": "t1" } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringNotLike: { "aws:PrincipalTag/tenant": "t2" } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { "ForAnyValue:StringEquals": { "aws:TagKeys": ["x"] } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { "ForAnyValue:StringEquals": { "aws:TagKeys": ["y"] } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["x"] } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["y"] } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringEqualsIfExists: { "aws:PrincipalTag/tenant": "t1" } },
    }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringEqualsIfExists: { "aws:PrincipalTag/tenant": "t2" } },
    }),
    raw({ Effect: "Allow", NotAction: ["s3:*", "dynamodb:*"], Resource: "*" }),
    raw({ Effect: "Allow", Action: "s3:ListBucket", NotResource: "arn:aws:s3:::a" }),
  ),
);
const deny = fc.constantFrom<Grant>(
  raw({ Effect: "Deny", Action: "s3:*", Resource: ["arn:aws:s3:::a/eu/x/*", "arn:aws:s3:::b"] }),
  raw({
    Effect: "Deny",
    Action: "s3:GetObject",
    Resource: "arn:aws:s3:::a/eu/*",
    Condition: { StringLike: { "aws:PrincipalTag/tenant": "t1" } },
  }),
  raw({ Effect: "Deny", NotAction: "s3:GetObject", Resource: "arn:aws:s3:::a/us/*" }),
);
const networks: fc.Arbitrary<Networks> = fc.record({
  cidrs: fc.constantFrom([], ["203.0.113.0/24"], ["203.0.113.0/24", "198.51.100.0/24"]),
  vpcEndpoints: fc.constantFrom([], [], ["vpce-1"]),
  vpcs: fc.constantFrom([], [], ["vpc-1"]),
});

function targetsOf(grants: fc.Arbitrary<Grant>): fc.Arbitrary<readonly Target[]> {
  const one = fc.tuple(fc.array(grants, { minLength: 1, maxLength: 4 }), networks);
  return fc
    .array(one, { minLength: 1, maxLength: 3 })
    .map((list) => list.map(([its, bound], at) => targetOf(its, bound, `store${at}`)));
}

const key = fc.constantFrom(
  "",
  "e",
  "eu/",
  "eu/k",
  "eu/x/",
  "eu/x/k",
  "eu2/k",
  "e*/k",
  "ee/k",
  "e?",
  "ex",
  "$",
  "us/k",
  "z",
);
const object = fc
  .tuple(
    fc.constantFrom("a", "b"),
    key,
    fc.constantFrom("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload", "GetObjectAcl"),
  )
  .map(
    ([bucket, name, action]): Ask => ({ action: `s3:${action}`, resource: `arn:aws:s3:::${bucket}/${name}` }),
  );
const listing = fc.tuple(fc.constantFrom("a", "b"), fc.option(key, { nil: undefined })).map(
  ([bucket, name]): Ask => ({
    action: "s3:ListBucket",
    resource: `arn:aws:s3:::${bucket}`,
    context: name === undefined ? {} : { "s3:prefix": name },
  }),
);
const item = fc
  .tuple(
    fc.constantFrom("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem"),
    fc.constantFrom("", "/index/i", "/index/j", "/index/k"),
    fc.subarray(["k", "t1", "t2"]),
    fc.subarray(["id", "name", "iban"]),
    fc.constantFrom([], "SPECIFIC_ATTRIBUTES", "ALL_ATTRIBUTES"),
    fc.constantFrom([], "NONE", "UPDATED_NEW", "ALL_OLD"),
  )
  .map(
    ([action, index, leading, attributes, select, returned]): Ask => ({
      action: `dynamodb:${action}`,
      resource: `arn:aws:dynamodb:eu-central-1:111122223333:table/orders${index}`,
      context: {
        "dynamodb:LeadingKeys": leading,
        "dynamodb:Attributes": attributes,
        "dynamodb:Select": select,
        "dynamodb:ReturnValues": returned,
      },
    }),
  );
const keyUse = fc
  .tuple(
    fc.constantFrom("Decrypt", "Encrypt", "GenerateDataKey"),
    fc.constantFrom([], "s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"),
  )
  .map(
    ([action, via]): Ask => ({ action: `kms:${action}`, resource: KEY, context: { "kms:ViaService": via } }),
  );
const circumstances = fc.record({
  "aws:SourceIp": fc.constantFrom([], "203.0.113.1", "198.51.100.1", "192.0.2.1"),
  "aws:SourceVpce": fc.constantFrom([], [], "vpce-1", "vpce-2"),
  "aws:SourceVpc": fc.constantFrom([], [], "vpc-1", "vpc-2"),
  "aws:ViaAWSService": fc.constantFrom([], "false", "false", "true"),
  "aws:CurrentTime": fc.constantFrom("2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z", "2026-03-01T12:30:01Z"),
  "aws:PrincipalTag/tenant": fc.constantFrom([], "t1", "t2", "u"),
  "aws:TagKeys": fc.subarray(["x", "y"]),
});
const ask = fc
  .tuple(fc.oneof(object, object, listing, item, keyUse), circumstances)
  .map(([what, where]): Ask => ({ ...what, context: { ...where, ...what.context } }));
const asks = fc.array(ask, { minLength: 20, maxLength: 20 });

/** Undefined where the request itself is refused, which is an error's test, not this one's. */
function clausesOf(targets: readonly Target[]) {
  try {
    return sessionClauses(contentsOf(targets), NOT_AFTER);
  } catch (error) {
    if (error instanceof JitError && error.code === "POLICY_NETWORKS") return undefined;
    throw error;
  }
}

function policyOf(clauses: Parameters<typeof documentOf>[0]) {
  return parsePolicy(documentOf(clauses).text, "session");
}

describe("merging", () => {
  test("never changes a verdict, nor makes the text longer", () => {
    fc.assert(
      fc.property(targetsOf(fc.oneof({ weight: 6, arbitrary: grant }, deny)), asks, (targets, requests) => {
        const clauses = withAllow(targets) ? clausesOf(targets) : undefined;
        fc.pre(clauses !== undefined);
        const merged = mergeClauses(clauses);
        expect(documentOf(merged).text.length).toBeLessThanOrEqual(documentOf(clauses).text.length);
        const [plain, short] = [policyOf(clauses), policyOf(merged)];
        for (const request of requests) {
          expect([verdictOf(short, request), request]).toEqual([verdictOf(plain, request), request]);
        }
      }),
      { numRuns: 400 },
    );
  });
});

function withAllow(targets: readonly Target[]): boolean {
  return targets.some(({ access }) =>
    access.grants.some((one) => one.kind !== "statement" || one.statement["Effect"] === "Allow"),
  );
}

describe("a request of several targets", () => {
  test("opens nothing that none of them opens alone", () => {
    fc.assert(
      fc.property(targetsOf(grant), asks, (targets, requests) => {
        const clauses = clausesOf(targets);
        fc.pre(clauses !== undefined);
        const together = policyOf(mergeClauses(clauses));
        const alone = targets.map((target) => policyOf(clausesOf([target]) ?? []));
        for (const request of requests) {
          if (verdictOf(together, request) !== "allow") continue;
          expect(alone.map((policy) => verdictOf(policy, request))).toContain("allow");
        }
      }),
      { numRuns: 200 },
    );
  });

  test("loses nothing that one of them opens, but by another one's networks", () => {
    fc.assert(
      fc.property(targetsOf(grant), asks, (targets, requests) => {
        const clauses = clausesOf(targets);
        fc.pre(clauses !== undefined);
        const together = policyOf(mergeClauses(clauses));
        for (const target of targets) {
          const alone = policyOf(clausesOf([target]) ?? []);
          const others = targets.filter((other) => other !== target);
          for (const request of requests) {
            if (verdictOf(alone, request) !== "allow" || verdictOf(together, request) === "allow") continue;
            expect(others.some((other) => shutsOut(other.store.networks, request))).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  function shutsOut(bound: Networks, request: Ask): boolean {
    const outside = outsideOf(bound);
    if (outside === undefined) return false;
    const everything = { not: false, values: ["*"] };
    const element = { action: everything, resource: everything };
    const policy = policyOf([
      { effect: "Allow", ...element, conditions: new Map() },
      { effect: "Deny", ...element, conditions: outside },
    ]);
    return verdictOf(policy, request) !== "allow";
  }
});

test("the text is short enough or an error, reads back the same, and does not depend on the order", () => {
  fc.assert(
    fc.property(targetsOf(grant), (targets) => {
      try {
        const { text, characters } = compileSessionPolicy({ targets, notAfter: NOT_AFTER });
        expect(characters).toBe(text.length);
        expect(characters).toBeLessThanOrEqual(2048);
        expect(printPolicy(parsePolicy(text, "session"))).toBe(text);
        expect(compileSessionPolicy({ targets: [...targets].reverse(), notAfter: NOT_AFTER }).text).toBe(
          text,
        );
      } catch (error) {
        if (!(error instanceof JitError)) throw error;
        expect(["POLICY_TOO_LARGE", "POLICY_NETWORKS"]).toContain(error.code);
      }
    }),
    { numRuns: 200 },
  );
});

describe("what merging gains", () => {
  const merged = (...grants: Grant[]) =>
    compileSessionPolicy({ targets: [targetOf(grants)], notAfter: NOT_AFTER }).statements.filter(
      (one) => one.Effect === "Allow",
    );

  test("covered prefixes go, and buckets and uses that are alike stand together", () => {
    expect(merged(s3("a", ["eu/", "eu/x/"], ["read"]), s3("b", ["eu/"], ["read"]))).toEqual([
      { Effect: "Allow", Action: "s3:GetObject", Resource: ["arn:aws:s3:::a/eu/*", "arn:aws:s3:::b/eu/*"] },
    ]);
    expect(merged(s3("a", ["eu/"], ["read"]), s3("a", ["eu/"], ["delete"]))).toEqual([
      { Effect: "Allow", Action: ["s3:DeleteObject", "s3:GetObject"], Resource: "arn:aws:s3:::a/eu/*" },
    ]);
  });

  test("listings of one bucket share a condition", () => {
    expect(merged(s3("a", ["eu/"], ["list"]), s3("a", ["us/", "eu/x"], ["list"]))).toEqual([
      {
        Effect: "Allow",
        Action: "s3:ListBucket",
        Resource: "arn:aws:s3:::a",
        Condition: { StringLike: { "s3:prefix": ["eu/*", "us/*"] } },
      },
    ]);
  });

  test("a listing of the whole bucket takes in those of prefixes", () => {
    expect(merged(s3("a", ["eu/"], ["list"]), s3("a", [""], ["list"]))).toEqual([
      { Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::a" },
    ]);
  });
});
