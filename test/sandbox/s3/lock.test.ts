import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockLegalHoldStatus,
  type ObjectLockMode,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, type S3Sandbox, s3Sandbox } from "./fixture.ts";

let sandbox: S3Sandbox;
const DAY = 86_400_000;
const Bucket = "locked";
const refused = { name: "AccessDenied", status: 403 };

beforeAll(async () => {
  sandbox = await s3Sandbox({
    root: {},
    plain: {
      policy: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: "*", Resource: "*" },
          { Effect: "Deny", Action: "s3:BypassGovernanceRetention", Resource: "*" },
        ],
      },
    },
    limited: {
      policy: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: "s3:*", Resource: "*" },
          {
            Effect: "Deny",
            Action: "s3:PutObjectRetention",
            Resource: "*",
            Condition: { NumericGreaterThan: { "s3:object-lock-remaining-retention-days": "10" } },
          },
        ],
      },
    },
  });
  const client = sandbox.client("root");
  await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
});
afterAll(() => sandbox.close());

const inDays = (days: number) => new Date(sandbox.now().getTime() + days * DAY);

async function locked(Key: string, mode: ObjectLockMode, days = 5): Promise<string> {
  const { VersionId } = await sandbox.client("root").send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: "x",
      ObjectLockMode: mode,
      ObjectLockRetainUntilDate: inDays(days),
    }),
  );
  return VersionId ?? "";
}

function remove(name: string, Key: string, VersionId?: string, BypassGovernanceRetention?: boolean) {
  const command = new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention });
  return failure(sandbox.client(name).send(command));
}

function retain(name: string, Key: string, mode: ObjectLockMode, days: number, Bypass?: boolean) {
  const command = new PutObjectRetentionCommand({
    Bucket,
    Key,
    Retention: { Mode: mode, RetainUntilDate: inDays(days) },
    BypassGovernanceRetention: Bypass,
  });
  return failure(sandbox.client(name).send(command));
}

describe("COMPLIANCE", () => {
  test("nobody destroys a locked version; a delete marker may hide it", async () => {
    const version = await locked("c", "COMPLIANCE");
    expect(await remove("root", "c", version)).toEqual(refused);
    expect(await remove("root", "c", version, true)).toEqual(refused);
    expect(await remove("root", "c")).toBeUndefined();
    const head = new HeadObjectCommand({ Bucket, Key: "c", VersionId: version });
    expect((await sandbox.client("root").send(head)).ObjectLockMode).toBe("COMPLIANCE");
  });

  test("only longer, never GOVERNANCE", async () => {
    await locked("cl", "COMPLIANCE");
    expect(await retain("root", "cl", "COMPLIANCE", 4, true)).toEqual(refused);
    expect(await retain("root", "cl", "GOVERNANCE", 9, true)).toEqual(refused);
    expect(await retain("root", "cl", "COMPLIANCE", 9)).toBeUndefined();
  });
});

describe("GOVERNANCE", () => {
  test("needs the permission and the header", async () => {
    const version = await locked("g", "GOVERNANCE");
    expect(await remove("root", "g", version)).toEqual(refused);
    expect(await remove("plain", "g", version, true)).toEqual(refused);
    expect(await retain("root", "g", "GOVERNANCE", 1)).toEqual(refused);
    expect(await retain("root", "g", "GOVERNANCE", 1, true)).toBeUndefined();
    expect(await remove("root", "g", version, true)).toBeUndefined();
  });
});

test("retention ends by the sandbox's clock", async () => {
  const other = await s3Sandbox();
  try {
    const client = other.client("root");
    await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
    await client.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: "Enabled",
          Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 30 } },
        },
      }),
    );
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: "d", Body: "x" }));
    const held = await client.send(new GetObjectRetentionCommand({ Bucket, Key: "d" }));
    expect(held.Retention?.Mode).toBe("COMPLIANCE");
    const command = () => new DeleteObjectCommand({ Bucket, Key: "d", VersionId });
    expect(await failure(client.send(command()))).toEqual(refused);
    other.advanceClock(31 * 86_400);
    // The SDK's clock is now a month behind; it corrects that from the Date header and tries again.
    const late = other.client("root", { maxAttempts: 2 });
    expect(await failure(late.send(command()))).toBeUndefined();
  } finally {
    await other.close();
  }
});

