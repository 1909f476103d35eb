import { Readable } from "node:stream";
import {
  type ChecksumAlgorithm,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure, type S3Sandbox, s3Sandbox } from "./fixture.ts";

let sandbox: S3Sandbox;
const bucket = "objects";

beforeAll(async () => {
  sandbox = await s3Sandbox();
  const client = sandbox.client("root");
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new CreateBucketCommand({ Bucket: "versioned" }));
  await client.send(
    new PutBucketVersioningCommand({ Bucket: "versioned", VersioningConfiguration: { Status: "Enabled" } }),
  );
});
afterAll(() => sandbox.close());

const put = (Key: string, Body: string, more = {}) =>
  sandbox.client("root").send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }));
const get = (Key: string, more = {}) =>
  sandbox.client("root").send(new GetObjectCommand({ Bucket: bucket, Key, ...more }));

describe("what is put is what is got", () => {
  test("body, type, metadata, entity tag", async () => {
    const written = await put("a/ü b+c%20.txt", "hello", {
      ContentType: "text/plain",
      Metadata: { who: "me" },
    });
    expect(written.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(written.VersionId).toBeUndefined();
    const read = await get("a/ü b+c%20.txt");
    expect(await read.Body?.transformToString()).toBe("hello");
    expect(read).toMatchObject({ ContentType: "text/plain", ContentLength: 5, Metadata: { who: "me" } });
    expect(read.LastModified).toBeInstanceOf(Date);
  });

  test("an empty object", async () => {
    await put("empty", "", { ContentLength: 0 });
    const read = await get("empty");
    expect(await read.Body?.transformToString()).toBe("");
  });

  test("any key, any bytes", async () => {
    // An SDK cannot send a key with lone surrogates, and S3 takes none longer than 1,024 bytes.
    const key = fc
      .string({ unit: "binary", minLength: 1, maxLength: 60 })
      .filter((text) => text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(key, fc.uint8Array({ minLength: 1 }), async (Key, bytes) => {
        await sandbox.client("root").send(new PutObjectCommand({ Bucket: bucket, Key, Body: bytes }));
        const read = await get(Key);
        expect(await read.Body?.transformToByteArray()).toEqual(bytes);
      }),
      { numRuns: 25 },
    );
  });

  test("a stream, which the SDK sends in chunks", async () => {
    const bytes = new Uint8Array(200_000).fill(7);
    const stream = Readable.from([bytes]);
    await sandbox
      .client("root")
      .send(
        new PutObjectCommand({ Bucket: bucket, Key: "stream", Body: stream, ContentLength: bytes.length }),
      );
    const read = await get("stream");
    expect((await read.Body?.transformToByteArray())?.length).toBe(200_000);
    expect(read.ContentEncoding).toBeUndefined();
  });

  test("HEAD tells the length and sends no body", async () => {
    await put("head", "12345");
    const head = await sandbox.client("root").send(new HeadObjectCommand({ Bucket: bucket, Key: "head" }));
    expect(head.ContentLength).toBe(5);
  });
});

describe("checksums", () => {
  const known = {
    CRC32: "NhCmhg==",
    CRC32C: "mnG7TA==",
    SHA1: "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
    SHA256: "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
  } as const;
  for (const [algorithm, value] of Object.entries(known)) {
    test(`${algorithm} of hello`, async () => {
      const written = await put("sum", "hello", { ChecksumAlgorithm: algorithm as ChecksumAlgorithm });
      expect(written).toMatchObject({ [`Checksum${algorithm}`]: value, ChecksumType: "FULL_OBJECT" });
      const read = await get("sum", { ChecksumMode: "ENABLED" });
      expect(read).toMatchObject({ [`Checksum${algorithm}`]: value, ChecksumType: "FULL_OBJECT" });
      expect(await read.Body?.transformToString()).toBe("hello");
    });
  }

  test("CRC64NVME is what S3 adds by itself", async () => {
    const client = sandbox.client("root", { requestChecksumCalculation: "WHEN_REQUIRED" });
    const written = await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: "nvme", Body: "123456789" }),
    );
    // The check value of CRC-64/NVME: 0xae8b14860a799888.
    expect(written.ChecksumCRC64NVME).toBe(Buffer.from("ae8b14860a799888", "hex").toString("base64"));
  });

  test("a wrong one is refused and nothing is written", async () => {
    expect(await failure(put("bad", "hello", { ChecksumCRC32: "AAAAAA==" }))).toEqual({
      name: "BadDigest",
      status: 400,
    });
    const md5 = "AAAAAAAAAAAAAAAAAAAAAA==";
    expect(await failure(put("bad", "hello", { ContentMD5: md5 }))).toEqual({
      name: "BadDigest",
      status: 400,
    });
    expect(await failure(put("bad", "hello", { ContentMD5: "x" }))).toMatchObject({ name: "InvalidDigest" });
    expect(await failure(get("bad"))).toMatchObject({ name: "NoSuchKey" });
  });
});

