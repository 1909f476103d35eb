import { beforeEach, describe, expect, test } from "vitest";
import { addUser, addUserKey } from "../../src/sandbox/iam/entities.ts";
import type { Caller, Resource } from "../../src/sandbox/service.ts";
import { addAccount } from "../../src/sandbox/world.ts";
import {
  ACCOUNT,
  allow,
  ask,
  assume,
  callOf,
  type Fixture,
  fixture,
  policy,
  READER,
  START,
} from "./world-fixture.ts";

let fix: Fixture;
beforeEach(() => {
  fix = fixture();
});

const OBJECT = "arn:aws:s3:::a/x";
const later = (seconds: number) => new Date(START.getTime() + seconds * 1000);

function decide(keyId: string | undefined, resource: Partial<Resource> = {}, now = START): string {
  const caller: Caller | undefined = keyId === undefined ? undefined : fix.world.lookupKey(keyId)?.caller;
  return fix.authorizer.authorize(callOf(caller, "", { now }), "s3:GetObject", OBJECT, {
    resourceAccount: ACCOUNT,
    resourcePolicies: [],
    context: {},
    ...resource,
  }).verdict;
}

/** Whether the key has that value in the context of a request of the session. */
function has(keyId: string, operator: string, key: string, value: string, now = START): boolean {
  fix.reader.inline.set("read", policy({ ...allow("s3:*"), Condition: { [operator]: { [key]: value } } }));
  return decide(keyId, {}, now) === "allow";
}

describe("context keys of a role session", () => {
  test.each([
    ["ArnEquals", "aws:PrincipalArn", READER],
    ["StringEquals", "aws:PrincipalAccount", ACCOUNT],
    ["StringEquals", "aws:PrincipalType", "AssumedRole"],
    ["StringEquals", "aws:PrincipalTag/team", "x"],
    ["StringEquals", "aws:PrincipalTag/Team", "x"],
    ["StringEquals", "aws:PrincipalTag/floor", "3"],
    ["StringEquals", "aws:SourceIdentity", "ann"],
    ["IpAddress", "aws:SourceIp", "127.0.0.0/8"],
    ["DateEquals", "aws:CurrentTime", START.toISOString()],
    ["NumericEquals", "aws:EpochTime", String(START.getTime() / 1000)],
    ["DateEquals", "aws:TokenIssueTime", START.toISOString()],
    ["Bool", "aws:SecureTransport", "true"],
    ["Bool", "aws:MultiFactorAuthPresent", "true"],
    ["NumericLessThan", "aws:MultiFactorAuthAge", "1"],
    ["Bool", "aws:ViaAWSService", "false"],
    ["StringEquals", "aws:UserAgent", "test"],
    ["StringEquals", "aws:RequestedRegion", "eu-central-1"],
    ["StringEquals", "aws:ResourceAccount", ACCOUNT],
    ["Null", "aws:username", "true"],
    ["Null", "sts:ExternalId", "true"],
  ])("%s %s", async (operator, key, value) => {
    fix.reader.tags = { Team: "of the role", floor: "3" };
    const id = await assume(fix, fix.ann, {
      SourceIdentity: "ann",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "x",
      SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/ann`,
      TokenCode: "123456",
    });
    expect(has(id, operator, key, value)).toBe(true);
  });

  test("aws:userid is role id and session name; the organization's id is there", async () => {
    const id = await assume(fix, fix.ann);
    expect(has(id, "StringEquals", "aws:userid", `${fix.reader.id}:work`)).toBe(true);
    expect(has(id, "StringEquals", "aws:PrincipalOrgID", fix.world.organization.id)).toBe(true);
  });

  test("a lease keeps the age of its MFA", async () => {
    const mfa = { SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/ann`, TokenCode: "123456" };
    const parent = await assume(fix, fix.ann, mfa);
    const answer = await ask(fix, "sts", parent, "GetScopedCredentials", { DurationSeconds: 60 }, later(600));
    const lease = answer.text("AccessKeyId") ?? "";
    expect(has(lease, "NumericGreaterThanEquals", "aws:MultiFactorAuthAge", "600", later(600))).toBe(true);
    expect(has(lease, "DateEquals", "aws:TokenIssueTime", later(600).toISOString(), later(600))).toBe(true);
  });
});

test("keys of temporary credentials are absent for a user's own", () => {
  const user = fix.account.users.get("ann");
  for (const key of ["aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:SourceIdentity"]) {
    user?.inline.set("all", policy({ ...allow("s3:*"), Condition: { Null: { [key]: "true" } } }));
    expect(decide(fix.ann)).toBe("allow");
  }
  user?.inline.set(
    "all",
    policy({ ...allow("s3:*"), Condition: { StringEquals: { "aws:username": "ann" } } }),
  );
  expect(decide(fix.ann)).toBe("allow");
});

describe("resource policies", () => {
  const open = policy({ ...allow("s3:GetObject", "arn:aws:s3:::a/*"), Principal: "*" });

  test("alone decide for anonymous callers", () => {
    expect(decide(undefined)).toBe("implicitDeny");
    expect(decide(undefined, { resourcePolicies: [open] })).toBe("allow");
  });

  test("across accounts both sides must allow", () => {
    const other = addAccount(fix.world, "444455556666");
    const user = addUser(fix.world, other, { name: "cem", created: START.toISOString() });
    const cem = addUserKey(fix.world, user, START.toISOString()).id;
    expect(decide(cem, { resourcePolicies: [open] })).toBe("implicitDeny");
    user.inline.set("read", policy(allow("s3:GetObject")));
    expect(decide(cem, { resourcePolicies: [open] })).toBe("allow");
    expect(decide(cem)).toBe("implicitDeny");
  });

  test("keys of the service are seen, and variables filled in", () => {
    const own = policy({
      ...allow("s3:GetObject", `arn:aws:s3:::a/${["$", "{aws:userid}"].join("")}`),
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/ann` },
      Condition: { Null: { "s3:if-none-match": "false" } },
    });
    const userid = fix.world.lookupKey(fix.ann)?.caller.userid;
    const asked = (arn: string, context: Record<string, string>) =>
      fix.authorizer.authorize(callOf(fix.world.lookupKey(fix.ann)?.caller, ""), "s3:GetObject", arn, {
        resourceAccount: ACCOUNT,
        resourcePolicies: [own],
        context,
      }).verdict;
    expect(asked(`arn:aws:s3:::a/${userid}`, { "s3:if-none-match": "*" })).toBe("allow");
    expect(asked(`arn:aws:s3:::a/${userid}`, {})).toBe("implicitDeny");
    expect(asked("arn:aws:s3:::a/other", { "s3:if-none-match": "*" })).toBe("implicitDeny");
  });
});

test("a refusal says which kind of policy refused", async () => {
  const id = await assume(fix, fix.ann, { Policy: policy(allow("s3:*")) });
  const call = callOf(fix.world.lookupKey(id)?.caller, "");
  const message = (): string => {
    try {
      fix.authorizer.demand(call, "iam:GetRole", READER);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  expect(message()).toContain("because no identity-based policy allows the iam:GetRole action");
  fix.reader.inline.set("read", policy(allow("*")));
  expect(message()).toContain("because no session policy allows the iam:GetRole action");
  fix.reader.inline.set("deny", policy({ Effect: "Deny", Action: "iam:*", Resource: "*" }));
  expect(message()).toContain("with an explicit deny in an identity-based policy");
});