test("a legal hold holds until it is taken off", async () => {
  const client = sandbox.client("root");
  const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: "h", Body: "x" }));
  const hold = (Status: ObjectLockLegalHoldStatus) =>
    client.send(new PutObjectLegalHoldCommand({ Bucket, Key: "h", LegalHold: { Status } }));
  await hold("ON");
  const shown = await client.send(new GetObjectLegalHoldCommand({ Bucket, Key: "h" }));
  expect(shown.LegalHold?.Status).toBe("ON");
  expect(await remove("root", "h", VersionId, true)).toEqual(refused);
  await hold("OFF");
  expect(await remove("root", "h", VersionId)).toBeUndefined();
});

test("a policy can limit the days", async () => {
  await sandbox.client("root").send(new PutObjectCommand({ Bucket, Key: "days", Body: "x" }));
  expect(await retain("limited", "days", "GOVERNANCE", 11)).toEqual(refused);
  expect(await retain("limited", "days", "GOVERNANCE", 9)).toBeUndefined();
});

describe("configuration", () => {
  test("a bucket without lock says so", async () => {
    const client = sandbox.client("root");
    await client.send(new CreateBucketCommand({ Bucket: "free" }));
    const get = new GetObjectLockConfigurationCommand({ Bucket: "free" });
    expect(await failure(client.send(get))).toEqual({
      name: "ObjectLockConfigurationNotFoundError",
      status: 404,
    });
    const put = new PutObjectCommand({
      Bucket: "free",
      Key: "x",
      Body: "x",
      ObjectLockMode: "COMPLIANCE",
      ObjectLockRetainUntilDate: inDays(1),
    });
    expect(await failure(client.send(put))).toEqual({ name: "InvalidRequest", status: 400 });
  });

  test("versioning of a locked bucket stays on", async () => {
    const command = new PutBucketVersioningCommand({
      Bucket,
      VersioningConfiguration: { Status: "Suspended" },
    });
    expect(await failure(sandbox.client("root").send(command))).toEqual({
      name: "InvalidBucketState",
      status: 409,
    });
  });

  test("retention in the past", async () => {
    expect(await failure(locked("past", "COMPLIANCE", -1))).toEqual({ name: "InvalidArgument", status: 400 });
  });

  test("a locked write needs a checksum", async () => {
    const put = (more: { ContentMD5?: string }) => {
      const client = sandbox.client("root", { requestChecksumCalculation: "WHEN_REQUIRED" });
      // The SDK would add the checksum that this header asks for by itself: take it off again before signing.
      client.middlewareStack.add(
        (next) => (args) => {
          const { request } = args;
          if (typeof request === "object" && request !== null && "headers" in request) {
            const headers = request.headers as Record<string, string>;
            for (const name of Object.keys(headers)) {
              if (/^x-amz-(sdk-)?checksum-/.test(name)) delete headers[name];
            }
          }
          return next(args);
        },
        { step: "finalizeRequest", priority: "high" },
      );
      return failure(
        client.send(
          new PutObjectCommand({
            Bucket,
            Key: "unchecked",
            Body: "x",
            ObjectLockMode: "GOVERNANCE",
            ObjectLockRetainUntilDate: inDays(1),
            ...more,
          }),
        ),
      );
    };
    expect(await put({})).toEqual({ name: "InvalidRequest", status: 400 });
    expect(await put({ ContentMD5: "nU51sRVyMAVuTbUv7L2PuQ==" })).toMatchObject({ name: "BadDigest" });
    expect(await put({ ContentMD5: "ndTkYSaMgDT1yFZOFVxnpg==" })).toBeUndefined();
  });
});
