import { beforeEach, describe, expect, test } from "vitest";
import { addUser, addUserKey } from "../../../src/sandbox/iam/entities.ts";
import {
  ACCOUNT,
  allow,
  ask,
  assume,
  type Fixture,
  fixture,
  policy,
  READER,
  START,
  trustAccount,
  verdict,
} from "../world-fixture.ts";

let fix: Fixture;
beforeEach(() => {
  fix = fixture();
});

const iam = (action: string, parameters: Readonly<Record<string, string | number>> = {}) =>
  ask(fix, "iam", fix.ann, action, parameters);

const ROLE = { RoleName: "reader" };
const BOUNDARY = `arn:aws:iam::${ACCOUNT}:policy/bound`;
const decoded = (text: string | undefined) => JSON.parse(decodeURIComponent(text ?? "null"));

describe("roles", () => {
  test("are created, found, changed, listed and deleted", async () => {
    const trust = trustAccount();
    const created = await iam("CreateRole", {
      RoleName: "writer",
      Path: "/team/",
      AssumeRolePolicyDocument: trust,
      MaxSessionDuration: 7_200,
      Description: "writes",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "x",
    });
    expect(created.text("RoleId")).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(created.text("Arn")).toBe(`arn:aws:iam::${ACCOUNT}:role/team/writer`);
    expect(created.text("CreateDate")).toBe("2026-03-01T10:00:00Z");
    expect(created.text("AssumeRolePolicyDocument")).not.toContain("{");
    expect(decoded(created.text("AssumeRolePolicyDocument"))).toEqual(JSON.parse(trust));
    expect(created.body).toContain('xmlns="https://iam.amazonaws.com/doc/2010-05-08/"');

    const closed = trustAccount("999900001111");
    await iam("UpdateAssumeRolePolicy", { RoleName: "writer", PolicyDocument: closed });
    await iam("UpdateRole", { RoleName: "writer", MaxSessionDuration: 3_600 });
    await iam("TagRole", { RoleName: "writer", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "y" });
    const got = await iam("GetRole", { RoleName: "writer" });
    expect(decoded(got.text("AssumeRolePolicyDocument"))).toEqual(JSON.parse(closed));
    expect(got.text("MaxSessionDuration")).toBe("3600");
    expect(got.text("Tags")).toBeUndefined();
    expect(got.body).toContain("<Tags><member><Key>Team</Key><Value>y</Value></member></Tags>");

    const first = await iam("ListRoles", { MaxItems: 1 });
    expect([first.text("RoleName"), first.text("IsTruncated")]).toEqual(["reader", "true"]);
    const second = await iam("ListRoles", { MaxItems: 1, Marker: first.text("Marker") ?? "" });
    expect([second.text("RoleName"), second.text("IsTruncated")]).toEqual(["writer", "false"]);

    expect((await iam("DeleteRole", { RoleName: "writer" })).status).toBe(200);
    expect((await iam("GetRole", { RoleName: "writer" })).code).toBe("NoSuchEntity");
  });

  test("a trust policy decides from the next call on", async () => {
    await assume(fix, fix.ann);
    await iam("UpdateAssumeRolePolicy", { ...ROLE, PolicyDocument: trustAccount("999900001111") });
    await expect(assume(fix, fix.ann)).rejects.toThrow("AccessDenied");
  });
});

