import { randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failure, type S3Sandbox, s3Sandbox } from "./fixture.ts";

let sandbox: S3Sandbox;
const Bucket = "parts";
const PART = 5 * 1024 * 1024;

beforeAll(async () => {
  sandbox = await s3Sandbox();
  await sandbox.client("root").send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => sandbox.close());

async function begin(Key: string) {
  const client = sandbox.client("root");
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "CRC32" }),
  );
  const upload = { Bucket, Key, UploadId };
  const part = async (PartNumber: number, Body: Uint8Array) => {
    const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    return { PartNumber, ETag, ChecksumCRC32 };
  };
  type Part = Awaited<ReturnType<typeof part>>;
  const complete = (Parts: Part[], IfNoneMatch?: string) =>
    client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, IfNoneMatch }));
  return { client, upload, part, complete };
}

test("parts become one object, in the order of their numbers", async () => {
  const { client, upload, part, complete } = await begin("big");
  const first = randomBytes(PART);
  const second = await part(2, Buffer.from("the end"));
  const parts = [await part(1, first), second];
  const listed = await client.send(new ListPartsCommand(upload));
  expect(listed.Parts?.map(({ Size }) => Size)).toEqual([PART, 7]);
  const open = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(open.Uploads?.map(({ Key }) => Key)).toEqual(["big"]);
  expect(await failure(complete([...parts].reverse()))).toEqual({ name: "InvalidPartOrder", status: 400 });
  const done = await complete(parts);
  expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
  expect(done).toMatchObject({ ChecksumType: "COMPOSITE", ChecksumCRC32: expect.stringMatching(/-2$/) });
  const read = await client.send(new GetObjectCommand({ Bucket, Key: "big" }));
  const bytes = await read.Body?.transformToByteArray();
  expect(Buffer.compare(Buffer.from(bytes ?? []), Buffer.concat([first, Buffer.from("the end")]))).toBe(0);
  expect(await failure(complete(parts))).toEqual({ name: "NoSuchUpload", status: 404 });
});

test("small parts, unknown parts, aborted uploads", async () => {
  const { client, upload, part, complete } = await begin("small");
  const parts = [await part(1, Buffer.from("1")), await part(2, Buffer.from("2"))];
  expect(await failure(complete(parts))).toEqual({ name: "EntityTooSmall", status: 400 });
  const unknown = [{ PartNumber: 7, ETag: '"00"', ChecksumCRC32: undefined }];
  expect(await failure(complete(unknown))).toEqual({ name: "InvalidPart", status: 400 });
  await client.send(new AbortMultipartUploadCommand(upload));
  expect(await failure(complete(parts.slice(0, 1)))).toEqual({ name: "NoSuchUpload", status: 404 });
});

test("completing can be create-only", async () => {
  const { client, part, complete } = await begin("only");
  await client.send(new PutObjectCommand({ Bucket, Key: "only", Body: "there" }));
  const parts = [await part(1, Buffer.from("1"))];
  expect(await failure(complete(parts, "*"))).toEqual({ name: "PreconditionFailed", status: 412 });
});

test("a part may be a range of another object", async () => {
  const { client, upload, complete } = await begin("copy");
  await client.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
  const { CopyPartResult } = await client.send(
    new UploadPartCopyCommand({
      ...upload,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
      CopySourceRange: "bytes=2-4",
    }),
  );
  await complete([
    { PartNumber: 1, ETag: CopyPartResult?.ETag, ChecksumCRC32: CopyPartResult?.ChecksumCRC32 },
  ]);
  const read = await client.send(new GetObjectCommand({ Bucket, Key: "copy" }));
  expect(await read.Body?.transformToString()).toBe("234");
});
