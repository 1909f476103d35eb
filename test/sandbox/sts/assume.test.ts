import { beforeEach, describe, expect, test } from "vitest";
import { addRole, addUser, addUserKey } from "../../../src/sandbox/iam/entities.ts";
import { addAccount } from "../../../src/sandbox/world.ts";
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

/** `${name}`, a policy variable. */
const variable = (name: string) => ["$", "{", name, "}"].join("");
const BASE = { RoleArn: READER, RoleSessionName: "work" };
const later = (seconds: number) => new Date(START.getTime() + seconds * 1000);

describe("AssumeRole", () => {
  test("answers keys, the assumed role and an expiry in whole seconds", async () => {
    const answer = await ask(fix, "sts", fix.ann, "AssumeRole", { ...BASE, DurationSeconds: 900 });
    expect(answer.status).toBe(200);
    expect(answer.text("Expiration")).toBe("2026-03-01T10:15:00Z");
    expect(answer.text("AssumedRoleId")).toBe(`${fix.reader.id}:work`);
    expect(answer.text("Arn")).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/reader/work`);
    const key = fix.world.lookupKey(answer.text("AccessKeyId") ?? "");
    expect(key?.secretAccessKey).toBe(answer.text("SecretAccessKey"));
    expect(key?.sessionToken).toBe(answer.text("SessionToken"));
    expect(key?.expiration).toEqual(later(900));
    expect(answer.body).toContain('<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">');
    expect(answer.body).toMatch(/<ResponseMetadata><RequestId>[^<]+<\/RequestId><\/ResponseMetadata>/);
  });

  const GRAMMAR: readonly (readonly [string, Record<string, string | number>, string])[] = [
    ["no role", { RoleArn: "" }, "ValidationError"],
    ["a role's name in place of its ARN", { RoleArn: "reader-of-everything-there-is" }, "ValidationError"],
    ["one character of session name", { RoleSessionName: "w" }, "ValidationError"],
    ["65 characters of session name", { RoleSessionName: "w".repeat(65) }, "ValidationError"],
    ["a space in the session name", { RoleSessionName: "my work" }, "ValidationError"],
    ["899 seconds", { DurationSeconds: 899 }, "ValidationError"],
    ["43,201 seconds", { DurationSeconds: 43_201 }, "ValidationError"],
    ["more than the role's maximum", { DurationSeconds: 7_201 }, "ValidationError"],
    ["no number of seconds", { DurationSeconds: "soon" }, "MalformedInput"],
    ["a source identity with a colon", { SourceIdentity: "aws:ann" }, "ValidationError"],
    ["one character of source identity", { SourceIdentity: "a" }, "ValidationError"],
    ["2,049 characters of policy", { Policy: " ".repeat(2049) }, "ValidationError"],
    ["a character beyond U+00FF in the policy", { Policy: '{"Version":"\u0100"}' }, "ValidationError"],
    ["a policy that is no JSON", { Policy: "{" }, "MalformedPolicyDocument"],
    [
      "a principal in the session policy",
      { Policy: policy({ ...allow("s3:*"), Principal: "*" }) },
      "MalformedPolicyDocument",
    ],
    [
      "a managed policy that is not there",
      { "PolicyArns.member.1.arn": `arn:aws:iam::${ACCOUNT}:policy/none` },
      "InvalidParameterValue",
    ],
    ["an empty tag key", { "Tags.member.1.Key": "", "Tags.member.1.Value": "x" }, "ValidationError"],
    ["a tag key too long", { "Tags.member.1.Key": "k".repeat(129) }, "ValidationError"],
    [
      "a tag value too long",
      { "Tags.member.1.Key": "k", "Tags.member.1.Value": "v".repeat(257) },
      "ValidationError",
    ],
    [
      "a tag value with other characters",
      { "Tags.member.1.Key": "k", "Tags.member.1.Value": "why?" },
      "ValidationError",
    ],
    ["a reserved tag key", { "Tags.member.1.Key": "aws:x", "Tags.member.1.Value": "v" }, "ValidationError"],
    [
      "one tag key twice in two cases",
      {
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "a",
        "Tags.member.2.Key": "Team",
        "Tags.member.2.Value": "b",
      },
      "InvalidParameterValue",
    ],
    ["51 tags", tags(51), "ValidationError"],
    ["a transitive key that is no tag", { "TransitiveTagKeys.member.1": "team" }, "InvalidParameterValue"],
    ["an MFA code without its device", { TokenCode: "123456" }, "ValidationError"],
    ["tags too large to pack", randomTags(30), "PackedPolicyTooLarge"],
  ];
  test.each(GRAMMAR)("refuses %s", async (_name, parameters, code) => {
    const answer = await ask(fix, "sts", fix.ann, "AssumeRole", { ...BASE, ...parameters });
    expect([answer.code, answer.status]).toEqual([code, 400]);
    expect(fix.world.sessions.size).toBe(0);
  });

  test("50 tags and a policy of 2,048 characters are allowed", async () => {
    const text = policy(allow("s3:GetObject")).padEnd(2_048);
    const answer = await ask(fix, "sts", fix.ann, "AssumeRole", { ...BASE, ...tags(50), Policy: text });
    expect(answer.code).toBeUndefined();
    const size = Number(answer.text("PackedPolicySize"));
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(100);
  });

  test("a stranger learns nothing: a missing role and a closed one are the same AccessDenied", async () => {
    fix.reader.trust = trustAccount("999900001111");
    const closed = await ask(fix, "sts", fix.ann, "AssumeRole", BASE);
    const missing = await ask(fix, "sts", fix.ann, "AssumeRole", { ...BASE, RoleArn: `${READER}s` });
    expect([closed.code, closed.status]).toEqual(["AccessDenied", 403]);
    expect([missing.code, missing.status]).toEqual(["AccessDenied", 403]);
    expect(missing.message.replaceAll("readers", "reader")).toBe(closed.message);
    expect(closed.message).toBe(
      `User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${READER}`,
    );
  });

  test("unsigned is MissingAuthenticationToken; an unknown action InvalidAction", async () => {
    const unsigned = await ask(fix, "sts", undefined, "AssumeRole", BASE);
    expect([unsigned.code, unsigned.status]).toEqual(["MissingAuthenticationToken", 403]);
    const unknown = await ask(fix, "sts", fix.ann, "AssumeEverything");
    expect([unknown.code, unknown.status]).toEqual(["InvalidAction", 400]);
    const inherited = await ask(fix, "sts", fix.ann, "toString");
    expect(inherited.code).toBe("InvalidAction");
  });
});

describe("who may assume", () => {
  test("the account in the trust policy needs the identity policy beside it, the user does not", async () => {
    const user = addUser(fix.world, fix.account, { name: "ben", created: START.toISOString() });
    const ben = addUserKey(fix.world, user, START.toISOString()).id;
    expect((await ask(fix, "sts", ben, "AssumeRole", BASE)).code).toBe("AccessDenied");
    fix.reader.trust = policy({ Effect: "Allow", Principal: { AWS: user.arn }, Action: "sts:AssumeRole" });
    expect((await ask(fix, "sts", ben, "AssumeRole", BASE)).code).toBeUndefined();
  });

  test("across accounts both sides must allow", async () => {
    const other = addAccount(fix.world, "444455556666");
    const user = addUser(fix.world, other, { name: "cem", created: START.toISOString() });
    const cem = addUserKey(fix.world, user, START.toISOString()).id;
    fix.reader.trust = policy({ Effect: "Allow", Principal: { AWS: user.arn }, Action: "sts:AssumeRole" });
    expect((await ask(fix, "sts", cem, "AssumeRole", BASE)).code).toBe("AccessDenied");
    user.inline.set("assume", policy(allow("sts:AssumeRole", READER)));
    expect((await ask(fix, "sts", cem, "AssumeRole", BASE)).code).toBeUndefined();
  });

  test.each([
    ["sts:TagSession", { "Tags.member.1.Key": "team", "Tags.member.1.Value": "x" }],
    ["sts:SetSourceIdentity", { SourceIdentity: "ann" }],
  ])("%s is asked for beside sts:AssumeRole", async (action, parameters) => {
    const principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    fix.reader.trust = policy({ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" });
    expect((await ask(fix, "sts", fix.ann, "AssumeRole", BASE)).code).toBeUndefined();
    const answer = await ask(fix, "sts", fix.ann, "AssumeRole", { ...BASE, ...parameters });
    expect(answer.code).toBe("AccessDenied");
    expect(answer.message).toContain(action);
  });

  const CONDITIONS: readonly (readonly [string, object, Record<string, string>])[] = [
    ["sts:RoleSessionName", { StringLike: { "sts:RoleSessionName": "jit-*" } }, { RoleSessionName: "jit-1" }],
    [
      "sts:SourceIdentity",
      { StringEquals: { "sts:SourceIdentity": variable("aws:username") } },
      { SourceIdentity: "ann" },
    ],
    [
      "aws:RequestTag",
      { StringLike: { "aws:RequestTag/jit:request": "?*" } },
      { "Tags.member.1.Key": "jit:request", "Tags.member.1.Value": "r1" },
    ],
    [
      "aws:TagKeys",
      { "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] }, Null: { "aws:TagKeys": "false" } },
      { "Tags.member.1.Key": "a", "Tags.member.1.Value": "r1" },
    ],
    ["sts:ExternalId", { StringEquals: { "sts:ExternalId": "x-7" } }, { ExternalId: "x-7" }],
    [
      "aws:MultiFactorAuthPresent",
      { Bool: { "aws:MultiFactorAuthPresent": "true" } },
      { SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/ann`, TokenCode: "123456" },
    ],
  ];
  test.each(CONDITIONS)("a trust policy can ask for %s", async (_key, condition, parameters) => {
    fix.reader.trust = trustAccount(ACCOUNT, condition);
    expect((await ask(fix, "sts", fix.ann, "AssumeRole", BASE)).code).toBe("AccessDenied");
    expect((await ask(fix, "sts", fix.ann, "AssumeRole", { ...BASE, ...parameters })).code).toBeUndefined();
  });
});

