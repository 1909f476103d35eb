import { inspect } from "node:util";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { bucketStore } from "../../src/aws/record-store.ts";
import { AUDIT_ACCOUNT, AUDIT_BUCKET, STORE_ACCOUNT } from "../../src/sandbox/account.ts";
import { thrownBy } from "../local/temporary.ts";
import { fakeS3 } from "./fake-s3.ts";
import { all, bytesOf, noWait, textOf, useSandbox } from "./sandbox.ts";

const { sandbox, clientsOf, openBucket, storeOf } = useSandbox();

const callsOf = (action: string) =>
  sandbox()
    .calls()
    .filter((call) => call.action === action).length;

test("an object is created once; the same bytes again are a success, others change nothing", async () => {
  const store = openBucket("once");
  await store.create("v1/a", bytesOf("one"));
  await store.create("v1/a", bytesOf("one"));
  expect(await thrownBy(() => store.create("v1/a", bytesOf("two")))).toBe("RECORD_CONFLICT");
  expect(textOf(await store.read("v1/a"))).toBe("one");
  expect(await all(store.listVersions("v1/"))).toHaveLength(1);
  expect(await store.read("v1/missing")).toBeUndefined();
});

test("the oldest version wins, though the key was deleted and made again", async () => {
  const store = openBucket("oldest");
  await store.create("k", bytesOf("first"));
  await clientsOf("alice").s3.send(new DeleteObjectCommand({ Bucket: "oldest", Key: "k" }));
  await store.create("k", bytesOf("second"));
  await store.create("k.longer", bytesOf("another key"));
  expect(textOf(await store.read("k"))).toBe("first");
  const versions = (await all(store.listVersions("k"))).filter(({ key }) => key === "k");
  expect(versions.map(({ isDeleteMarker, isLatest }) => [isDeleteMarker, isLatest])).toEqual([
    [false, true],
    [true, false],
    [false, false],
  ]);
  const [second, , first] = versions;
  expect(textOf(await store.readVersion("k", second?.versionId ?? ""))).toBe("second");
  expect(textOf(await store.readVersion("k", first?.versionId ?? ""))).toBe("first");
  // The current version is one that we did not write: not ours to call a success.
  expect(await thrownBy(() => store.create("k", bytesOf("second")))).toBe("RECORD_CONFLICT");
});

test("a lost reply to a write is a success, and one object", async () => {
  const store = openBucket("lost");
  sandbox().faults.add({ action: "PutObject", kind: "lostReply", count: 1 });
  await store.create("k", bytesOf("bytes"));
  expect(await all(store.listVersions("k"))).toHaveLength(1);
});

test("a lost reply whose retry finds other bytes is a conflict", async () => {
  const store = openBucket("lost-conflict");
  await store.create("k", bytesOf("theirs"));
  sandbox().faults.add({ action: "PutObject", kind: "dropBefore", count: 1 });
  expect(await thrownBy(() => store.create("k", bytesOf("ours")))).toBe("RECORD_CONFLICT");
});

test("503 for a while and 409 for a while end well", async () => {
  const store = openBucket("while");
  sandbox().faults.add({ action: "PutObject", kind: "status", status: 503, count: 2 });
  sandbox().faults.add({ action: "PutObject", kind: "status", status: 409, count: 3, skip: 2 });
  await store.create("k", bytesOf("bytes"));
  expect(textOf(await store.read("k"))).toBe("bytes");
});

test("409 for ever is no conflict: nobody else's object is there", async () => {
  const store = openBucket("conflict");
  sandbox().faults.add({ action: "PutObject", kind: "status", status: 409 });
  expect(await thrownBy(() => store.create("k", bytesOf("bytes")))).toBe("AUDIT_UNREACHABLE");
});

test("what is overwritten is read as it is now", async () => {
  const store = openBucket("replaced");
  await store.replace("current", bytesOf("one"));
  await store.replace("current", bytesOf("two"));
  expect(textOf(await store.readCurrent?.("current"))).toBe("two");
  expect(textOf(await store.read("current"))).toBe("one");
});

test("listings are complete, in order, and go on after a key", async () => {
  const store = openBucket("long");
  const keys = Array.from({ length: 1003 }, (_, n) => `a/${String(n).padStart(4, "0")}`);
  for (const key of [...keys, "b/x/1", "b/x/2", "b/y/1", "b/z"]) {
    sandbox().seed.putObject("long", key, "x", new Date());
  }
  expect((await all(store.list("a/"))).map(({ key }) => key)).toEqual(keys);
  expect((await all(store.list("a/", "a/0999"))).map(({ key }) => key)).toEqual(keys.slice(1000));
  expect((await all(store.listVersions("a/"))).map(({ key }) => key)).toEqual(keys);
  expect(await all(store.listPrefixes("b/"))).toEqual(["b/x/", "b/y/"]);
  const [first] = await all(store.list("b/z"));
  expect(first).toMatchObject({ size: 1, isLatest: true, isDeleteMarker: false });
});

test("keys that XML cannot hold, or that look encoded, are listed as they are", async () => {
  const store = openBucket("odd");
  const keys = ["o/%2F", "o/+ &<>\"'", "o/\u0001\u001b[31m", "o/\u202e", "o/é", "o/\u{1f511}/x"];
  for (const key of keys) sandbox().seed.putObject("odd", key, "x", new Date());
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect((await all(store.list("o/"))).map(({ key }) => key)).toEqual(sorted);
  expect((await all(store.listVersions("o/"))).map(({ key }) => key)).toEqual(sorted);
  expect(await all(store.listPrefixes("o/"))).toEqual(["o/\u{1f511}/"]);
  for (const key of keys) expect(textOf(await store.read(key))).toBe("x");
});

