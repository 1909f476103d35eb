import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, expect, test } from "vitest";
import { directoryShelf } from "../../../src/sandbox/s3/directory.ts";
import { failure, s3Sandbox } from "./fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "jit-s3-"));
afterAll(() => rmSync(dir, { recursive: true }));

test("buckets, versions, locks and order survive a restart", async () => {
  const first = await s3Sandbox({ root: {} }, { shelf: directoryShelf(dir) });
  const client = first.client("root");
  await client.send(new CreateBucketCommand({ Bucket: "kept", ObjectLockEnabledForBucket: true }));
  const target = { Bucket: "kept", Key: "../a/ü" };
  const until = new Date("2099-01-01T00:00:00Z");
  const lock = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until } as const;
  const one = await client.send(new PutObjectCommand({ ...target, Body: "one\nline", ...lock }));
  await client.send(new PutObjectCommand({ ...target, Body: "two", Metadata: { modified: "2020" } }));
  await client.send(new PutObjectCommand({ Bucket: "kept", Key: "gone", Body: "x" }));
  const gone = await client.send(new ListObjectVersionsCommand({ Bucket: "kept", Prefix: "gone" }));
  const VersionId = gone.Versions?.[0]?.VersionId;
  await client.send(new DeleteObjectCommand({ Bucket: "kept", Key: "gone", VersionId }));
  const before = await client.send(new ListObjectVersionsCommand({ Bucket: "kept" }));
  await first.close();
  for (const bucket of readdirSync(dir)) writeFileSync(join(dir, bucket, "half.tmp"), "{");

  const second = await s3Sandbox({ root: {} }, { shelf: directoryShelf(dir) });
  const again = second.client("root");
  const after = await again.send(new ListObjectVersionsCommand({ Bucket: "kept" }));
  expect(after.Versions).toEqual(before.Versions);
  expect(after.Versions?.length).toBe(2);
  const read = await again.send(new GetObjectCommand({ ...target, VersionId: one.VersionId }));
  expect(await read.Body?.transformToString()).toBe("one\nline");
  const newest = await again.send(new HeadObjectCommand(target));
  expect(newest.Metadata).toEqual({ modified: "2020" });
  const remove = new DeleteObjectCommand({ ...target, VersionId: one.VersionId });
  expect(await failure(again.send(remove))).toEqual({ name: "AccessDenied", status: 403 });
  expect(readdirSync(dir)).toEqual(["kept"]);
  await second.close();
});
