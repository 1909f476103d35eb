import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeStatement } from "../../src/audit/statement.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import { MemoryRecordStore } from "../support/memory-record-store.ts";
import { identityOf, log, start, testWriter, time } from "./writer.ts";

const issuer = "https://abc123.tokens.sts.global.api.aws";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
const jwkOf = (key: KeyObject, kid: string) =>
  ({ ...createPublicKey(key).export({ format: "jwk" }), kid }) as Record<string, string>;
const issuers = [{ issuer, keys: [jwkOf(rsa, "rsa"), jwkOf(ec, "ec"), jwkOf(small, "small")] }];
const thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const by = identityOf("alice");
const seconds = Math.floor(start.getTime() / 1000);
const role = "arn:aws:iam::111111111111:role/team/Developer";

const claims = (audience: string, change: object = {}) => ({
  iss: issuer,
  sub: role,
  aud: audience,
  iat: seconds - 10,
  exp: seconds + 290,
  "https://sts.amazonaws.com/": { aws_account: "111111111111", principal_id: role },
  ...change,
});
const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
function token(body: object, head: object = { alg: "RS256", kid: "rsa", typ: "JWT" }, key = rsa): string {
  const input = `${b64(head)}.${b64(body)}`;
  const hash = JSON.stringify(head).includes("ES384") ? "sha384" : "sha256";
  return `${input}.${sign(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}
const judge = (statement: string, identity = by) =>
  judgeStatement(statement, { thumbprint, by: identity, at: time(start) }, issuers);

describe("AWS's signed statement", () => {
  test("by RSA, by P-384, for a role and for a user", () => {
    expect(judge(token(claims(thumbprint)))).toBe("attested");
    expect(judge(token(claims(thumbprint, { aud: [thumbprint] })))).toBe("attested");
    expect(judge(token(claims(thumbprint), { alg: "ES384", kid: "ec" }, ec))).toBe("attested");
    const aws = { "https://sts.amazonaws.com/": { aws_account: "111111111111" } };
    expect(judge(token(claims(thumbprint, aws)))).toBe("attested");
    const user = {
      arn: "arn:aws:iam::111111111111:user/alice",
      userid: "AIDAEXAMPLEEXAMPLE12",
      account: "111111111111",
    };
    expect(judge(token(claims(thumbprint, { sub: user.arn, ...aws })), user)).toBe("attested");
  });

  test("absent, or of an issuer that nobody trusts", () => {
    expect(judge("-")).toBe("absent");
    expect(judge(token(claims(thumbprint, { iss: "https://evil.example" })))).toBe("untrusted issuer");
  });

  const aws = (change: object) => ({
    "https://sts.amazonaws.com/": { aws_account: "111111111111", principal_id: role, ...change },
  });
  test.each<[string, string]>([
    ["for another key", token(claims("another"))],
    ["for two audiences", token(claims(thumbprint, { aud: [thumbprint, "another"] }))],
    ["of another account", token(claims(thumbprint, aws({ aws_account: "999999999999" })))],
    ["of another role", token(claims(thumbprint, aws({ principal_id: role.replace("Developer", "Admin") })))],
    [
      "of a role of another account",
      token(claims(thumbprint, aws({ principal_id: role.replace("1111", "9999") }))),
    ],
    [
      "of a role in another partition",
      token(claims(thumbprint, aws({ principal_id: role.replace("aws", "aws-cn") }))),
    ],
    [
      "of a user",
      token(claims(thumbprint, aws({ principal_id: "arn:aws:iam::111111111111:user/Developer" }))),
    ],
    ["without AWS's claims", token(claims(thumbprint, { "https://sts.amazonaws.com/": "x" }))],
    [
      "with the person only in the subject",
      token(claims(thumbprint, { ...aws({ principal_id: undefined }), sub: "user@example.com" })),
    ],
    ["long lapsed", token(claims(thumbprint, { iat: seconds - 900, exp: seconds - 301 }))],
    ["not yet issued", token(claims(thumbprint, { iat: seconds + 301, exp: seconds + 600 }))],
    ["without times", token(claims(thumbprint, { iat: undefined }))],
    ["by a key of another name", token(claims(thumbprint), { alg: "RS256", kid: "ec" })],
    ["without a key's name", token(claims(thumbprint), { alg: "RS256" })],
    ["by a key of another type", token(claims(thumbprint), { alg: "ES384", kid: "rsa" })],
    ["by a key of 1024 bits", token(claims(thumbprint), { alg: "RS256", kid: "small" }, small)],
    ["by nobody", token(claims(thumbprint), { alg: "none", kid: "rsa" })],
    ["by another key", token(claims(thumbprint), undefined, small)],
    ["with critical extensions", token(claims(thumbprint), { alg: "RS256", kid: "rsa", crit: ["x"] })],
    ["with padding", `${token(claims(thumbprint))}=`],
    ["cut short", token(claims(thumbprint)).slice(0, -4)],
    ["of no JSON", "YQ.YQ.YQ"],
  ])("%s is invalid", (_, statement) => {
    expect(judge(statement)).toBe("invalid");
  });

  test("whatever the text, there is a verdict", () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), fc.json(), (text, head, body) => {
        const made = [head, body].map((part) => Buffer.from(part).toString("base64url")).join(".");
        expect(["invalid", "absent"]).toContain(judge(text));
        expect(["invalid", "untrusted issuer"]).toContain(judge(`${made}.AA`));
      }),
    );
  });
});

describe("grades", () => {
  const report = async (statement: string | undefined, refusePathOnly: boolean) => {
    const store = new MemoryRecordStore(() => start);
    const alice = testWriter(store, "alice", {
      statement: async (audience) => (statement === undefined ? token(claims(audience)) : statement),
    });
    await alice.request();
    return verifyLog(store, { log, trust: { tokenIssuers: issuers, refusePathOnly } });
  };

  test("attested by AWS", async () => {
    expect(await report(undefined, true)).toMatchObject({
      ok: true,
      byGrade: { attested: 2, "path only": 0 },
    });
  });

  test.each<[string, string, boolean, string[]]>([
    ["no statement", "-", false, []],
    ["no statement where one must be", "-", true, ["KEY_PATH_ONLY"]],
    ["another's statement", token(claims("another")), false, ["STATEMENT_INVALID"]],
    ["an unknown issuer's", token(claims("another", { iss: "https://x" })), false, ["STATEMENT_UNTRUSTED"]],
    [
      "an unknown issuer's where one must be",
      token(claims("a", { iss: "x" })),
      true,
      ["STATEMENT_UNTRUSTED", "KEY_PATH_ONLY"],
    ],
  ])("%s", async (_, statement, refuse, codes) => {
    const { findings, byGrade } = await report(statement, refuse);
    expect(findings.map(({ code }) => code)).toEqual(codes);
    expect(byGrade).toEqual({ attested: 0, "path only": 2 });
  });
});
