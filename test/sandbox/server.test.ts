import { request as httpRequest } from "node:http";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, keyId, type S3Sandbox, s3Sandbox, secretOf } from "./s3/fixture.ts";

let sandbox: S3Sandbox;
const Bucket = "server";

beforeAll(async () => {
  const session = { token: "token/of+session==", expiration: new Date(Date.now() + 3_600_000) };
  const past = { token: "ended", expiration: new Date(Date.now() - 1000) };
  sandbox = await s3Sandbox({ root: {}, session: { session }, ended: { session: past } });
  await sandbox.client("root").send(new CreateBucketCommand({ Bucket }));
  await sandbox.client("root").send(new PutObjectCommand({ Bucket, Key: "k", Body: "v" }));
});
afterAll(() => sandbox.close());

const get = (client: S3Client, Key = "k") => failure(client.send(new GetObjectCommand({ Bucket, Key })));

describe("credentials, as S3 speaks of them", () => {
  const withKeys = (accessKeyId: string, secretAccessKey: string, sessionToken?: string) =>
    sandbox.client("root", {
      credentials: {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
    });

  test("a session's, a wrong secret, an unknown key, a wrong or ended token", async () => {
    expect(await get(sandbox.client("session"))).toBeUndefined();
    expect(await get(withKeys(keyId("root"), "wrong"))).toEqual({
      name: "SignatureDoesNotMatch",
      status: 403,
    });
    expect(await get(withKeys("AKIANOSUCHKEY", "x"))).toEqual({ name: "InvalidAccessKeyId", status: 403 });
    expect(await get(withKeys(keyId("session"), secretOf("session")))).toMatchObject({
      name: "InvalidAccessKeyId",
    });
    expect(await get(withKeys(keyId("session"), secretOf("session"), "other"))).toEqual({
      name: "InvalidToken",
      status: 400,
    });
    expect(await get(sandbox.client("ended"))).toEqual({ name: "ExpiredToken", status: 400 });
  });

  test.each([
    -20, 20,
  ])("a machine whose clock is %i minutes off: the SDK corrects itself", async (minutes) => {
    sandbox.advanceClock(-minutes * 60);
    try {
      const late = { name: "RequestTimeTooSkewed", status: 403 };
      expect(await get(sandbox.client("root"))).toEqual(late);
      expect(await get(sandbox.client("root", { maxAttempts: 2 }))).toBeUndefined();
    } finally {
      sandbox.advanceClock(minutes * 60);
    }
  });

  test("a body that is not the one signed", async () => {
    const client = sandbox.client("root");
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args;
        if (typeof request === "object" && request !== null && "body" in request) request.body = "other";
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    expect(
      await failure(client.send(new PutObjectCommand({ Bucket, Key: "swapped", Body: "value" }))),
    ).toEqual({
      name: "XAmzContentSHA256Mismatch",
      status: 400,
    });
  });
});

describe("credentials, as STS speaks of them", () => {
  const ask = (
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
    more = {},
  ) =>
    failure(
      new STSClient({
        endpoint: sandbox.url,
        region: "us-east-1",
        maxAttempts: 1,
        credentials,
        ...more,
      }).send(new GetCallerIdentityCommand({})),
    );

  test("codes and statuses", async () => {
    const root = sandbox.credentials("root");
    expect(await ask({ ...root, secretAccessKey: "wrong" })).toEqual({
      name: "SignatureDoesNotMatch",
      status: 403,
    });
    expect(await ask({ ...root, accessKeyId: "AKIANOSUCHKEY" })).toEqual({
      name: "InvalidClientTokenId",
      status: 403,
    });
    expect(await ask(sandbox.credentials("ended"))).toEqual({ name: "ExpiredToken", status: 403 });
    expect(await ask(root, { systemClockOffset: 20 * 60_000 })).toEqual({
      name: "SignatureDoesNotMatch",
      status: 403,
    });
    // This fixture has no STS: a valid signature gets as far as the service.
    expect(await ask(root)).toEqual({ name: "InvalidAction", status: 400 });
  });
});

describe("the way to a service", () => {
  const send = (path: string, init?: RequestInit) => fetch(`${sandbox.url}${path}`, init);
  const scope = (service: string) =>
    `AWS4-HMAC-SHA256 Credential=AKIANOSUCHKEY/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;

  test("unsigned forms are told by their version; IAM wants a signature", async () => {
    const body = new URLSearchParams({ Action: "GetUser", Version: "2010-05-08" });
    const reply = await send("/", { method: "POST", body });
    expect(reply.status).toBe(403);
    expect(await reply.text()).toContain("<Code>MissingAuthenticationToken</Code>");
    expect(reply.headers.get("content-type")).toBe("text/xml");
    expect(sandbox.calls().at(-1)).toMatchObject({ service: "iam", action: "GetUser", status: 403 });
  });

  test("JSON services answer in JSON", async () => {
    const target = { "x-amz-target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents" };
    const reply = await send("/", { method: "POST", headers: target, body: "{}" });
    expect(await reply.json()).toMatchObject({ __type: "MissingAuthenticationTokenException" });
    const headers = { ...target, authorization: scope("cloudtrail"), "x-amz-date": amzDate() };
    const unknown = await send("/", { method: "POST", headers, body: "{}" });
    expect(await unknown.json()).toMatchObject({ __type: "UnrecognizedClientException" });
  });

  test("what is malformed is answered in S3's words", async () => {
    const reply = await send("/server/k", { headers: { authorization: "AWS4-HMAC-SHA256 nonsense" } });
    expect(reply.status).toBe(400);
    expect(await reply.text()).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>AuthorizationHeaderMalformed<\/Code><Message>.*<\/Message><RequestId>[0-9A-F]{16}<\/RequestId><HostId>.+<\/HostId><\/Error>$/,
    );
    expect(reply.headers.get("x-amz-request-id")).toMatch(/^[0-9A-F]{16}$/);
    expect(reply.headers.get("server")).toBe("AmazonS3");
  });

  test("a bucket in the host's name", async () => {
    // fetch does not let one set Host.
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `${Bucket}.localhost:${sandbox.port}` };
      httpRequest({ port: sandbox.port, host: "127.0.0.1", path: "/k", headers }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
    expect(sandbox.calls().at(-1)).toMatchObject({ action: "GetObject", resource: `${Bucket}/k` });
  });

  test("a port that is taken is an error", async () => {
    expect(sandbox.url).toBe(`http://127.0.0.1:${sandbox.port}`);
    await expect(s3Sandbox({ root: {} }, { port: sandbox.port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});

function amzDate(): string {
  return new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
}
