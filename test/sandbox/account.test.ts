import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  GetScopedCredentialsCommand,
  GetWebIdentityTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AUDIT_ACCOUNT,
  AUDIT_BUCKET,
  CI_ROLE,
  CUSTOMER_BUCKET,
  ciJob,
  PEOPLE,
  type PersonCredentials,
  STORE_ACCOUNT,
  STORE_ROLES,
  WITNESS_ACCOUNT,
} from "../../src/sandbox/account.ts";
import { openSandbox, type WholeSandbox } from "../../src/sandbox/sandbox.ts";
import { START, seeded } from "./world-fixture.ts";

/** The account that the sandbox comes with, through HTTP and the SDK. */

let sandbox: WholeSandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ now: () => START, random: seeded("account") });
});
afterAll(() => sandbox.close());

type Keys = Pick<PersonCredentials, "accessKeyId" | "secretAccessKey" | "sessionToken">;

function keysOf(person: string): Keys {
  const keys = sandbox.credentials(person);
  if (keys === undefined) throw new Error(`nobody is called ${person}`);
  return keys;
}

function settings({ accessKeyId, secretAccessKey, sessionToken }: Keys) {
  return {
    endpoint: sandbox.url,
    region: sandbox.region,
    maxAttempts: 1,
    // The sandbox's clock stands still, this machine's does not.
    systemClockOffset: START.getTime() - Date.now(),
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  };
}

const sts = (keys: Keys) => new STSClient(settings(keys));
const s3 = (keys: Keys) => new S3Client({ ...settings(keys), forcePathStyle: true });

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => "allowed",
    (error: Error) => error.name,
  );

const REQUEST = "01jqexample0000000000000000";

function asked(person: string, RoleArn: string = STORE_ROLES.customers) {
  return new AssumeRoleCommand({
    RoleArn,
    RoleSessionName: `jit-${REQUEST}`,
    SourceIdentity: person,
    Tags: [{ Key: "jit:request", Value: REQUEST }],
    DurationSeconds: 900,
  });
}

async function session(person: string, role?: string): Promise<Keys> {
  const { Credentials } = await sts(keysOf(person)).send(asked(person, role));
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken,
  };
}

describe("people", () => {
  test.each(PEOPLE)("$name has working credentials", async ({ name }) => {
    const identity = await sts(keysOf(name)).send(new GetCallerIdentityCommand({}));
    const elsewhere: Record<string, string> = { witness: WITNESS_ACCOUNT, keeper: AUDIT_ACCOUNT };
    expect(identity.Account).toBe(elsewhere[name] ?? STORE_ACCOUNT);
    expect(identity.Arn?.endsWith(`/${name}`)).toBe(true);
  });

  test("nobody else has", () => {
    expect(sandbox.credentials("mallory")).toBeUndefined();
  });

  test.each([
    ["alice", STORE_ROLES.customers, "allowed"],
    ["alice", STORE_ROLES.orders, "allowed"],
    ["frank", STORE_ROLES.customers, "allowed"],
    ["dave", STORE_ROLES.orders, "allowed"],
    ["dave", STORE_ROLES.customers, "AccessDenied"],
    ["bob", STORE_ROLES.customers, "AccessDenied"],
    ["admin", STORE_ROLES.customers, "AccessDenied"],
    ["auditor", STORE_ROLES.customers, "AccessDenied"],
    ["eve", STORE_ROLES.customers, "AccessDenied"],
  ])("%s asking for %s is %s", async (person, role, expected) => {
    expect(await refusal(sts(keysOf(person)).send(asked(person, role)))).toBe(expected);
  });

  test.each<[string, object]>([
    ["another session name", { RoleSessionName: "alice" }],
    ["no request tag", { Tags: [] }],
    [
      "another tag beside it",
      {
        Tags: [
          { Key: "jit:request", Value: "x" },
          { Key: "team", Value: "x" },
        ],
      },
    ],
    ["no source identity", { SourceIdentity: undefined }],
    ["somebody else's name", { SourceIdentity: "bob" }],
  ])("a store's role refuses alice with %s", async (_name, change) => {
    const command = asked("alice");
    Object.assign(command.input, change);
    expect(await refusal(sts(keysOf("alice")).send(command))).toBe("AccessDenied");
  });
});