describe("conditions", () => {
  test("If-None-Match: * creates once", async () => {
    expect(await failure(put("once", "1", { IfNoneMatch: "*" }))).toBeUndefined();
    expect(await failure(put("once", "2", { IfNoneMatch: "*" }))).toEqual({
      name: "PreconditionFailed",
      status: 412,
    });
    expect(await failure(put("once", "2", { IfNoneMatch: '"x"' }))).toEqual({
      name: "NotImplemented",
      status: 501,
    });
  });

  test("after a delete marker the key can be created again", async () => {
    const client = sandbox.client("root");
    const target = { Bucket: "versioned", Key: "once" };
    await client.send(new PutObjectCommand({ ...target, Body: "1", IfNoneMatch: "*" }));
    await client.send(new DeleteObjectCommand(target));
    await client.send(new PutObjectCommand({ ...target, Body: "2", IfNoneMatch: "*" }));
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket: "versioned", Prefix: "once" }));
    expect(listed.Versions?.length).toBe(2);
    expect(listed.DeleteMarkers?.length).toBe(1);
    expect(listed.Versions?.map((version) => version.IsLatest)).toEqual([true, false]);
  });

  test("If-Match replaces only what is expected", async () => {
    const { ETag } = await put("cas", "1");
    expect(await failure(put("cas", "2", { IfMatch: '"0"' }))).toMatchObject({ status: 412 });
    expect(await failure(put("cas", "2", { IfMatch: ETag }))).toBeUndefined();
    expect(await failure(put("cas-none", "2", { IfMatch: ETag }))).toEqual({
      name: "NoSuchKey",
      status: 404,
    });
  });

  test("reads: 304 and 412", async () => {
    const { ETag } = await put("cond", "1");
    expect(await failure(get("cond", { IfNoneMatch: ETag }))).toMatchObject({ status: 304 });
    expect(await failure(get("cond", { IfMatch: '"0"' }))).toEqual({
      name: "PreconditionFailed",
      status: 412,
    });
    expect(await failure(get("cond", { IfMatch: ETag }))).toBeUndefined();
  });
});

describe("ranges", () => {
  test.each([
    ["bytes=0-1", "01", "bytes 0-1/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=5-99", "56789", "bytes 5-9/10"],
  ])("%s", async (Range, body, ContentRange) => {
    await put("range", "0123456789");
    const read = await get("range", { Range });
    expect(await read.Body?.transformToString()).toBe(body);
    expect(read.ContentRange).toBe(ContentRange);
    expect(read.$metadata.httpStatusCode).toBe(206);
  });

  test("past the end", async () => {
    await put("range", "0123456789");
    expect(await failure(get("range", { Range: "bytes=10-" }))).toEqual({
      name: "InvalidRange",
      status: 416,
    });
  });
});

describe("versions", () => {
  test("old versions stay readable, markers answer 405", async () => {
    const client = sandbox.client("root");
    const target = { Bucket: "versioned", Key: "v" };
    const first = await client.send(new PutObjectCommand({ ...target, Body: "1" }));
    const second = await client.send(new PutObjectCommand({ ...target, Body: "2" }));
    expect(first.VersionId).not.toBe(second.VersionId);
    const old = await client.send(new GetObjectCommand({ ...target, VersionId: first.VersionId }));
    expect(await old.Body?.transformToString()).toBe("1");
    const marker = await client.send(new DeleteObjectCommand(target));
    expect(marker.DeleteMarker).toBe(true);
    expect(await failure(client.send(new GetObjectCommand(target)))).toMatchObject({ name: "NoSuchKey" });
    const ofMarker = new GetObjectCommand({ ...target, VersionId: marker.VersionId });
    expect(await failure(client.send(ofMarker))).toEqual({ name: "MethodNotAllowed", status: 405 });
    await client.send(new DeleteObjectCommand({ ...target, VersionId: marker.VersionId }));
    const back = await client.send(new GetObjectCommand(target));
    expect(await back.Body?.transformToString()).toBe("2");
    const none = new GetObjectCommand({ ...target, VersionId: "nosuchversion" });
    expect(await failure(client.send(none))).toEqual({ name: "NoSuchVersion", status: 404 });
  });
});

describe("copy and batch delete", () => {
  test("a copy has the source's bytes and type", async () => {
    await put("from here", "copied", { ContentType: "text/csv" });
    const client = sandbox.client("root");
    const source = `${bucket}/${encodeURIComponent("from here")}`;
    await client.send(new CopyObjectCommand({ Bucket: bucket, Key: "to", CopySource: source }));
    const read = await get("to");
    expect(read.ContentType).toBe("text/csv");
    expect(await read.Body?.transformToString()).toBe("copied");
    const onto = new CopyObjectCommand({ Bucket: bucket, Key: "to", CopySource: `${bucket}/to` });
    expect(await failure(client.send(onto))).toEqual({ name: "InvalidRequest", status: 400 });
  });

  test("DeleteObjects deletes what is there and what is not", async () => {
    await put("gone", "1");
    const client = sandbox.client("root");
    const reply = await client.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: [{ Key: "gone" }, { Key: "never & <was>" }] },
      }),
    );
    expect(reply.Deleted?.map(({ Key }) => Key)).toEqual(["gone", "never & <was>"]);
    expect(await failure(get("gone"))).toMatchObject({ name: "NoSuchKey" });
  });
});
