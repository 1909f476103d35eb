import { beforeEach, expect, test } from "vitest";
import { CI_ISSUER, type CiJob, mintCiToken } from "../../../src/sandbox/issuers.ts";
import { signingKeys, signToken } from "../../../src/sandbox/tokens.ts";
import { ACCOUNT, ask, type Fixture, fixture, policy, READER, START } from "../world-fixture.ts";

const HOST = CI_ISSUER.slice("https://".length);
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${HOST}`;
const JOB: CiJob = {
  repository: "acme/shop",
  ref: "refs/heads/main",
  workflow: "report",
  actor: "ann",
  runId: "7",
};

let fix: Fixture;
beforeEach(() => {
  fix = fixture();
  fix.account.oidcProviders.set(HOST, {
    arn: PROVIDER,
    issuer: CI_ISSUER,
    clientIds: ["sts.amazonaws.com"],
    subjectType: "workload",
  });
  fix.reader.trust = trust(["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]);
});

function trust(Action: readonly string[], claim = "sub", pattern = "repo:acme/shop:*"): string {
  return policy({
    Effect: "Allow",
    Principal: { Federated: PROVIDER },
    Action,
    Condition: { StringLike: { [`${HOST}:${claim}`]: pattern } },
  });
}

const assume = (token: string, more: Record<string, string | number> = {}) =>
  ask(fix, "sts", undefined, "AssumeRoleWithWebIdentity", {
    RoleArn: READER,
    RoleSessionName: "run-7",
    WebIdentityToken: token,
    ...more,
  });

const tokenOf = (job: Partial<CiJob> = {}, audience = "sts.amazonaws.com", at = START) =>
  mintCiToken(fix.world, { ...JOB, ...job }, audience, at);

test("takes tags and source identity from the token, and the subject becomes the origin identity", async () => {
  const answer = await assume(tokenOf({ tags: { "jit:run": "7" }, sourceIdentity: "run-7" }));
  expect(answer.text("Provider")).toBe(PROVIDER);
  expect(answer.text("Audience")).toBe("sts.amazonaws.com");
  expect(answer.text("SourceIdentity")).toBe("run-7");
  const id = answer.text("AccessKeyId") ?? "";
  expect(fix.world.sessions.get(id)).toMatchObject({
    tags: { "jit:run": "7" },
    sourceIdentity: "run-7",
    chained: false,
    origin: { subject: "repo:acme/shop:ref:refs/heads/main", subjectType: "workload", issuer: HOST },
  });
  const ask7 = { "Audience.member.1": "x", SigningAlgorithm: "ES384", SubjectMode: "OriginIdentity" };
  const statement = await ask(fix, "sts", id, "GetWebIdentityToken", { ...ask7, Scope: "read write" });
  expect(statement.code).toBeUndefined();
  const claims = JSON.parse(
    Buffer.from(statement.text("WebIdentityToken")?.split(".")[1] ?? "", "base64url").toString(),
  );
  expect(claims).toMatchObject({
    sub: "repo:acme/shop:ref:refs/heads/main",
    scope: "read write",
    "https://sts.amazonaws.com/": {
      principal_id: READER,
      subject_mode: "OriginIdentity",
      federated_provider: PROVIDER,
    },
  });
});

test.each([
  ["another repository", { repository: "acme/other" }],
  ["tags that the trust policy does not allow", { tags: { a: "b" } }],
  ["a source identity that it does not allow", { sourceIdentity: "run-7" }],
])("is AccessDenied for %s", async (_name, job) => {
  fix.reader.trust = trust(["sts:AssumeRoleWithWebIdentity"]);
  expect((await assume(tokenOf())).code).toBeUndefined();
  const answer = await assume(tokenOf(job));
  expect([answer.code, answer.status]).toEqual(["AccessDenied", 403]);
});

test("further claims can be asked for", async () => {
  fix.reader.trust = trust(["sts:AssumeRoleWithWebIdentity"], "repository", "acme/other");
  expect((await assume(tokenOf())).code).toBe("AccessDenied");
  expect((await assume(tokenOf({ repository: "acme/other" }))).code).toBeUndefined();
});

test.each<[string, () => string, string]>([
  ["no JWT", () => "token", "InvalidIdentityToken"],
  ["another audience", () => tokenOf({}, "somebody"), "InvalidIdentityToken"],
  [
    "an old token",
    () => tokenOf({}, "sts.amazonaws.com", new Date(START.getTime() - 600_000)),
    "ExpiredTokenException",
  ],
  [
    "a token from the future",
    () => tokenOf({}, "sts.amazonaws.com", new Date(START.getTime() + 120_000)),
    "InvalidIdentityToken",
  ],
  [
    "another issuer",
    () =>
      signToken(fix.world.ciKeys, "ES384", {
        iss: "https://other.example",
        aud: "sts.amazonaws.com",
        exp: 9e9,
      }),
    "InvalidIdentityToken",
  ],
  [
    "other keys",
    () => signToken(signingKeys(), "ES384", { iss: CI_ISSUER, aud: "sts.amazonaws.com", exp: 9e9 }),
    "InvalidIdentityToken",
  ],
  ["changed claims", () => changed(tokenOf()), "InvalidIdentityToken"],
  [
    "no expiry",
    () => signToken(fix.world.ciKeys, "ES384", { iss: CI_ISSUER, aud: "sts.amazonaws.com" }),
    "InvalidIdentityToken",
  ],
  ["no signature", () => unsigned(), "InvalidIdentityToken"],
])("refuses %s", async (_name, token, code) => {
  const answer = await assume(token());
  expect([answer.code, answer.status]).toEqual([code, 400]);
});

test("a role that is not there is AccessDenied, and chaining's hour does not hold here", async () => {
  expect((await assume(tokenOf(), { RoleArn: `${READER}s` })).code).toBe("AccessDenied");
  expect((await assume(tokenOf(), { DurationSeconds: 7_200 })).code).toBeUndefined();
  expect((await assume(tokenOf(), { DurationSeconds: 7_201 })).code).toBe("ValidationError");
});

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function changed(token: string): string {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  return [head, encode({ ...claims, actor: "eve" }), signature].join(".");
}

function unsigned(): string {
  return `${encode({ alg: "none" })}.${encode({ iss: CI_ISSUER, aud: "sts.amazonaws.com", exp: 9e9 })}.`;
}
