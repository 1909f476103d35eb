import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareKeys } from "../../../src/sandbox/s3/storage.ts";
import { ACCOUNT, failure, type S3Sandbox, s3Sandbox } from "./fixture.ts";

let sandbox: S3Sandbox;
const Bucket = "listed";
const keys = ["a", "b/1", "b/2", "b/c/3", "d", "e f+g", "z/ü"];
const created = new Date("2026-01-01T00:00:00Z");

beforeAll(async () => {
  sandbox = await s3Sandbox();
  const { seed } = sandbox.s3;
  seed.createBucket(Bucket, { account: ACCOUNT, region: "us-east-1", created });
  for (const key of keys) seed.putObject(Bucket, key, key, created);
  seed.createBucket("many", { account: ACCOUNT, region: "us-east-1", created, versioning: true });
  for (let index = 0; index < 2500; index++) {
    seed.putObject("many", `k/${String(index).padStart(5, "0")}`, "x", created);
  }
  await sandbox.client("root").send(new CreateBucketCommand({ Bucket: "bare" }));
});
afterAll(() => sandbox.close());

const list = (more: object = {}) =>
  sandbox.client("root").send(new ListObjectsV2Command({ Bucket, ...more }));
const names = (reply: ListObjectsV2CommandOutput) => [
  reply.Contents?.map(({ Key }) => Key) ?? [],
  reply.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [],
];

describe("ListObjectsV2", () => {
  test.each([
    ["everything", {}, keys, []],
    ["a prefix", { Prefix: "b/" }, ["b/1", "b/2", "b/c/3"], []],
    ["a delimiter", { Delimiter: "/" }, ["a", "d", "e f+g"], ["b/", "z/"]],
    ["both", { Prefix: "b/", Delimiter: "/" }, ["b/1", "b/2"], ["b/c/"]],
    ["a long delimiter", { Delimiter: "/c/" }, ["a", "b/1", "b/2", "d", "e f+g", "z/ü"], ["b/c/"]],
    ["after a key", { StartAfter: "b/2" }, ["b/c/3", "d", "e f+g", "z/ü"], []],
    ["after a key that is not there", { StartAfter: "b/2x" }, ["b/c/3", "d", "e f+g", "z/ü"], []],
    ["after a prefix's end", { StartAfter: "c", Prefix: "b/" }, [], []],
    ["none", { MaxKeys: 0 }, [], []],
  ])("%s", async (_, more, contents, prefixes) => {
    expect(names(await list(more))).toEqual([contents, prefixes]);
  });

  test("url encoding, as the CLI asks for it", async () => {
    const reply = await list({ EncodingType: "url", Prefix: "e" });
    expect(names(reply)[0]).toEqual(["e+f%2Bg"]);
    expect(reply.EncodingType).toBe("url");
  });

  test("an empty bucket", async () => {
    const reply = await list({ Bucket: "bare" });
    expect(reply).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  test("pages of at most 1,000, each key once", async () => {
    const seen: unknown[] = [];
    const sizes: unknown[] = [];
    let ContinuationToken: string | undefined;
    do {
      const reply: ListObjectsV2CommandOutput = await list({
        Bucket: "many",
        MaxKeys: 5000,
        ContinuationToken,
      });
      seen.push(...(reply.Contents?.map(({ Key }) => Key) ?? []));
      sizes.push(reply.KeyCount);
      ContinuationToken = reply.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(sizes).toEqual([1000, 1000, 500]);
    expect(new Set(seen).size).toBe(2500);
  });

  test("a page may end at a common prefix", async () => {
    const first = await list({ Delimiter: "/", MaxKeys: 2 });
    expect(names(first)).toEqual([["a"], ["b/"]]);
    const second = await list({ Delimiter: "/", MaxKeys: 2, ContinuationToken: first.NextContinuationToken });
    expect(names(second)).toEqual([["d", "e f+g"], []]);
  });

  test("wrong arguments", async () => {
    expect(await failure(list({ ContinuationToken: "forged" }))).toEqual({
      name: "InvalidArgument",
      status: 400,
    });
  });
});

test("ListObjects pages by marker", async () => {
  const client = sandbox.client("root");
  const first = await client.send(new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 2 }));
  expect(first).toMatchObject({ IsTruncated: true, NextMarker: "b/" });
  const second = await client.send(
    new ListObjectsCommand({ Bucket, Delimiter: "/", Marker: first.NextMarker }),
  );
  expect(second.Contents?.map(({ Key }) => Key)).toEqual(["d", "e f+g"]);
});

test("ListObjectVersions goes through keys and versions, page by page", async () => {
  const { seed } = sandbox.s3;
  seed.createBucket("history", { account: ACCOUNT, region: "us-east-1", created, versioning: true });
  for (const key of ["a", "a", "a", "b", "c", "c"]) seed.putObject("history", key, key, created);
  const client = sandbox.client("root");
  await client.send(new DeleteObjectCommand({ Bucket: "history", Key: "b" }));
  const seen: string[] = [];
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (let page = 0; page < 10; page++) {
    const reply = await client.send(
      new ListObjectVersionsCommand({ Bucket: "history", MaxKeys: 2, ...markers }),
    );
    for (const each of reply.Versions ?? []) seen.push(`${each.Key} ${each.IsLatest}`);
    for (const each of reply.DeleteMarkers ?? []) seen.push(`${each.Key} marker ${each.IsLatest}`);
    if (!reply.IsTruncated) break;
    markers = { KeyMarker: reply.NextKeyMarker, VersionIdMarker: reply.NextVersionIdMarker };
  }
  expect(seen).toEqual(["a true", "a false", "a false", "b marker true", "b false", "c true", "c false"]);
});

test("keys compare as their UTF-8 bytes do", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});
