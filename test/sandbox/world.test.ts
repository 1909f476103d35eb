import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateRoleCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolesCommand,
  NoSuchEntityException,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AUDIT_BUCKET, STORE_ACCOUNT, STORE_ROLES } from "../../src/sandbox/account.ts";
import { openSandbox, type WholeSandbox } from "../../src/sandbox/sandbox.ts";
import { forgetOldSessions } from "../../src/sandbox/world.ts";
import { loadWorld, saveWorld } from "../../src/sandbox/world-file.ts";
import { assume, callOf, fixture, policy, START, seeded, verdict } from "./world-fixture.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "jit-sandbox-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("the world's file", () => {
  test("is for its owner alone, and gives the same world back", async () => {
    const fix = fixture();
    const id = await assume(fix, fix.ann, { SourceIdentity: "ann" });
    fix.world.stsKeys.key("ES384");
    saveWorld(fix.world, directory);
    expect(readdirSync(directory)).toEqual(["world.json"]);
    expect(statSync(join(directory, "world.json")).mode & 0o777).toBe(0o600);
    const again = loadWorld(directory, seeded("other"));
    expect(again?.accounts).toEqual(fix.world.accounts);
    expect(again?.sessions).toEqual(fix.world.sessions);
    expect(again?.organization).toEqual(fix.world.organization);
    expect(again?.stsKeys.stored()).toEqual(fix.world.stsKeys.stored());
    expect(again?.lookupKey(id)?.caller).toEqual(fix.world.lookupKey(id)?.caller);
  });

  test("is none in an empty directory, and another's is refused", () => {
    expect(loadWorld(directory, seeded())).toBeUndefined();
    writeFileSync(join(directory, "world.json"), '{"v":2}');
    expect(() => loadWorld(directory, seeded())).toThrow();
  });
});

test("sessions are forgotten a day after their end", async () => {
  const fix = fixture();
  const id = await assume(fix, fix.ann, { DurationSeconds: 900 });
  const after = (seconds: number) => new Date(START.getTime() + seconds * 1000);
  forgetOldSessions(fix.world, after(900 + 86_400));
  expect(fix.world.sessions.has(id)).toBe(true);
  forgetOldSessions(fix.world, after(900 + 86_401));
  expect(fix.world.sessions.has(id)).toBe(false);
});

test("the same random source makes the same ids", () => {
  expect(fixture().ann).toBe(fixture().ann);
  expect(verdict(fixture(), fixture().ann, "iam:GetRole", "*")).toBe("allow");
});

describe("a sandbox with a directory", () => {
  const open = () => openSandbox({ directory, now: () => START, random: seeded(directory) });

  const settings = (sandbox: WholeSandbox, person: string) => {
    const keys = sandbox.credentials(person);
    if (keys === undefined) throw new Error(`nobody is called ${person}`);
    return {
      endpoint: sandbox.url,
      region: sandbox.region,
      maxAttempts: 1,
      systemClockOffset: START.getTime() - Date.now(),
      credentials: { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
    };
  };

  test("keeps people, roles and policies over a restart", async () => {
    const document = policy({ Effect: "Deny", Action: "*", Resource: "*" });
    const one = await open();
    try {
      const iam = new IAMClient(settings(one, "admin"));
      const put = { RoleName: "pii-customers", PolicyName: "revoke", PolicyDocument: document };
      await iam.send(new PutRolePolicyCommand(put));
    } finally {
      await one.close();
    }
    const two = await open();
    try {
      const iam = new IAMClient(settings(two, "admin"));
      const got = await iam.send(
        new GetRolePolicyCommand({ RoleName: "pii-customers", PolicyName: "revoke" }),
      );
      expect(decodeURIComponent(got.PolicyDocument ?? "")).toBe(document);
    } finally {
      await two.close();
    }
  });

  test("speaks IAM to the SDK, and records the bucket policies that are put", async () => {
    const sandbox = await open();
    try {
      const iam = new IAMClient(settings(sandbox, "admin"));
      const { Role } = await iam.send(new GetRoleCommand({ RoleName: "pii-orders" }));
      expect(Role).toMatchObject({
        Arn: STORE_ROLES.orders,
        MaxSessionDuration: 14_400,
        CreateDate: START,
        Tags: [{ Key: "jit:store", Value: "acme-orders" }],
        PermissionsBoundary: {
          PermissionsBoundaryArn: `arn:aws:iam::${STORE_ACCOUNT}:policy/pii-orders-ceiling`,
        },
      });
      const roles = await iam.send(new ListRolesCommand({ PathPrefix: "/aws-reserved/" }));
      expect(roles.Roles?.length).toBe(1);
      const answer = await iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: STORE_ROLES.orders,
          ActionNames: ["s3:GetObject"],
          ResourceArns: ["arn:aws:s3:::acme-orders/x", "arn:aws:s3:::acme-customers/x"],
        }),
      );
      expect(answer.EvaluationResults?.map((result) => result.EvalDecision)).toEqual([
        "allowed",
        "implicitDeny",
      ]);
      const missing = iam.send(new GetRoleCommand({ RoleName: "none" }));
      await expect(missing).rejects.toBeInstanceOf(NoSuchEntityException);
      const broken = iam.send(new CreateRoleCommand({ RoleName: "x", AssumeRolePolicyDocument: "{}" }));
      await expect(broken).rejects.toMatchObject({ name: "MalformedPolicyDocumentException" });
      const denied = new IAMClient(settings(sandbox, "eve")).send(new ListRolesCommand({}));
      await expect(denied).rejects.toMatchObject({
        name: "AccessDenied",
        $metadata: { httpStatusCode: 403 },
      });

      const s3 = new S3Client({ ...settings(sandbox, "admin"), forcePathStyle: true });
      const put = new PutBucketPolicyCommand({ Bucket: AUDIT_BUCKET, Policy: "{}" });
      await expect(s3.send(put)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      const events = await lookup(sandbox, "PutBucketPolicy");
      expect(events).toMatchObject([
        { errorCode: "AccessDenied", requestParameters: { bucketName: AUDIT_BUCKET } },
      ]);
    } finally {
      await sandbox.close();
    }
  });

  async function lookup(sandbox: WholeSandbox, name: string): Promise<unknown[]> {
    const auditor = sandbox.world.lookupKey(sandbox.credentials("auditor")?.accessKeyId ?? "");
    const headers = { "x-amz-target": "CloudTrail_20131101.LookupEvents" };
    const input = { LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: name }] };
    const reply = await sandbox.trail.handle(callOf(auditor?.caller, JSON.stringify(input), { headers }));
    const { Events } = JSON.parse(String(reply.body));
    return Events.map((event: { CloudTrailEvent: string }) => JSON.parse(event.CloudTrailEvent));
  }
});