describe("policies of roles and users", () => {
  test.each([
    ["Role", "reader"],
    ["User", "ann"],
  ])("inline ones of a %s", async (kind, name) => {
    const owner = { [`${kind}Name`]: name };
    const document = policy(allow("s3:ListBucket"));
    await iam(`Put${kind}Policy`, { ...owner, PolicyName: "list", PolicyDocument: document });
    const got = await iam(`Get${kind}Policy`, { ...owner, PolicyName: "list" });
    expect(decoded(got.text("PolicyDocument"))).toEqual(JSON.parse(document));
    const names = await iam(`List${kind}Policies`, owner);
    expect(names.body).toContain("<member>list</member>");
    await iam(`Delete${kind}Policy`, { ...owner, PolicyName: "list" });
    const gone = await iam(`Get${kind}Policy`, { ...owner, PolicyName: "list" });
    expect([gone.code, gone.status]).toEqual(["NoSuchEntity", 404]);
  });

  test("managed ones, their versions, and as a boundary", async () => {
    const created = await iam("CreatePolicy", {
      PolicyName: "bound",
      PolicyDocument: policy(allow("s3:Get*")),
    });
    expect(created.text("Arn")).toBe(BOUNDARY);
    const id = await assume(fix, fix.ann);
    expect(verdict(fix, id, "s3:PutObject", "*")).toBe("implicitDeny");
    fix.reader.inline.set("read", policy(allow("s3:*")));
    expect(verdict(fix, id, "s3:PutObject", "*")).toBe("allow");
    await iam("PutRolePermissionsBoundary", { ...ROLE, PermissionsBoundary: BOUNDARY });
    expect(verdict(fix, id, "s3:PutObject", "*")).toBe("implicitDeny");
    const version = { PolicyArn: BOUNDARY, PolicyDocument: policy(allow("s3:*")), SetAsDefault: "true" };
    expect((await iam("CreatePolicyVersion", version)).text("VersionId")).toBe("v2");
    expect(verdict(fix, id, "s3:PutObject", "*")).toBe("allow");
    const got = await iam("GetPolicy", { PolicyArn: BOUNDARY });
    expect([got.text("DefaultVersionId"), got.text("PermissionsBoundaryUsageCount")]).toEqual(["v2", "1"]);
    const old = await iam("GetPolicyVersion", { PolicyArn: BOUNDARY, VersionId: "v1" });
    expect(old.text("IsDefaultVersion")).toBe("false");
    expect((await iam("DeletePolicy", { PolicyArn: BOUNDARY })).code).toBe("DeleteConflict");

    await iam("DeleteRolePermissionsBoundary", ROLE);
    await iam("AttachRolePolicy", { ...ROLE, PolicyArn: BOUNDARY });
    const attached = await iam("ListAttachedRolePolicies", ROLE);
    expect(attached.text("PolicyArn")).toBe(BOUNDARY);
    await iam("DetachRolePolicy", { ...ROLE, PolicyArn: BOUNDARY });
    expect((await iam("DetachRolePolicy", { ...ROLE, PolicyArn: BOUNDARY })).code).toBe("NoSuchEntity");
    expect((await iam("ListPolicies", { Scope: "Local" })).text("PolicyName")).toBe("bound");
  });
});

describe("users", () => {
  test("and keys that work until they are switched off", async () => {
    await iam("CreateUser", { UserName: "ben" });
    const key = await iam("CreateAccessKey", { UserName: "ben" });
    const id = key.text("AccessKeyId") ?? "";
    expect(fix.world.lookupKey(id)?.secretAccessKey).toBe(key.text("SecretAccessKey"));
    expect((await ask(fix, "sts", id, "GetCallerIdentity")).text("Arn")).toBe(
      `arn:aws:iam::${ACCOUNT}:user/ben`,
    );
    await iam("UpdateAccessKey", { UserName: "ben", AccessKeyId: id, Status: "Inactive" });
    expect(fix.world.lookupKey(id)).toBeUndefined();
    expect((await iam("DeleteUser", { UserName: "ben" })).code).toBe("DeleteConflict");
    expect((await iam("ListUsers")).body).toContain("<UserName>ben</UserName>");
    expect((await iam("GetUser")).text("UserName")).toBe("ann");
  });
});