describe("role chaining", () => {
  test("is capped at an hour, whatever the role allows", async () => {
    const first = await assume(fix, fix.ann, { DurationSeconds: 7_200 });
    const over = await ask(fix, "sts", first, "AssumeRole", { ...BASE, DurationSeconds: 3_601 });
    expect([over.code, over.status]).toEqual(["ValidationError", 400]);
    const chained = await assume(fix, first, { DurationSeconds: 3_600 });
    expect(fix.world.sessions.get(chained)?.chained).toBe(true);
  });

  test("source identity goes along and cannot be changed", async () => {
    const first = await assume(fix, fix.ann, { SourceIdentity: "ann" });
    expect((await ask(fix, "sts", first, "AssumeRole", { ...BASE, SourceIdentity: "eve" })).code).toBe(
      "ValidationError",
    );
    const second = await assume(fix, first, {});
    expect(fix.world.sessions.get(second)?.sourceIdentity).toBe("ann");
  });

  test("transitive tags go along and cannot be overridden, the others stay behind", async () => {
    const first = await assume(fix, fix.ann, {
      "Tags.member.1.Key": "jit:request",
      "Tags.member.1.Value": "r1",
      "Tags.member.2.Key": "team",
      "Tags.member.2.Value": "x",
      "TransitiveTagKeys.member.1": "jit:request",
    });
    const again = { "Tags.member.1.Key": "JIT:request", "Tags.member.1.Value": "r2" };
    expect((await ask(fix, "sts", first, "AssumeRole", { ...BASE, ...again })).code).toBe(
      "InvalidParameterValue",
    );
    const second = await assume(fix, first, {});
    expect(fix.world.sessions.get(second)?.tags).toEqual({ "jit:request": "r1" });
  });
});