describe("stores", () => {
  test("a session reads its store and no other", async () => {
    const keys = await session("alice");
    const list = await s3(keys).send(new ListObjectsV2Command({ Bucket: CUSTOMER_BUCKET }));
    expect(list.KeyCount).toBe(42);
    const object = await s3(keys).send(
      new GetObjectCommand({ Bucket: CUSTOMER_BUCKET, Key: "profiles/0001.json" }),
    );
    const customer = JSON.parse((await object.Body?.transformToString()) ?? "");
    expect(customer.email).toMatch(/@example\.com$/);
    const other = new ListObjectsV2Command({ Bucket: "acme-orders" });
    expect(await refusal(s3(keys).send(other))).toBe("AccessDenied");
  });

  test("nobody reads a store without asking, but for what dave still has", async () => {
    const get = (Key: string) => new GetObjectCommand({ Bucket: CUSTOMER_BUCKET, Key });
    for (const { name } of PEOPLE) {
      expect(await refusal(s3(keysOf(name)).send(get("profiles/0001.json")))).toBe("AccessDenied");
    }
    expect(await refusal(s3(keysOf("dave")).send(get("exports/newsletter.csv")))).toBe("allowed");
  });

  test("a lease reads less, and keeps the identity", async () => {
    const keys = await session("alice");
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${CUSTOMER_BUCKET}/profiles/*`,
      },
    });
    const lease = await sts(keys).send(new GetScopedCredentialsCommand({ Policy, DurationSeconds: 30 }));
    expect(lease.ScopedPoliciesCount).toBe(1);
    expect(lease.SourceIdentity).toBe("alice");
    expect(lease.Credentials?.Expiration).toEqual(new Date(START.getTime() + 30_000));
    const child: Keys = {
      accessKeyId: lease.Credentials?.AccessKeyId ?? "",
      secretAccessKey: lease.Credentials?.SecretAccessKey ?? "",
      sessionToken: lease.Credentials?.SessionToken,
    };
    const get = (Key: string) => s3(child).send(new GetObjectCommand({ Bucket: CUSTOMER_BUCKET, Key }));
    expect(await refusal(get("profiles/0001.json"))).toBe("allowed");
    expect(await refusal(get("lists/customers.csv"))).toBe("AccessDenied");
    const [was, is] = await Promise.all(
      [keys, child].map((each) => sts(each).send(new GetCallerIdentityCommand({}))),
    );
    expect(is?.UserId).toBe(was?.UserId);
  });
});

describe("the audit bucket", () => {
  const put = (Key: string, more: object = { IfNoneMatch: "*" }) =>
    new PutObjectCommand({ Bucket: AUDIT_BUCKET, Key, Body: "x", ...more });
  const userid = async (person: string) =>
    (await sts(keysOf(person)).send(new GetCallerIdentityCommand({}))).UserId ?? "";
  const record = async (person: string, name: string) =>
    `v1/rec/20260301T10/${REQUEST}/${await userid(person)}/${name}`;

  test("takes a record under the own userid, once, and from nobody under another's", async () => {
    const key = await record("alice", "k.0.request.jws");
    expect(await refusal(s3(keysOf("alice")).send(put(key)))).toBe("allowed");
    expect(await refusal(s3(keysOf("alice")).send(put(key)))).toBe("PreconditionFailed");
    expect(await refusal(s3(keysOf("alice")).send(put(key, {})))).toBe("AccessDenied");
    const forged = await record("alice", "k.1.request.jws");
    expect(await refusal(s3(keysOf("bob")).send(put(forged)))).toBe("AccessDenied");
    // Identity Center's people have a userid with the session's name in it.
    const single = await record("frank", "k.0.enrol.jws");
    expect(await refusal(s3(keysOf("frank")).send(put(single)))).toBe("allowed");
  });

  test("is read by everybody but eve", async () => {
    for (const { name } of PEOPLE) {
      const list = s3(keysOf(name)).send(
        new ListObjectsV2Command({ Bucket: AUDIT_BUCKET, Prefix: "v1/rec/" }),
      );
      expect([name, await refusal(list)]).toEqual([name, name === "eve" ? "AccessDenied" : "allowed"]);
    }
  });

  test.each([
    ["v1/trust/1.json", "admin"],
    ["v1/catalog/current", "admin"],
    ["v1/claim/r1", "bob"],
    ["v1/tree/checkpoint", "auditor"],
  ])("%s is written by %s alone", async (key, writer) => {
    for (const { name } of PEOPLE.filter(({ name }) => name !== "carol" || writer !== "bob")) {
      const outcome = await refusal(s3(keysOf(name)).send(put(key)));
      expect([name, outcome]).toEqual([name, name === writer ? "allowed" : "AccessDenied"]);
    }
  });
});

describe("tokens", () => {
  test("AWS's statement verifies against the published keys", async () => {
    const client = sts(keysOf("frank"));
    const command = { Audience: ["thumbprint"], DurationSeconds: 60 };
    const keys = (await (await fetch(`${sandbox.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    for (const SigningAlgorithm of ["RS256", "ES384"]) {
      const answer = await client.send(new GetWebIdentityTokenCommand({ ...command, SigningAlgorithm }));
      const { payload } = await jwtVerify(answer.WebIdentityToken ?? "", createLocalJWKSet(keys), {
        issuer: sandbox.url,
        audience: "thumbprint",
        currentDate: START,
      });
      expect(payload["https://sts.amazonaws.com/"]).toMatchObject({
        aws_account: STORE_ACCOUNT,
        identity_store_user_id: "c4d8a4e8-7051-70aa-1c11-5b1d6d1e2f30",
      });
    }
    const page = await fetch(`${sandbox.url}/.well-known/openid-configuration`);
    expect(await page.json()).toMatchObject({
      issuer: sandbox.url,
      jwks_uri: `${sandbox.url}/.well-known/jwks.json`,
    });
  });

  test("a CI job of the right branch gets to a store in two hops", async () => {
    const client = new STSClient({ endpoint: sandbox.url, region: sandbox.region });
    const assume = (token: string) =>
      client.send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: CI_ROLE,
          RoleSessionName: "run-7",
          WebIdentityToken: token,
        }),
      );
    const first = await assume(sandbox.ciToken({ ...ciJob("7"), sourceIdentity: "run-7" }));
    expect(first.SubjectFromWebIdentityToken).toBe("repo:acme/shop:ref:refs/heads/main");
    expect(first.SourceIdentity).toBe("run-7");
    const keys: Keys = {
      accessKeyId: first.Credentials?.AccessKeyId ?? "",
      secretAccessKey: first.Credentials?.SecretAccessKey ?? "",
      sessionToken: first.Credentials?.SessionToken,
    };
    expect(await refusal(sts(keys).send(asked("run-7")))).toBe("allowed");
    expect(await refusal(sts(keys).send(asked("alice")))).toBe("ValidationError");
    expect(await refusal(assume(sandbox.ciToken({ ...ciJob("8"), ref: "refs/heads/mine" })))).toBe(
      "AccessDenied",
    );
  });
});