test.each<[string, string, Record<string, string | number>, string, number]>([
  ["a role that is not there", "GetRole", { RoleName: "none" }, "NoSuchEntity", 404],
  [
    "a role that is there",
    "CreateRole",
    { ...ROLE, AssumeRolePolicyDocument: trustAccount() },
    "EntityAlreadyExists",
    409,
  ],
  ["a user that is there", "CreateUser", { UserName: "ann" }, "EntityAlreadyExists", 409],
  ["a name that cannot be", "GetRole", { RoleName: "a b" }, "ValidationError", 400],
  ["no name", "GetRole", {}, "ValidationError", 400],
  [
    "a policy that is none",
    "PutRolePolicy",
    { ...ROLE, PolicyName: "p", PolicyDocument: "{}" },
    "MalformedPolicyDocument",
    400,
  ],
  [
    "a trust policy with resources",
    "UpdateAssumeRolePolicy",
    { ...ROLE, PolicyDocument: policy(allow("sts:AssumeRole")) },
    "MalformedPolicyDocument",
    400,
  ],
  [
    "a trust policy for a user that is not there",
    "UpdateAssumeRolePolicy",
    {
      ...ROLE,
      PolicyDocument: policy({
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/none` },
      }),
    },
    "MalformedPolicyDocument",
    400,
  ],
  [
    "2,049 characters of trust",
    "UpdateAssumeRolePolicy",
    { ...ROLE, PolicyDocument: long(trustAccount(), 2_049) },
    "LimitExceeded",
    409,
  ],
  [
    "10,241 bytes inline of a role",
    "PutRolePolicy",
    { ...ROLE, PolicyName: "p", PolicyDocument: long(policy(allow("s3:*")), 10_241) },
    "LimitExceeded",
    409,
  ],
  [
    "2,049 bytes inline of a user",
    "PutUserPolicy",
    { UserName: "ann", PolicyName: "p", PolicyDocument: long(policy(allow("s3:*")), 2_049) },
    "LimitExceeded",
    409,
  ],
  ["an hour less a second", "UpdateRole", { ...ROLE, MaxSessionDuration: 3_599 }, "ValidationError", 400],
  ["a policy that is not there", "AttachRolePolicy", { ...ROLE, PolicyArn: BOUNDARY }, "NoSuchEntity", 404],
  ["a role with policies", "DeleteRole", ROLE, "DeleteConflict", 409],
  [
    "one tag twice",
    "TagRole",
    {
      ...ROLE,
      "Tags.member.1.Key": "a",
      "Tags.member.1.Value": "",
      "Tags.member.2.Key": "A",
      "Tags.member.2.Value": "",
    },
    "InvalidInput",
    400,
  ],
  ["a marker that nobody gave", "ListRoles", { Marker: "x" }, "ValidationError", 400],
  ["a call that the sandbox lacks", "GenerateCredentialReport", {}, "InvalidAction", 400],
])("refuses %s", async (_name, action, parameters, code, status) => {
  const answer = await iam(action, parameters);
  expect([answer.code, answer.status]).toEqual([code, status]);
});

test("inline policies of one role share their limit; white space is free, and replacing one counts once", async () => {
  const put = (PolicyName: string, size: number) =>
    iam("PutRolePolicy", { ...ROLE, PolicyName, PolicyDocument: `${long(policy(allow("s3:*")), size)}\n\n` });
  const rest = 10_240 - policy(allow(["s3:GetObject", "sts:*"])).length;
  expect((await put("a", rest)).code).toBeUndefined();
  expect((await put("a", rest)).code).toBeUndefined();
  expect((await put("b", 100)).code).toBe("LimitExceeded");
});

describe("who may", () => {
  test("only what the caller's policies allow, and a stranger learns nothing", async () => {
    const user = addUser(fix.world, fix.account, { name: "ben", created: START.toISOString() });
    const ben = addUserKey(fix.world, user, START.toISOString()).id;
    user.inline.set("some", policy(allow("iam:PutRolePolicy", `arn:aws:iam::${ACCOUNT}:role/pii-*`)));
    const put = { ...ROLE, PolicyName: "p", PolicyDocument: policy(allow("s3:*")) };
    const denied = await ask(fix, "iam", ben, "PutRolePolicy", put);
    expect([denied.code, denied.status]).toEqual(["AccessDenied", 403]);
    expect(denied.message).toBe(
      `User: arn:aws:iam::${ACCOUNT}:user/ben is not authorized to perform: iam:PutRolePolicy on resource: ${READER} because no identity-based policy allows the iam:PutRolePolicy action`,
    );
    expect((await ask(fix, "iam", ben, "GetRole", { RoleName: "none" })).code).toBe("AccessDenied");
    expect((await ask(fix, "iam", ben, "PutRolePolicy", { ...put, RoleName: "pii-x" })).code).toBe(
      "NoSuchEntity",
    );
    expect(fix.reader.inline.has("p")).toBe(false);
  });

  test("tags of the entity and of the request can be asked for", async () => {
    const user = addUser(fix.world, fix.account, { name: "ben", created: START.toISOString() });
    const ben = addUserKey(fix.world, user, START.toISOString()).id;
    const condition = { StringEquals: { "aws:ResourceTag/team": "x" } };
    user.inline.set("some", policy({ ...allow("iam:GetRole"), Condition: condition }));
    expect((await ask(fix, "iam", ben, "GetRole", ROLE)).code).toBe("AccessDenied");
    fix.reader.tags = { team: "x" };
    expect((await ask(fix, "iam", ben, "GetRole", ROLE)).code).toBeUndefined();
  });
});

describe("GetAccountAuthorizationDetails", () => {
  test("shows everything, page by page, filtered", async () => {
    await iam("CreatePolicy", { PolicyName: "bound", PolicyDocument: policy(allow("s3:Get*")) });
    await iam("AttachRolePolicy", { ...ROLE, PolicyArn: BOUNDARY });
    const all = await iam("GetAccountAuthorizationDetails");
    expect(all.body).toContain("<UserPolicyList><member><PolicyName>all</PolicyName>");
    expect(all.body).toContain("<RolePolicyList><member><PolicyName>read</PolicyName>");
    expect(all.body).toContain(`<PolicyName>bound</PolicyName><PolicyArn>${BOUNDARY}</PolicyArn>`);
    expect(all.body).toContain("<PolicyVersionList><member><Document>");
    let seen = "";
    let marker: string | undefined;
    let pages = 0;
    do {
      const page = await iam("GetAccountAuthorizationDetails", {
        MaxItems: 1,
        ...(marker === undefined ? {} : { Marker: marker }),
      });
      seen += page.body;
      marker = page.text("Marker");
      pages++;
    } while (marker !== undefined);
    expect(pages).toBe(3);
    for (const id of ["<UserName>ann<", "<RoleName>reader<", "<PolicyName>bound<"])
      expect(seen).toContain(id);
    const roles = await iam("GetAccountAuthorizationDetails", { "Filter.member.1": "Role" });
    expect(roles.body).not.toContain("<UserName>");
  });
});

describe("SimulatePrincipalPolicy", () => {
  const simulate = (parameters: Record<string, string>) =>
    iam("SimulatePrincipalPolicy", { PolicySourceArn: READER, ...parameters });

  test("answers for every action and resource, and says which policy", async () => {
    const answer = await simulate({
      "ActionNames.member.1": "s3:GetObject",
      "ActionNames.member.2": "s3:PutObject",
      "ResourceArns.member.1": "arn:aws:s3:::a/x",
    });
    expect([...answer.body.matchAll(/<EvalDecision>(\w+)</g)].map(([, word]) => word)).toEqual([
      "allowed",
      "implicitDeny",
    ]);
    expect(answer.text("SourcePolicyId")).toBe("read");
  });

  test("context decides, and what is missing is named", async () => {
    const condition = { StringEquals: { "aws:SourceIdentity": "ann" } };
    fix.reader.inline.set("read", policy({ ...allow("s3:GetObject"), Condition: condition }));
    const without = await simulate({ "ActionNames.member.1": "s3:GetObject" });
    expect(without.text("EvalDecision")).toBe("implicitDeny");
    expect(without.body).toContain("<MissingContextValues><member>aws:SourceIdentity</member>");
    const given = await simulate({
      "ActionNames.member.1": "s3:GetObject",
      "ContextEntries.member.1.ContextKeyName": "aws:SourceIdentity",
      "ContextEntries.member.1.ContextKeyType": "string",
      "ContextEntries.member.1.ContextKeyValues.member.1": "ann",
    });
    expect(given.text("EvalDecision")).toBe("allowed");
  });

  test("boundaries and further policies count", async () => {
    const answer = await simulate({
      "ActionNames.member.1": "s3:PutObject",
      "PolicyInputList.member.1": policy(allow("s3:*")),
      "PermissionsBoundaryPolicyInputList.member.1": policy(allow("s3:Get*")),
    });
    expect(answer.text("EvalDecision")).toBe("implicitDeny");
    expect(answer.text("AllowedByPermissionsBoundary")).toBe("false");
    expect((await simulate({ "ActionNames.member.1": "s3:*", "PolicyInputList.member.1": "{" })).code).toBe(
      "MalformedPolicyDocument",
    );
    const none = await iam("SimulatePrincipalPolicy", {
      PolicySourceArn: `${READER}s`,
      "ActionNames.member.1": "s3:*",
    });
    expect(none.code).toBe("NoSuchEntity");
  });
});

test("token issuing is opted in to and out of", async () => {
  expect((await iam("GetOutboundWebIdentityFederationInfo")).text("IssuerIdentifier")).toBe(
    "http://127.0.0.1:4566",
  );
  expect((await iam("EnableOutboundWebIdentityFederation")).code).toBe("FeatureEnabled");
  await iam("DisableOutboundWebIdentityFederation");
  expect((await iam("GetOutboundWebIdentityFederationInfo")).code).toBe("FeatureDisabled");
});

/** A policy of exactly that many characters without white space. */
function long(text: string, size: number): string {
  const filled = text.replace('"Action"', `"Sid":"","Action"`);
  return filled.replace('"Sid":""', `"Sid":"${"x".repeat(size - filled.length)}"`);
}