describe("what a session may", () => {
  test("is the role's policies and the session policy's at once", async () => {
    const id = await assume(fix, fix.ann, {
      Policy: policy(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*")),
    });
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::a/x")).toBe("allow");
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::b/x")).toBe("implicitDeny");
    expect(verdict(fix, id, "s3:PutObject", "arn:aws:s3:::a/x")).toBe("implicitDeny");
  });

  test("ends at the minute of a deny on aws:CurrentTime", async () => {
    const until = later(120).toISOString();
    const end = {
      Effect: "Deny",
      Action: "*",
      Resource: "*",
      Condition: { DateGreaterThan: { "aws:CurrentTime": until } },
    };
    const id = await assume(fix, fix.ann, { Policy: policy(allow("s3:GetObject"), end) });
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::a/x", later(120))).toBe("allow");
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::a/x", later(121))).toBe("explicitDeny");
  });

  test("is bounded by the role's permissions boundary, and a missing boundary allows nothing", async () => {
    const id = await assume(fix, fix.ann);
    fix.reader.boundary = `arn:aws:iam::${ACCOUNT}:policy/gone`;
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::a/x")).toBe("implicitDeny");
  });

  test("a deny on aws:userid ends one session at once, one on aws:TokenIssueTime all older ones", async () => {
    const one = await assume(fix, fix.ann, { RoleSessionName: "jit-1" });
    const two = await assume(fix, fix.ann, { RoleSessionName: "jit-2" });
    const deny = (condition: object) =>
      policy({ Effect: "Deny", Action: "*", Resource: "*", Condition: condition });
    fix.reader.inline.set("revoke", deny({ StringEquals: { "aws:userid": `${fix.reader.id}:jit-1` } }));
    expect(verdict(fix, one, "s3:GetObject", "arn:aws:s3:::a/x")).toBe("explicitDeny");
    expect(verdict(fix, two, "s3:GetObject", "arn:aws:s3:::a/x")).toBe("allow");
    fix.reader.inline.set(
      "revoke",
      deny({ DateLessThan: { "aws:TokenIssueTime": later(60).toISOString() } }),
    );
    expect(verdict(fix, two, "s3:GetObject", "arn:aws:s3:::a/x", later(61))).toBe("explicitDeny");
    const three = await assume(fix, fix.ann, { RoleSessionName: "jit-3" }, later(62));
    expect(verdict(fix, three, "s3:GetObject", "arn:aws:s3:::a/x", later(63))).toBe("allow");
    // GetCallerIdentity answers in spite of an explicit deny.
    expect((await ask(fix, "sts", one, "GetCallerIdentity")).text("UserId")).toBe(`${fix.reader.id}:jit-1`);
  });

  test("managed session policies and the inline one add up", async () => {
    const managed = addManaged(policy({ Sid: "A", ...allow("s3:GetObject", "arn:aws:s3:::b/*") }));
    const id = await assume(fix, fix.ann, {
      Policy: policy({ Sid: "A", ...allow("s3:GetObject", "arn:aws:s3:::a/*") }),
      "PolicyArns.member.1.arn": managed,
    });
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::a/x")).toBe("allow");
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::b/x")).toBe("allow");
    expect(verdict(fix, id, "s3:GetObject", "arn:aws:s3:::c/x")).toBe("implicitDeny");
  });

  test("the keys of a deleted role are unknown, also when a new one has its name", async () => {
    const id = await assume(fix, fix.ann);
    fix.account.roles.delete("reader");
    expect(fix.world.lookupKey(id)).toBeUndefined();
    addRole(fix.world, fix.account, { name: "reader", created: START.toISOString(), trust: trustAccount() });
    expect(fix.world.lookupKey(id)).toBeUndefined();
  });
});

function addManaged(document: string): string {
  const arn = `arn:aws:iam::${ACCOUNT}:policy/extra`;
  fix.account.policies.set(arn, {
    name: "extra",
    path: "/",
    id: "ANPAEXTRA",
    arn,
    created: START.toISOString(),
    description: undefined,
    versions: [{ id: "v1", document, created: START.toISOString() }],
    defaultVersion: "v1",
  });
  return arn;
}

function tags(count: number): Record<string, string> {
  const entries = Array.from({ length: count }, (_, index) => [
    [`Tags.member.${index + 1}.Key`, `key${index}`],
    [`Tags.member.${index + 1}.Value`, "same"],
  ]);
  return Object.fromEntries(entries.flat());
}

/** Tags that do not compress. */
function randomTags(count: number): Record<string, string> {
  const world = fixture().world;
  const entries = Array.from({ length: count }, (_, index) => [
    [`Tags.member.${index + 1}.Key`, `key${index}`],
    [`Tags.member.${index + 1}.Value`, Buffer.from(world.random(96)).toString("base64")],
  ]);
  return Object.fromEntries(entries.flat());
}
