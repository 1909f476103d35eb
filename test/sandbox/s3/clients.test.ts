import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, type S3Sandbox, s3Sandbox } from "./fixture.ts";

/** AWS's other clients, where the machine has them: the CLI and boto3, in their oldest supported versions. */

const CLI = "/usr/bin/aws";
const PYTHON = "/usr/bin/python3";
const BOTO3 = ["/usr/lib/python3/dist-packages/boto3", "/usr/local/lib/python3/dist-packages/boto3"];
const run = promisify(execFile);

const dir = mkdtempSync(join(tmpdir(), "jit-clients-"));
const Bucket = "clients";
let sandbox: S3Sandbox;

beforeAll(async () => {
  sandbox = await s3Sandbox({
    root: {},
    nobody: {
      policy: { Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: "s3:*", Resource: "*" }] },
    },
  });
  const created = new Date("2026-01-01T00:00:00Z");
  sandbox.s3.seed.createBucket(Bucket, { account: ACCOUNT, region: "us-east-1", created, versioning: true });
  sandbox.s3.seed.putObject(Bucket, "a b/ü+1.txt", "seeded", created);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true });
});

function environment(user: string): NodeJS.ProcessEnv {
  const { accessKeyId, secretAccessKey } = sandbox.credentials(user);
  return {
    PATH: "/usr/bin:/bin",
    HOME: dir,
    LC_ALL: "C.UTF-8",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

describe.skipIf(!existsSync(CLI))("the AWS CLI", () => {
  const aws = (args: string[], user = "root") =>
    run(CLI, ["--endpoint-url", sandbox.url, ...args], { cwd: dir, env: environment(user) }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      (error: { code: number; stderr: string }) => ({ code: error.code, output: error.stderr }),
    );

  test("copies a file of several parts there and back", async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024, "jit!");
    writeFileSync(join(dir, "big"), bytes);
    expect((await aws(["s3", "cp", "big", `s3://${Bucket}/dir/big`])).code).toBe(0);
    expect((await aws(["s3", "cp", `s3://${Bucket}/dir/big`, "back"])).code).toBe(0);
    expect(Buffer.compare(readFileSync(join(dir, "back")), bytes)).toBe(0);
    const actions = new Set(sandbox.calls().map(({ action }) => action));
    expect(actions).toContain("CompleteMultipartUpload");
  });

  test("lists what was put, names and all; and is refused", async () => {
    const [listed, refused] = await Promise.all([
      aws(["s3", "ls", "--recursive", `s3://${Bucket}/a b/`]),
      aws(["s3api", "get-object", "--bucket", Bucket, "--key", "a b/ü+1.txt", "out"], "nobody"),
    ]);
    expect(listed.output).toContain("6 a b/ü+1.txt");
    expect(refused.code).toBe(254);
    expect(refused.output).toContain("AccessDenied");
  });
});

const SCRIPT = `
import boto3, json, sys, urllib.request
from botocore.config import Config
from botocore.exceptions import ClientError
url, bucket = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=url, config=Config(retries={"max_attempts": 0}, signature_version="s3v4"))
out = {}
key = "a b/\\u00fc+1.txt"
out["read"] = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
s3.put_object(Bucket=bucket, Key="sum", Body=b"hello", ChecksumAlgorithm="SHA256")
out["sum"] = s3.head_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")["ChecksumSHA256"]
with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})) as reply:
    out["presigned"] = reply.read().decode()
out["keys"] = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="a b/")["Contents"]]
try:
    s3.get_object(Bucket=bucket, Key="none")
except ClientError as error:
    out["missing"] = [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "sum"}]})
out["markers"] = [each["Key"] for each in s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]]
print(json.dumps(out))
`;

describe.skipIf(!BOTO3.some((path) => existsSync(path)))("boto3", () => {
  test("reads, writes, lists, presigns, and knows the errors", async () => {
    const { stdout } = await run(PYTHON, ["-c", SCRIPT, sandbox.url, Bucket], { env: environment("root") });
    expect(JSON.parse(stdout)).toEqual({
      read: "seeded",
      sum: "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
      presigned: "seeded",
      keys: ["a b/ü+1.txt"],
      missing: ["NoSuchKey", 404],
      markers: ["sum"],
    });
  });
});
