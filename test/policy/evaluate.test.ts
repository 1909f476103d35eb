import { expect, test } from "vitest";
import { evaluate } from "../../src/policy/evaluate.ts";
import type { AccessRequest, Layers, Policy, Principal, Verdict } from "../../src/policy/types.ts";
import {
  ACCOUNT,
  allow,
  anonymous,
  deny,
  OTHER_ACCOUNT,
  policy,
  requestBy,
  root,
  service,
  session,
  user,
} from "./requests.ts";

const ann = user("ann");
const work = session("Work", "ann");
const READ = [policy("identity", allow())];
const NOTHING: readonly Policy[] = [];
const ELSE = [policy("identity", allow({ Action: "sqs:SendMessage" }))];
const DENY = [policy("identity", deny())];

/** A bucket policy that allows the request to whom it names. */
const granting = (principal: unknown) => [policy("resource", allow({ Principal: principal }))];
const named = (...names: readonly string[]) => granting({ AWS: names });

/** Verdict, and for an implicit deny the layer that is missing. */
function answer(principal: Principal, layers: Layers, given: Partial<AccessRequest> = {}): string {
  const { verdict, missing } = evaluate(requestBy(principal, given), layers);
  return missing === undefined ? verdict : `${verdict} ${missing}`;
}

test.each<[string, Layers, string]>([
  ["nothing", { identity: NOTHING }, "implicitDeny identity"],
  ["an identity policy", { identity: READ }, "allow"],
  ["another action", { identity: ELSE }, "implicitDeny identity"],
  ["an explicit deny beside the allow", { identity: [...READ, ...DENY] }, "explicitDeny"],
  ["a boundary that allows", { identity: READ, boundary: READ }, "allow"],
  ["a boundary that does not", { identity: READ, boundary: ELSE }, "implicitDeny boundary"],
  ["an empty boundary", { identity: READ, boundary: NOTHING }, "implicitDeny boundary"],
  ["a boundary alone", { identity: NOTHING, boundary: READ }, "implicitDeny identity"],
  ["a deny in the boundary", { identity: READ, boundary: [...READ, ...DENY] }, "explicitDeny"],
  ["a session policy that allows", { identity: READ, session: [READ] }, "allow"],
  ["a session policy that does not", { identity: READ, session: [ELSE] }, "implicitDeny session"],
  [
    "two session limits, one of which does not",
    { identity: READ, session: [READ, ELSE] },
    "implicitDeny session",
  ],
  ["one session limit of two policies", { identity: READ, session: [[...ELSE, ...READ]] }, "allow"],
  ["a session policy alone", { identity: NOTHING, session: [READ] }, "implicitDeny identity"],
  ["no session limits", { identity: READ, session: [] }, "allow"],
  ["SCP levels that allow", { identity: READ, organization: [READ, READ] }, "allow"],
  [
    "one SCP level that does not",
    { identity: READ, organization: [READ, ELSE] },
    "implicitDeny organization",
  ],
  ["a deny in an SCP", { identity: READ, organization: [[...READ, ...DENY]] }, "explicitDeny"],
  [
    "a deny in a level above one that does not allow",
    { identity: READ, organization: [DENY, ELSE] },
    "explicitDeny",
  ],
])("a role session with %s", (_, layers, expected) => {
  expect(answer(work, layers)).toBe(expected);
});

// reference_policies_evaluation-logic_policy-eval-denyallow.html, "Resource-based policies".
const LIMITED: Layers = { identity: NOTHING, boundary: ELSE, session: [ELSE] };
test.each<[string, Principal, unknown, Layers, string]>([
  ["the session's ARN goes around all limits", work, { AWS: work.arn }, LIMITED, "allow"],
  ["* goes around all limits", work, "*", LIMITED, "allow"],
  [
    "the role's ARN goes around the identity policies",
    work,
    { AWS: work.roleArn },
    { identity: NOTHING },
    "allow",
  ],
  [
    "… not the boundary",
    work,
    { AWS: work.roleArn },
    { identity: NOTHING, boundary: ELSE },
    "implicitDeny boundary",
  ],
  [
    "… not the session policy",
    work,
    { AWS: work.roleArn },
    { identity: NOTHING, session: [ELSE] },
    "implicitDeny session",
  ],
  [
    "the user's ARN goes around the boundary",
    ann,
    { AWS: ann.arn },
    { identity: NOTHING, boundary: ELSE },
    "allow",
  ],
  [
    "… not a session policy",
    ann,
    { AWS: ann.arn },
    { identity: NOTHING, session: [ELSE] },
    "implicitDeny session",
  ],
  [
    "the account grants nothing by itself",
    ann,
    { AWS: ACCOUNT },
    { identity: NOTHING },
    "implicitDeny identity",
  ],
  ["… its root neither", ann, { AWS: root().arn }, { identity: NOTHING }, "implicitDeny identity"],
  ["the account beside the identity policy", ann, { AWS: ACCOUNT }, { identity: READ }, "allow"],
  [
    "another session of the role",
    work,
    { AWS: session("Work", "bob").arn },
    LIMITED,
    "implicitDeny identity",
  ],
  [
    "an SCP limits every grant",
    work,
    { AWS: work.arn },
    { identity: READ, organization: [ELSE] },
    "implicitDeny organization",
  ],
  [
    "an explicit deny elsewhere wins",
    work,
    { AWS: work.arn },
    { identity: READ, session: [DENY] },
    "explicitDeny",
  ],
])("a bucket policy that names %s", (_, principal, principals, layers, expected) => {
  expect(answer(principal, { ...layers, resource: granting(principals) })).toBe(expected);
});

