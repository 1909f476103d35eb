import fc from "fast-check";
import type { AccessRequest, ContextValue, PolicyKind, Principal } from "../../src/policy/types.ts";
import { ACCOUNT, OTHER_ACCOUNT, requestBy, root, session, user } from "./requests.ts";

/**
 * Random policies and requests from a small world, so that they meet often: a few actions, resources,
 * principals and context keys, and all operators.
 */

export type Json = Readonly<Record<string, unknown>>;

export const ANN = user("ann");
export const WORK = session("Work", "ann");

export const TARGETS = [
  { action: "s3:GetObject", resource: "arn:aws:s3:::b/red/k" },
  { action: "s3:PutObject", resource: "arn:aws:s3:::c/k" },
  { action: "s3:ListBucket", resource: "arn:aws:s3:::b" },
  { action: "sqs:SendMessage", resource: `arn:aws:sqs:eu-west-1:${ACCOUNT}:q` },
  { action: "s3:ListAllMyBuckets", resource: "*" },
];

const ACTIONS = [
  "*",
  "s3:*",
  "s3:Get*",
  "S3:putobject",
  "s3:*Bucket",
  "s3:List*",
  "sqs:SendMessage",
  "s3:?etObject",
];
const VARIABLES = ["aws:PrincipalTag/Team", "aws:userid", "aws:username", "aws:username, 'red'"].map(
  (v) => `$${"{"}${v}}`,
);
const RESOURCES = [
  "*",
  "arn:aws:s3:::b/*",
  "arn:aws:s3:::?/k",
  "arn:aws:s3:::b",
  "arn:aws:s3:::*",
  "arn:aws:s3:::b/red/*",
  "arn:aws:sqs:*:*:q",
  `arn:aws:sqs:eu-west-1:${ACCOUNT}:*`,
  ...VARIABLES.map((variable) => `arn:aws:s3:::b/${variable}/*`),
];
const NAMES = [
  ANN.arn,
  WORK.arn,
  WORK.roleArn ?? "",
  session("Work", "bob").arn,
  ACCOUNT,
  root().arn,
  OTHER_ACCOUNT,
];

/** Per type its operators, policy values and request values (the last of which match no policy value). */
const TYPES = [
  {
    key: "aws:PrincipalTag/Team",
    operators: [
      "StringEquals",
      "StringNotEquals",
      "StringLike",
      "StringNotLike",
      "StringEqualsIgnoreCase",
      "StringNotEqualsIgnoreCase",
    ],
    wanted: ["red", "r*", "Red", "?lue", VARIABLES[1] ?? "", VARIABLES[3] ?? ""],
    actual: ["red", "blue", "AIDA1", "green"],
  },
  {
    key: "aws:MultiFactorAuthAge",
    operators: ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"].map(
      (o) => `Numeric${o}`,
    ),
    wanted: ["10", "20", "-5", "10.5"],
    actual: ["10", "15", "10.5", "-5"],
  },
  {
    key: "aws:CurrentTime",
    operators: ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"].map(
      (o) => `Date${o}`,
    ),
    wanted: ["2026-01-01T00:00:00Z", "2026-01-02", "2026-01-01T02:00:00+02:00"],
    actual: ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-06-01T12:30:00.5Z"],
  },
  { key: "aws:SecureTransport", operators: ["Bool"], wanted: ["true", "false"], actual: ["true", "false"] },
  {
    key: "aws:SourceIp",
    operators: ["IpAddress", "NotIpAddress"],
    wanted: ["10.0.0.0/8", "192.168.1.0/24", "2001:db8::/32", "10.1.2.3/32"],
    actual: ["10.1.2.3", "192.168.2.1", "2001:db8::1"],
  },
  {
    key: "aws:SourceArn",
    operators: ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    wanted: ["arn:aws:sns:*:*:t", "arn:aws:sns:eu-west-1:1:*", "arn:aws:s3:::b"],
    actual: ["arn:aws:sns:eu-west-1:1:t", "arn:aws:sns:eu-west-1:2:u:v", "arn:aws:s3:::b"],
  },
];
export const KEYS = [...TYPES.map((type) => type.key), "aws:userid", "aws:username"];
const LIST_KEY = "aws:PrincipalOrgPaths";