/** Two versions of one key: S3 lists the newer first, and a multipart upload bears the time of its start. */
const twoVersions = `<ListVersionsResult><Name>b</Name><IsTruncated>false</IsTruncated>
<Version><Key>k</Key><VersionId>later</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-24T08:00:00.000Z</LastModified><Size>1</Size></Version>
<Version><Key>k</Key><VersionId>first</VersionId><IsLatest>false</IsLatest><LastModified>2026-11-24T09:00:00.000Z</LastModified><Size>1</Size></Version>
<DeleteMarker><Key>k</Key><VersionId>marker</VersionId><IsLatest>false</IsLatest><LastModified>2026-11-24T09:30:00.000Z</LastModified></DeleteMarker>
</ListVersionsResult>`;

test("which version is the oldest is S3's word, not the time of an upload that was begun before", async () => {
  const s3 = await fakeS3((request, reply) => {
    const { searchParams } = new URL(request.url ?? "", "http://s3");
    reply.end(searchParams.has("versions") ? twoVersions : searchParams.get("versionId"));
  });
  const store = bucketStore({ s3, bucket: "b", account: undefined, wait: noWait });
  expect(textOf(await store.read("k"))).toBe("first");
  expect((await all(store.listVersions("k"))).map(({ versionId }) => versionId)).toEqual([
    "later",
    "marker",
    "first",
  ]);
});

test("a reply that breaks off is no object", async () => {
  const s3 = await fakeS3((_, reply) => {
    reply.writeHead(200, { "content-length": "100" });
    reply.write("half", () => reply.destroy());
  });
  const store = bucketStore({ s3, bucket: "b", account: undefined, wait: noWait });
  expect(await thrownBy(() => store.readVersion("k", "1"))).toBe("AUDIT_UNREACHABLE");
});

const put = { action: "PutObject", kind: "status" } as const;

test.each([
  [{ ...put, status: 503 }, "AWS_THROTTLED"],
  [{ ...put, status: 500 }, "AUDIT_UNREACHABLE"],
  [{ ...put, status: 403 }, "AUDIT_DENIED"],
  [{ ...put, status: 403, code: "RequestTimeTooSkewed" }, "AWS_CLOCK_SKEW"],
  [{ ...put, status: 403, code: "InvalidAccessKeyId" }, "AWS_BAD_CREDENTIALS"],
  [{ ...put, status: 403, code: "SignatureDoesNotMatch" }, "AWS_BAD_CREDENTIALS"],
  [{ ...put, status: 400, code: "InvalidRequest" }, "AUDIT_REFUSED"],
  [{ action: "PutObject", kind: "expiredToken" }, "AWS_EXPIRED"],
  [{ action: "PutObject", kind: "dropBefore" }, "AUDIT_UNREACHABLE"],
] as const)("%j is told as %s, and no error holds a secret", async (fault, code) => {
  const bucket = `e-${code.toLowerCase().replaceAll("_", "-")}`;
  openBucket(bucket);
  const store = storeOf("alice", bucket, STORE_ACCOUNT, { attempts: 1 });
  sandbox().faults.add(fault);
  let error: unknown;
  await store.create("k", bytesOf("bytes")).catch((thrown) => {
    error = thrown;
  });
  expect(error).toMatchObject({ code });
  const text = inspect(error, { depth: null, showHidden: true });
  expect(text).not.toContain(sandbox().credentials("alice")?.secretAccessKey);
  expect(text).not.toMatch(/authorization|x-amz-security-token|AWS4-HMAC/i);
});

test("a bucket that is missing, elsewhere, another's or closed", async () => {
  expect(await thrownBy(() => storeOf("alice", "no-such-bucket").read("k"))).toBe("AUDIT_BUCKET_MISSING");
  expect(
    await thrownBy(() => storeOf("eve", AUDIT_BUCKET, AUDIT_ACCOUNT).create("v1/rec/x", bytesOf(""))),
  ).toBe("AUDIT_DENIED");
  openBucket("owned");
  expect(await thrownBy(() => storeOf("alice", "owned", "999999999999").create("k", bytesOf("")))).toBe(
    "AUDIT_DENIED",
  );
  openBucket("far", "us-west-2");
  expect(await thrownBy(() => storeOf("alice", "far").create("k", bytesOf("")))).toBe("AUDIT_WRONG_REGION");
  await storeOf("alice", "far", STORE_ACCOUNT, { bucketRegion: "us-west-2" }).create("k", bytesOf("x"));
  const follows = storeOf("alice", "far", STORE_ACCOUNT, { followRegion: true });
  expect(textOf(await follows.readCurrent?.("k"))).toBe("x");
});

test("without credentials nothing is sent", async () => {
  const before = callsOf("PutObject");
  expect(await thrownBy(() => storeOf(undefined, AUDIT_BUCKET).create("k", bytesOf("")))).toBe(
    "AWS_NO_CREDENTIALS",
  );
  expect(callsOf("PutObject")).toBe(before);
});

test("to a host that nobody has checked nothing is sent", async () => {
  const before = callsOf("PutObject");
  const store = storeOf("alice", AUDIT_BUCKET, undefined, { hosts: ["elsewhere.example"] });
  expect(await thrownBy(() => store.create("k", bytesOf("")))).toBe("ENDPOINT_REFUSED");
  expect(callsOf("PutObject")).toBe(before);
});