test("where the element names a caller in several ways the strongest counts", () => {
  const resource = named(ACCOUNT, work.roleArn ?? "", work.arn);
  expect(answer(work, { ...LIMITED, resource })).toBe("allow");
});

test.each<[string, Layers, string]>([
  ["both sides", { identity: READ, resource: named(ann.arn) }, "allow"],
  ["the account on the other side", { identity: READ, resource: named(ACCOUNT) }, "allow"],
  ["* on the other side", { identity: READ, resource: granting("*") }, "allow"],
  ["the identity policy alone", { identity: READ }, "implicitDeny resource"],
  ["an empty list of bucket policies", { identity: READ, resource: NOTHING }, "implicitDeny resource"],
  ["the bucket policy alone", { identity: NOTHING, resource: named(ann.arn) }, "implicitDeny identity"],
  [
    "a boundary in the way",
    { identity: READ, boundary: ELSE, resource: named(ann.arn) },
    "implicitDeny boundary",
  ],
  [
    "a session policy in the way",
    { identity: READ, session: [ELSE], resource: named(ann.arn) },
    "implicitDeny session",
  ],
  ["somebody else named", { identity: READ, resource: named(user("bob").arn) }, "implicitDeny resource"],
])("across accounts with %s", (_, layers, expected) => {
  expect(answer(ann, layers, { resourceAccount: OTHER_ACCOUNT })).toBe(expected);
});

test("the account's id spelt out is the caller's own account", () => {
  expect(answer(ann, { identity: READ }, { resourceAccount: ACCOUNT })).toBe("allow");
});

test.each<[string, Principal, unknown, string]>([
  ["anonymous callers match *", anonymous, "*", "allow"],
  ["… and AWS *", anonymous, { AWS: "*" }, "allow"],
  ["… and nothing else", anonymous, { AWS: ACCOUNT }, "implicitDeny resource"],
  ["services match their name", service("s3.amazonaws.com"), { Service: "s3.amazonaws.com" }, "allow"],
  ["… not another's", service("s3.amazonaws.com"), { Service: "ec2.amazonaws.com" }, "implicitDeny resource"],
])("%s", (_, principal, principals, expected) => {
  const layers = { identity: NOTHING, organization: [DENY], boundary: NOTHING, session: [DENY] };
  expect(answer(principal, { ...layers, resource: granting(principals) })).toBe(expected);
});

test("anonymous callers need a resource policy and obey its denies", () => {
  expect(answer(anonymous, { identity: READ })).toBe("implicitDeny resource");
  const resource = [policy("resource", allow({ Principal: "*" }), deny({ Principal: "*" }))];
  expect(answer(anonymous, { identity: NOTHING, resource })).toBe("explicitDeny");
});

test("a root user may do all in its account but what SCPs and resource policies deny", () => {
  expect(answer(root(), { identity: NOTHING })).toBe("allow");
  expect(answer(root(), { identity: NOTHING, organization: [ELSE] })).toBe("implicitDeny organization");
  const resource = [policy("resource", deny({ Principal: { AWS: ACCOUNT } }))];
  expect(answer(root(), { identity: NOTHING, resource })).toBe("explicitDeny");
  expect(answer(root(), { identity: NOTHING }, { resourceAccount: OTHER_ACCOUNT })).toBe(
    "implicitDeny resource",
  );
});

// reference_policies_elements_notprincipal.html: a Deny excepts whoever is listed in full.
test.each<[string, Principal, readonly string[], Verdict]>([
  ["a user with its account", ann, [ann.arn, root().arn], "allow"],
  ["a user alone", ann, [ann.arn], "explicitDeny"],
  ["a session with its role and account", work, [work.arn, work.roleArn ?? "", ACCOUNT], "allow"],
  ["a session with its account only", work, [work.arn, ACCOUNT], "explicitDeny"],
  ["a role with its account only", work, [work.roleArn ?? "", ACCOUNT], "explicitDeny"],
  ["somebody else", work, [ann.arn, ACCOUNT], "explicitDeny"],
])("a Deny with NotPrincipal of %s", (_, principal, names, expected) => {
  const resource = [policy("resource", deny({ NotPrincipal: { AWS: names } }))];
  expect(answer(principal, { identity: READ, resource })).toBe(expected);
  // Nobody who has a boundary is excepted.
  expect(answer(principal, { identity: READ, boundary: READ, resource })).toBe("explicitDeny");
});

