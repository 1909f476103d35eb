import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attestedBy, believedAttested, judgeAttested } from "../../src/audit/attested.ts";
import { tellStory } from "../../src/audit/story.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { identityOf, log, requestBody, start, testWriter, time } from "./writer.ts";

const aws = "https://abc123.tokens.sts.global.api.aws";
const ci = "https://token.actions.githubusercontent.com";
const keys = new Map(
  [aws, ci].map((issuer) => [issuer, generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey]),
);
const issuers = [...keys].map(([issuer, key]) => ({
  issuer,
  keys: [{ ...createPublicKey(key).export({ format: "jwk" }), kid: "k" } as Record<string, string>],
}));
const thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const bearer = { thumbprint, by: identityOf("alice"), at: time(start) };
const seconds = Math.floor(start.getTime() / 1000);
const role = "arn:aws:iam::111111111111:role/team/Developer";
const namespace = "https://sts.amazonaws.com/";

function token(issuer: string, claims: object, signer = issuer): string {
  const key = keys.get(signer);
  if (key === undefined) throw new Error(`no key of ${signer}`);
  const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = { iss: issuer, aud: thumbprint, iat: seconds - 10, exp: seconds + 890, ...claims };
  const input = `${b64({ alg: "ES384", kid: "k", typ: "JWT" })}.${b64(body)}`;
  const signature = sign("sha384", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

const statement = (more: object = {}, claims: object = {}) =>
  token(aws, {
    sub: role,
    [namespace]: { aws_account: "111111111111", principal_id: role, ...more },
    ...claims,
  });
const job = (claims: object = {}) =>
  token(ci, {
    repository: "acme/shop",
    ref: "refs/heads/main",
    environment: "production",
    run_id: "7",
    ...claims,
  });

const person = {
  source_identity: "alice",
  identity_store_user_id: "90677268-1071",
  principal_tags: { team: "support", "cost center": "x", evil: "a\u202eb" },
  request_tags: { team: "admins" },
};

const judge = (attested: Readonly<Record<string, string>>, change: object = {}) =>
  judgeAttested(attested, { ...bearer, ...change }, issuers);

describe("what AWS and a CI service signed", () => {
  test("goes into the record with its proof, without the caller's own words and what no record holds", () => {
    const attested = attestedBy({ aws: statement(person), ci: job() }, bearer, issuers);
    const { "proof.aws.1": first, "proof.ci.1": second, ...values } = attested;
    expect(values).toEqual({
      account: "111111111111",
      sourceIdentity: "alice",
      "identityCenter.userId": "90677268-1071",
      "tag.team": "support",
      "ci.provider": "GitHub Actions",
      "ci.issuer": ci,
      "ci.repository": "acme/shop",
      "ci.ref": "refs/heads/main",
      "ci.environment": "production",
      "ci.run": "7",
    });
    expect([first?.split(".").length, second?.split(".").length]).toEqual([3, 3]);
    expect(judge(attested)).toBe("proven");
    expect(believedAttested(attested, bearer, issuers)).toEqual(attested);
  });

  test("a long token stands in parts, and fits a record", async () => {
    const tags = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`tag-${n}`, "v".repeat(100)]));
    const attested = attestedBy({ aws: statement({ principal_tags: tags }), ci: job() }, bearer, issuers);
    expect(Object.keys(attested).filter((name) => name.startsWith("proof.aws.")).length).toBeGreaterThan(2);
    expect(Object.keys(attested).length).toBeLessThanOrEqual(64);
    expect(judge(attested)).toBe("proven");
    const writer = testWriter(new MemoryRecordStore(), "alice");
    await writer.append({ type: "request", body: () => ({ ...requestBody, attested }) });
  });

  test("is for several keys of one machine where its audience is a list", () => {
    const attested = attestedBy(
      { aws: statement({}, { aud: [other, thumbprint] }), ci: undefined },
      bearer,
      issuers,
    );
    expect(judge(attested)).toBe("proven");
  });

  test.each<[string, string]>([
    ["another key's", statement({}, { aud: other })],
    ["an audience that only begins alike", statement({}, { aud: `${thumbprint}x` })],
    ["another role's", statement({ principal_id: role.replace("Developer", "Admin") })],
    ["another account's", statement({ aws_account: "222222222222" })],
    ["too old", statement({}, { iat: seconds - 2000, exp: seconds - 1000 })],
    ["of the future", statement({}, { iat: seconds + 1000 })],
    [
      "signed by another",
      token(aws, { [namespace]: { aws_account: "111111111111", principal_id: role } }, ci),
    ],
    ["of an issuer that nobody named", token("https://evil.example", {}, ci)],
    ["a CI service's", job()],
    ["no token", "hello"],
    ["too long", "a".repeat(20_000)],
  ])("%s statement attests nothing", (_what, text) => {
    expect(attestedBy({ aws: text, ci: undefined }, bearer, issuers)).toEqual({});
  });

  test("a statement of AWS is no pipeline's token", () => {
    expect(
      attestedBy({ aws: undefined, ci: statement({}, { repository: "acme/shop" }) }, bearer, issuers),
    ).toEqual({});
  });
});