const some = <T>(values: readonly T[], most = 3) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most });

const single = TYPES.map((type) =>
  fc
    .tuple(fc.constantFrom(...type.operators), fc.constantFrom("", "IfExists"), some(type.wanted))
    .map(([operator, suffix, values]): Json => ({ [`${operator}${suffix}`]: { [type.key]: values } })),
);
const presence = fc
  .tuple(fc.constantFrom(...KEYS, LIST_KEY), fc.boolean())
  .map(([key, absent]): Json => ({ Null: { [key]: String(absent) } }));
const listed = fc
  .tuple(
    fc.constantFrom("ForAllValues", "ForAnyValue"),
    fc.constantFrom("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    some(["o/a", "o/*", "p"]),
  )
  .map(([qualifier, operator, values]): Json => ({ [`${qualifier}:${operator}`]: { [LIST_KEY]: values } }));

const condition = fc
  .array(fc.oneof(...single, presence, listed), { maxLength: 2 })
  .map((list): Json => Object.assign({}, ...list));

export function statements(
  kind: PolicyKind,
  effect: fc.Arbitrary<string> = fc.constantFrom("Allow", "Allow", "Allow", "Allow", "Deny"),
) {
  const principal = fc.oneof(
    fc.constant({ Principal: "*" }),
    some(NAMES).map((names) => ({ Principal: { AWS: names } })),
  );
  return fc
    .tuple(
      effect,
      fc.oneof(
        { weight: 4, arbitrary: some(ACTIONS).map((Action) => ({ Action })) },
        { weight: 1, arbitrary: some(ACTIONS, 2).map((NotAction) => ({ NotAction })) },
      ),
      fc.oneof(
        { weight: 4, arbitrary: some(RESOURCES).map((Resource) => ({ Resource })) },
        { weight: 1, arbitrary: some(RESOURCES, 2).map((NotResource) => ({ NotResource })) },
      ),
      kind === "resource" ? principal : fc.constant({}),
      fc.oneof(
        fc.constant({}),
        condition.map((Condition) => ({ Condition })),
      ),
    )
    .map(([Effect, ...rest]): Json => Object.assign({ Effect }, ...rest));
}

export function policies(kind: PolicyKind, effect?: fc.Arbitrary<string>) {
  return fc
    .array(statements(kind, effect), { minLength: 1, maxLength: 3 })
    .map((list): Json => ({ Version: "2012-10-17", Statement: list }));
}

export const contexts: fc.Arbitrary<Readonly<Record<string, ContextValue>>> = fc
  .tuple(
    ...TYPES.map((type) => fc.option(fc.constantFrom(...type.actual))),
    fc.option(fc.uniqueArray(fc.constantFrom("o/a", "o/b", "p", "q"), { minLength: 1, maxLength: 2 })),
  )
  .map((drawn) => {
    const keys = [...TYPES.map((type) => type.key), LIST_KEY];
    return Object.fromEntries(keys.flatMap((key, at) => (drawn[at] == null ? [] : [[key, drawn[at]]])));
  });

/** The values that a key may have in a request. */
export function valuesOf(key: string): readonly string[] {
  return TYPES.find((type) => type.key === key)?.actual ?? ["ann", "red", "AIDA1"];
}

export const requests: fc.Arbitrary<AccessRequest> = fc
  .tuple(
    fc.constantFrom<Principal>(ANN, WORK),
    fc.constantFrom(...TARGETS),
    contexts,
    fc.constantFrom(undefined, OTHER_ACCOUNT),
  )
  .map(([principal, target, context, resourceAccount]) => {
    const own =
      principal === ANN ? { "aws:userid": "AIDA1", "aws:username": "ann" } : { "aws:userid": "AROA1:ann" };
    return requestBy(principal, { ...target, context: { ...own, ...context }, resourceAccount });
  });