test("an Allow with NotPrincipal takes in everybody who is not listed in any way", () => {
  const resource = [policy("resource", allow({ NotPrincipal: { AWS: ACCOUNT } }))];
  expect(answer(ann, { identity: NOTHING, resource })).toBe("implicitDeny identity");
  expect(answer(anonymous, { identity: NOTHING, resource })).toBe("allow");
});

test("KMS asks for the key policy, also within one account", () => {
  const given = { action: "kms:Decrypt", resource: `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k` };
  const all = { Action: "kms:*" };
  const identity = [policy("identity", allow(all))];
  const key = (principal: unknown) => [policy("resource", allow({ ...all, Principal: principal }))];
  expect(answer(ann, { identity, resource: key({ AWS: user("bob").arn }) }, given)).toBe(
    "implicitDeny resource",
  );
  expect(answer(ann, { identity, resource: key({ AWS: root().arn }) }, given)).toBe("allow");
  expect(answer(ann, { identity: NOTHING, resource: key({ AWS: root().arn }) }, given)).toBe(
    "implicitDeny identity",
  );
  expect(answer(ann, { identity: NOTHING, resource: key({ AWS: ann.arn }) }, given)).toBe("allow");
  expect(answer(root(), { identity: NOTHING, resource: key({ AWS: ann.arn }) }, given)).toBe(
    "implicitDeny resource",
  );
});

test.each<[string, object, string]>([
  ["Action", { Action: "S3:getobject" }, "allow"],
  ["Action with wildcards", { Action: ["sqs:*", "s3:*Object"] }, "allow"],
  ["NotAction of others", { Action: undefined, NotAction: ["iam:*", "sts:*"] }, "allow"],
  ["NotAction of it", { Action: undefined, NotAction: ["iam:*", "s3:Get*"] }, "implicitDeny identity"],
  ["Resource of others", { Resource: "arn:aws:s3:::c/*" }, "implicitDeny identity"],
  ["NotResource of others", { Resource: undefined, NotResource: "arn:aws:s3:::c/*" }, "allow"],
  ["NotResource of it", { Resource: undefined, NotResource: "arn:aws:s3:::b/*" }, "implicitDeny identity"],
  [
    "NotResource of a variable without value",
    { Resource: undefined, NotResource: "arn:aws:s3:::$" + "{a:b}/*" },
    "implicitDeny identity",
  ],
  [
    "NotResource of such a variable in another service",
    { Resource: undefined, NotResource: "arn:aws:sqs:::$" + "{a:b}/*" },
    "allow",
  ],
  ["all of two conditions", { Condition: { StringEquals: { "a:x": "1" }, Bool: { "a:y": true } } }, "allow"],
  [
    "one of two conditions",
    { Condition: { StringEquals: { "a:x": "1", "a:y": "2" } } },
    "implicitDeny identity",
  ],
])("%s", (_, given, expected) => {
  const identity = [policy("identity", JSON.parse(JSON.stringify(allow(given))))];
  expect(answer(ann, { identity }, { context: { "A:X": "1", "a:y": "true" } })).toBe(expected);
});

test("reasons name the statements: the denying ones, else the allowing ones", () => {
  const identity = [policy("identity", allow({ Action: "sqs:*" }), allow({ Sid: "Read" }))];
  const limits = [READ, [...ELSE, policy("identity", allow(), deny({ Sid: "Stop" }))]];
  expect(evaluate(requestBy(work), { identity, session: limits }).reasons).toEqual([
    { layer: "session", level: 1, policy: 1, statement: 1, sid: "Stop", effect: "Deny" },
  ]);
  expect(evaluate(requestBy(work), { identity, session: [READ] }).reasons).toEqual([
    { layer: "identity", policy: 0, statement: 1, sid: "Read", effect: "Allow" },
    { layer: "session", level: 0, policy: 0, statement: 0, sid: undefined, effect: "Allow" },
  ]);
});

const ON_MFA = { Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } };
const UNKNOWN_MFA = { unknown: new Set(["aws:multifactorauthpresent"]) };
test.each<[string, Layers, string, readonly string[]]>([
  [
    "an allow that depends on it",
    { identity: [policy("identity", allow(ON_MFA))] },
    "unknown",
    ["aws:multifactorauthpresent"],
  ],
  [
    "a deny that depends on it",
    { identity: [...READ, policy("identity", deny(ON_MFA))] },
    "unknown",
    ["aws:multifactorauthpresent"],
  ],
  ["an allow that does not", { identity: [...READ, policy("identity", allow(ON_MFA))] }, "allow", []],
  ["a deny that does not", { identity: [...DENY, policy("identity", allow(ON_MFA))] }, "explicitDeny", []],
  ["no allow, whatever it is", { identity: [policy("identity", deny(ON_MFA))] }, "implicitDeny identity", []],
  [
    "a boundary that depends on it",
    { identity: READ, boundary: [policy("boundary", allow(ON_MFA))] },
    "unknown",
    ["aws:multifactorauthpresent"],
  ],
])("with an unknown key: %s", (_, layers, expected, keys) => {
  expect(answer(work, layers, UNKNOWN_MFA)).toBe(expected);
  expect(evaluate(requestBy(work, UNKNOWN_MFA), layers).unknownKeys).toEqual(keys);
});