describe("a record's word", () => {
  const good = attestedBy({ aws: statement(person), ci: job() }, bearer, issuers);

  test.each<[string, Record<string, string>, string]>([
    ["nothing", {}, "none"],
    ["values without a proof", { account: "111111111111" }, "unproven"],
    ["a proof of nothing", { "proof.aws.1": "e30.e30.AA" }, "untrusted issuer"],
    ["one value more", { ...good, mfa: "true" }, "invalid"],
    ["another value", { ...good, "tag.team": "admins" }, "invalid"],
    ["a proof in two spellings", { ...good, "proof.aws.2": "" }, "invalid"],
    ["a proof cut short", { ...good, "proof.ci.1": (good["proof.ci.1"] ?? "").slice(0, -4) }, "invalid"],
  ])("%s", (_what, attested, verdict) => {
    expect(judge(attested)).toBe(verdict === "untrusted issuer" ? "unproven" : verdict);
    expect(believedAttested(attested, bearer, issuers)).toEqual({});
  });

  test("one value less is caught", () => {
    for (const name of Object.keys(good).filter((one) => !one.startsWith("proof."))) {
      const { [name]: _gone, ...rest } = good;
      expect(judge(rest)).toBe("invalid");
    }
  });

  test("another's proof, copied out of the log, proves nothing", () => {
    expect(judge(good, { thumbprint: other })).toBe("invalid");
    const bob = { ...identityOf("bob"), account: "222222222222", arn: "arn:aws:iam::222222222222:user/bob" };
    expect(judge(good, { by: bob })).toBe("invalid");
    expect(judge(good, { at: time(new Date(start.getTime() + 86_400_000)) })).toBe("invalid");
  });

  test("whatever stands there is judged, and only the very members are believed", () => {
    const value = fc.oneof(fc.string(), fc.constantFrom(...Object.values(good)));
    const name = fc.oneof(fc.string(), fc.constantFrom(...Object.keys(good)));
    fc.assert(
      fc.property(fc.dictionary(name, value), (attested) => {
        const verdict = judge(attested);
        expect(verdict === "proven").toBe(
          JSON.stringify(Object.entries(attested).sort()) === JSON.stringify(Object.entries(good).sort()),
        );
      }),
    );
  });
});

test("the log's verifier and a story tell what is proven, only said, or false", async () => {
  const trust = { tokenIssuers: issuers, refusePathOnly: false };
  const store = new MemoryRecordStore(() => start);
  const writer = testWriter(store, "alice");
  const { thumbprint: own } = writer.signer;
  const proven = attestedBy(
    { aws: statement({}, { aud: own }), ci: undefined },
    { ...bearer, thumbprint: own },
    issuers,
  );
  const requests: string[] = [];
  for (const attested of [proven, { account: "111111111111" }, { ...proven, mfa: "true" }]) {
    const { record } = await writer.append({ type: "request", body: () => ({ ...requestBody, attested }) });
    requests.push(record.request);
  }
  const { findings } = await verifyLog(store, { log, trust });
  expect(findings.map(({ code, severity }) => [code, severity]).sort()).toEqual([
    ["ATTESTED_INVALID", "invalid"],
    ["ATTESTED_UNPROVEN", "notice"],
  ]);
  const stories = await Promise.all(
    requests.map((request) => tellStory(store, request, { log, trust, now: start })),
  );
  expect(stories.map(({ entries }) => entries[0]?.reason)).toEqual([
    undefined,
    undefined,
    "ATTESTED_INVALID",
  ]);
  expect(
    stories.map((story) => story.findings.map(({ code }) => code).includes("ATTESTED_UNPROVEN")),
  ).toEqual([false, true, false]);
});
