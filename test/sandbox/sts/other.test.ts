import { beforeEach, describe, expect, test } from "vitest";
import { readToken, signingKeys } from "../../../src/sandbox/tokens.ts";
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
  verdict,
} from "../world-fixture.ts";

let fix: Fixture;
beforeEach(() => {
  fix = fixture();
});

const later = (seconds: number) => new Date(START.getTime() + seconds * 1000);

describe("GetCallerIdentity", () => {
  test("of a user and of a session", async () => {
    const user = await ask(fix, "sts", fix.ann, "GetCallerIdentity");
    expect(user.text("Arn")).toBe(`arn:aws:iam::${ACCOUNT}:user/ann`);
    expect(user.text("UserId")).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(user.text("Account")).toBe(ACCOUNT);
    const session = await ask(fix, "sts", await assume(fix, fix.ann), "GetCallerIdentity");
    expect(session.text("Arn")).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/reader/work`);
  });
});

describe("GetScopedCredentials", () => {
  const LESS = policy(allow("s3:GetObject", "arn:aws:s3:::a/*"));

  test("keeps the identity and narrows", async () => {
    const parent = await assume(fix, fix.ann, {
      SourceIdentity: "ann",
      "Tags.member.1.Key": "jit:request",
      "Tags.member.1.Value": "r1",
    });
    const description = "request r1";
    const answer = await ask(fix, "sts", parent, "GetScopedCredentials", {
      Policy: LESS,
      DurationSeconds: 60,
      ScopedSessionDescription: description,
    });
    expect(answer.text("Arn")).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/reader/work`);
    expect(answer.text("ScopedSessionId")).toBe(`${fix.reader.id}:work`);
    expect(answer.text("SourceIdentity")).toBe("ann");
    expect(answer.text("ScopedPoliciesCount")).toBe("1");
    expect(answer.text("Expiration")).toBe("2026-03-01T10:01:00Z");
    const child = answer.text("AccessKeyId") ?? "";
    const session = fix.world.sessions.get(child);
    expect(session?.tags).toEqual({ "jit:request": "r1" });
    expect(session?.scopedDescription).toBe(description);
    expect(verdict(fix, child, "s3:GetObject", "arn:aws:s3:::a/x")).toBe("allow");
    expect(verdict(fix, child, "s3:GetObject", "arn:aws:s3:::b/x")).toBe("implicitDeny");
    expect(verdict(fix, parent, "s3:GetObject", "arn:aws:s3:::b/x")).toBe("allow");
  });

  test("without a duration it ends with its parent; one second is enough; more than remains is refused", async () => {
    const parent = await assume(fix, fix.ann, { DurationSeconds: 900 });
    const all = await ask(fix, "sts", parent, "GetScopedCredentials", { Policy: LESS }, later(600));
    expect(all.text("Expiration")).toBe("2026-03-01T10:15:00Z");
    const short = await ask(fix, "sts", parent, "GetScopedCredentials", { DurationSeconds: 1 });
    expect(short.text("Expiration")).toBe("2026-03-01T10:00:01Z");
    expect(short.text("ScopedPoliciesCount")).toBe("0");
    const rest = { DurationSeconds: 300 };
    expect((await ask(fix, "sts", parent, "GetScopedCredentials", rest, later(600))).code).toBeUndefined();
    const over = await ask(fix, "sts", parent, "GetScopedCredentials", { DurationSeconds: 301 }, later(600));
    expect([over.code, over.status]).toEqual(["InsufficientSessionLifetime", 400]);
  });

  test("three layers, not four", async () => {
    let key = await assume(fix, fix.ann);
    for (const action of ["s3:*", "s3:Get*", "s3:GetObject"]) {
      const answer = await ask(fix, "sts", key, "GetScopedCredentials", {
        Policy: policy(allow([action, "sts:*"])),
      });
      key = answer.text("AccessKeyId") ?? "";
    }
    expect(fix.world.sessions.get(key)?.scopedPolicies).toBe(3);
    expect((await ask(fix, "sts", key, "GetScopedCredentials", { Policy: LESS })).code).toBe("AccessDenied");
    expect(
      (await ask(fix, "sts", key, "GetScopedCredentials", { DurationSeconds: 60 })).code,
    ).toBeUndefined();
  });

  test.each<[string, Record<string, string | number>, string, number]>([
    ["neither policy nor duration", {}, "ValidationError", 400],
    ["0 seconds", { DurationSeconds: 0 }, "ValidationError", 400],
    ["129,601 seconds", { DurationSeconds: 129_601 }, "ValidationError", 400],
    ["a bad policy", { Policy: "{}" }, "MalformedPolicyDocument", 400],
    ["a long policy", { Policy: " ".repeat(2_049) }, "ValidationError", 400],
    [
      "a long description",
      { DurationSeconds: 9, ScopedSessionDescription: "d".repeat(257) },
      "ValidationError",
      400,
    ],
    ["a long token", { DurationSeconds: 9, MinimumSessionTokenSize: 4_097 }, "ValidationError", 400],
  ])("refuses %s", async (_name, parameters, code, status) => {
    const parent = await assume(fix, fix.ann);
    const answer = await ask(fix, "sts", parent, "GetScopedCredentials", parameters);
    expect([answer.code, answer.status]).toEqual([code, status]);
  });

  test("long-lived keys cannot call it; a session of GetSessionToken can", async () => {
    const none = await ask(fix, "sts", fix.ann, "GetScopedCredentials", { DurationSeconds: 60 });
    expect([none.code, none.status]).toEqual(["AccessDenied", 403]);
    const token = await ask(fix, "sts", fix.ann, "GetSessionToken", { DurationSeconds: 900 });
    const child = await ask(fix, "sts", token.text("AccessKeyId"), "GetScopedCredentials", { Policy: LESS });
    expect(child.text("Arn")).toBe(`arn:aws:iam::${ACCOUNT}:user/ann`);
    const key = child.text("AccessKeyId") ?? "";
    expect(verdict(fix, key, "iam:GetUser", "*")).toBe("implicitDeny");
    expect((await ask(fix, "sts", key, "GetCallerIdentity")).text("UserId")).toMatch(/^AIDA/);
  });

  test("no policy has to allow it, and a deny forbids it", async () => {
    const parent = await assume(fix, fix.ann, { Policy: LESS });
    const narrow = { DurationSeconds: 60 };
    expect((await ask(fix, "sts", parent, "GetScopedCredentials", narrow)).code).toBeUndefined();
    fix.reader.inline.set("revoke", policy({ Effect: "Deny", Action: "*", Resource: "*" }));
    expect((await ask(fix, "sts", parent, "GetScopedCredentials", narrow)).code).toBe("AccessDenied");
  });

  test("a minimum token size is met", async () => {
    const parent = await assume(fix, fix.ann);
    const answer = await ask(fix, "sts", parent, "GetScopedCredentials", {
      DurationSeconds: 60,
      MinimumSessionTokenSize: 2_000,
    });
    expect(answer.text("SessionToken")?.length).toBe(2_000);
    expect(answer.text("SessionTokenSize")).toBe("2000");
  });
});

describe("GetSessionToken", () => {
  test("IAM only with MFA, of STS only some actions", async () => {
    const plain = (await ask(fix, "sts", fix.ann, "GetSessionToken")).text("AccessKeyId") ?? "";
    const mfa = { SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/ann`, TokenCode: "123456" };
    const strong = (await ask(fix, "sts", fix.ann, "GetSessionToken", mfa)).text("AccessKeyId") ?? "";
    expect(verdict(fix, plain, "iam:GetUser", "*")).toBe("implicitDeny");
    expect(verdict(fix, strong, "iam:GetUser", "*")).toBe("allow");
    expect(verdict(fix, strong, "sts:GetWebIdentityToken", "*")).toBe("implicitDeny");
    expect((await ask(fix, "sts", plain, "GetSessionToken")).code).toBe("AccessDenied");
    // A role session from there is not a chained one, so the role's own maximum holds.
    const role = await assume(fix, strong, { DurationSeconds: 7_200 });
    expect(fix.world.sessions.get(role)).toMatchObject({ chained: false, mfa: true });
  });
});

describe("GetWebIdentityToken", () => {
  const ASK = { "Audience.member.1": "thumbprint", SigningAlgorithm: "ES384" };

  const claimsOf = (token: string | undefined) => readToken(token ?? "")?.claims ?? {};

  test.each(["RS256", "ES384"])("is signed with %s by a published key", async (algorithm) => {
    const answer = await ask(fix, "sts", fix.ann, "GetWebIdentityToken", {
      ...ASK,
      SigningAlgorithm: algorithm,
    });
    const token = readToken(answer.text("WebIdentityToken") ?? "");
    expect(token?.signedBy(fix.world.stsKeys)).toBe(true);
    expect(token?.signedBy(signingKeys())).toBe(false);
    expect(answer.text("Expiration")).toBe("2026-03-01T10:05:00Z");
  });

  test("claims of a session: the role as subject, the person in AWS's own claims", async () => {
    const session = await assume(fix, fix.ann, {
      SourceIdentity: "ann",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "x",
    });
    const answer = await ask(fix, "sts", session, "GetWebIdentityToken", {
      ...ASK,
      "Tags.member.1.Key": "mine",
      "Tags.member.1.Value": "word",
    });
    const { jti, ...claims } = claimsOf(answer.text("WebIdentityToken"));
    expect(jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    expect(claims).toEqual({
      iss: "http://127.0.0.1:4566",
      sub: READER,
      aud: "thumbprint",
      iat: START.getTime() / 1000,
      exp: START.getTime() / 1000 + 300,
      "https://sts.amazonaws.com/": {
        aws_account: ACCOUNT,
        source_region: "eu-central-1",
        org_id: fix.world.organization.id,
        ou_path: [fix.world.organization.path],
        principal_id: READER,
        original_session_exp: "2026-03-01T11:00:00Z",
        source_identity: "ann",
        principal_tags: { team: "x" },
        request_tags: { mine: "word" },
      },
    });
  });

  test.each<[string, Record<string, string | number>, string, number]>([
    ["no audience", { "Audience.member.1": "" }, "ValidationError", 400],
    ["another algorithm", { SigningAlgorithm: "HS256" }, "ValidationError", 400],
    ["59 seconds", { DurationSeconds: 59 }, "ValidationError", 400],
    ["3,601 seconds", { DurationSeconds: 3_601 }, "ValidationError", 400],
    ["another subject mode", { SubjectMode: "Me" }, "ValidationError", 400],
    ["an origin identity where there is none", { SubjectMode: "OriginIdentity" }, "ValidationError", 400],
    ["a scope for the AWS identity", { Scope: "read" }, "ValidationError", 400],
  ])("refuses %s", async (_name, parameters, code, status) => {
    const answer = await ask(fix, "sts", fix.ann, "GetWebIdentityToken", { ...ASK, ...parameters });
    expect([answer.code, answer.status]).toEqual([code, status]);
  });

  test("needs the account's opt-in, the permission, and that the session lasts as long", async () => {
    const session = await assume(fix, fix.ann, { DurationSeconds: 900 });
    const over = await ask(fix, "sts", session, "GetWebIdentityToken", { ...ASK, DurationSeconds: 901 });
    expect([over.code, over.status]).toEqual(["SessionDurationEscalationException", 403]);
    fix.reader.inline.clear();
    expect((await ask(fix, "sts", session, "GetWebIdentityToken", ASK)).code).toBe("AccessDenied");
    fix.account.outboundFederation = false;
    const off = await ask(fix, "sts", fix.ann, "GetWebIdentityToken", ASK);
    expect([off.code, off.status]).toEqual(["OutboundWebIdentityFederationDisabledException", 403]);
  });

  test("policies can bind the audience", async () => {
    const condition = { "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": "other" } };
    fix.account.users.get("ann")?.inline.set("all", policy({ ...allow("sts:*"), Condition: condition }));
    expect((await ask(fix, "sts", fix.ann, "GetWebIdentityToken", ASK)).code).toBe("AccessDenied");
    const other = { ...ASK, "Audience.member.1": "other" };
    expect((await ask(fix, "sts", fix.ann, "GetWebIdentityToken", other)).code).toBeUndefined();
  });
});

test("DecodeAuthorizationMessage has AWS's error for a message that is none", async () => {
  const answer = await ask(fix, "sts", fix.ann, "DecodeAuthorizationMessage", { EncodedMessage: "x" });
  expect([answer.code, answer.status]).toEqual(["InvalidAuthorizationMessageException", 400]);
});
