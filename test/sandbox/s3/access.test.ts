import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, failure, OTHER_ACCOUNT, type S3Sandbox, s3Sandbox } from "./fixture.ts";

let sandbox: S3Sandbox;
const arn = "arn:aws:s3:::private";

function allow(Action: string | string[], Resource: string | string[], Condition?: object) {
  const statement = { Effect: "Allow", Action, Resource, ...(Condition === undefined ? {} : { Condition }) };
  return { Version: "2012-10-17", Statement: [statement] };
}

beforeAll(async () => {
  sandbox = await s3Sandbox({
    root: {},
    reader: { policy: allow("s3:GetObject", `${arn}/*`) },
    lister: {
      policy: {
        Version: "2012-10-17",
        Statement: [...allow("s3:GetObject", `${arn}/*`).Statement, ...allow("s3:ListBucket", arn).Statement],
      },
    },
    prefixed: { policy: allow("s3:ListBucket", arn, { StringLike: { "s3:prefix": "a/*" } }) },
    nobody: { policy: allow("s3:GetObject", "arn:aws:s3:::elsewhere/*") },
    stranger: { account: OTHER_ACCOUNT },
    guest: { account: OTHER_ACCOUNT, policy: allow("s3:*", "*") },
  });
  const client = sandbox.client("root");
  await client.send(new CreateBucketCommand({ Bucket: "private" }));
  await client.send(new CreateBucketCommand({ Bucket: "shared" }));
  await client.send(new PutObjectCommand({ Bucket: "private", Key: "a/1", Body: "1" }));
});
afterAll(() => sandbox.close());

const read = (name: string, Key: string, Bucket = "private") =>
  failure(sandbox.client(name).send(new GetObjectCommand({ Bucket, Key })));
const refused = { name: "AccessDenied", status: 403 };

describe("identity policies", () => {
  test("what is there", async () => {
    expect(await read("reader", "a/1")).toBeUndefined();
    expect(await read("nobody", "a/1")).toEqual(refused);
    expect(await read("stranger", "a/1")).toEqual(refused);
  });

  test("what is not there is 404 only for who may list", async () => {
    expect(await read("reader", "none")).toEqual(refused);
    expect(await read("lister", "none")).toEqual({ name: "NoSuchKey", status: 404 });
    const head = (name: string) =>
      failure(sandbox.client(name).send(new HeadObjectCommand({ Bucket: "private", Key: "none" })));
    expect((await head("reader"))?.status).toBe(403);
    expect(await head("lister")).toEqual({ name: "NotFound", status: 404 });
  });

  test("s3:prefix", async () => {
    const list = (Prefix?: string) =>
      failure(sandbox.client("prefixed").send(new ListObjectsV2Command({ Bucket: "private", Prefix })));
    expect(await list("a/")).toBeUndefined();
    expect(await list("b/")).toEqual(refused);
    expect(await list()).toEqual(refused);
  });

  test("a copy needs to read the source", async () => {
    const copy = new CopyObjectCommand({ Bucket: "shared", Key: "x", CopySource: "private/a/1" });
    expect(await failure(sandbox.client("guest").send(copy))).toEqual(refused);
  });
});

describe("buckets", () => {
  test("only one's own are listed", async () => {
    const own = await sandbox.client("root").send(new ListBucketsCommand({}));
    expect(own.Buckets?.map(({ Name }) => Name)).toEqual(["private", "shared"]);
    const first = await sandbox.client("root").send(new ListBucketsCommand({ MaxBuckets: 1 }));
    expect(first.Buckets?.map(({ Name }) => Name)).toEqual(["private"]);
    const { ContinuationToken } = first;
    const next = await sandbox
      .client("root")
      .send(new ListBucketsCommand({ MaxBuckets: 1, ContinuationToken }));
    expect(next.Buckets?.map(({ Name }) => Name)).toEqual(["shared"]);
    expect(next.ContinuationToken).toBeUndefined();
    const others = await sandbox.client("guest").send(new ListBucketsCommand({}));
    expect(others.Buckets ?? []).toEqual([]);
    expect(await failure(sandbox.client("nobody").send(new ListBucketsCommand({})))).toEqual(refused);
  });

  test("names are taken, unfit or full", async () => {
    const create = (name: string, Bucket: string) =>
      failure(sandbox.client(name).send(new CreateBucketCommand({ Bucket })));
    expect(await create("root", "private")).toBeUndefined();
    expect(await create("guest", "private")).toEqual({ name: "BucketAlreadyExists", status: 409 });
    expect(await create("root", "Not_Valid")).toEqual({ name: "InvalidBucketName", status: 400 });
    expect(await create("nobody", "another")).toEqual(refused);
    const remove = new DeleteBucketCommand({ Bucket: "private" });
    expect(await failure(sandbox.client("root").send(remove))).toEqual({
      name: "BucketNotEmpty",
      status: 409,
    });
    expect(await read("root", "x", "nosuchbucket")).toEqual({ name: "NoSuchBucket", status: 404 });
  });

  test("another region answers with a redirect that names it", async () => {
    const west = sandbox.client("root", { region: "eu-west-1" });
    await west.send(
      new CreateBucketCommand({
        Bucket: "west",
        CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
      }),
    );
    const again = new CreateBucketCommand({
      Bucket: "west",
      CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
    });
    expect(await failure(west.send(again))).toEqual({ name: "BucketAlreadyOwnedByYou", status: 409 });
    const location = await west.send(new GetBucketLocationCommand({ Bucket: "west" }));
    expect(location.LocationConstraint).toBe("eu-west-1");
    expect(await read("root", "x", "west")).toEqual({ name: "PermanentRedirect", status: 301 });
    const followed = sandbox.client("root", { followRegionRedirects: true });
    const head = await followed.send(new HeadBucketCommand({ Bucket: "west" }));
    expect(head.BucketRegion).toBe("eu-west-1");
  });

  test("the expected owner", async () => {
    const get = (ExpectedBucketOwner: string) =>
      failure(
        sandbox
          .client("root")
          .send(new GetObjectCommand({ Bucket: "private", Key: "a/1", ExpectedBucketOwner })),
      );
    expect(await get(ACCOUNT)).toBeUndefined();
    expect(await get(OTHER_ACCOUNT)).toEqual(refused);
  });
});

describe("bucket policies", () => {
  const client = () => sandbox.client("root");
  const setPolicy = (Bucket: string, Statement: object[]) =>
    client().send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );

  test("the audit bucket's: another account writes create-only under its own user id", async () => {
    await setPolicy("shared", [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
        Action: "s3:PutObject",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
        Resource: "arn:aws:s3:::shared/v1/rec/*/*/${aws:userid}/*",
        Condition: { StringEquals: { "s3:if-none-match": "*" } },
      },
    ]);
    const put = (name: string, Key: string, IfNoneMatch?: string) =>
      failure(
        sandbox.client(name).send(new PutObjectCommand({ Bucket: "shared", Key, Body: "r", IfNoneMatch })),
      );
    expect(await put("guest", "v1/rec/h/r/AIDAGUEST/k.0", "*")).toBeUndefined();
    expect(await put("guest", "v1/rec/h/r/AIDAGUEST/k.0", "*")).toMatchObject({ status: 412 });
    expect(await put("guest", "v1/rec/h/r/AIDAGUEST/k.1")).toEqual(refused);
    expect(await put("guest", "v1/rec/h/r/AIDASTRANGER/k.0", "*")).toEqual(refused);
    expect(await put("nobody", "v1/rec/h/r/AIDANOBODY/k.0", "*")).toEqual(refused);
  });

  test("everybody may read what the policy opens to everybody", async () => {
    await setPolicy("shared", [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::shared/public/*" },
    ]);
    await client().send(new PutObjectCommand({ Bucket: "shared", Key: "public/1", Body: "open" }));
    await client().send(new PutObjectCommand({ Bucket: "shared", Key: "closed/1", Body: "shut" }));
    const open = await fetch(`${sandbox.url}/shared/public/1`);
    expect(await open.text()).toBe("open");
    const shut = await fetch(`${sandbox.url}/shared/closed/1`);
    expect(shut.status).toBe(403);
    expect(await shut.text()).toContain("<Code>AccessDenied</Code>");
    expect((await fetch(`${sandbox.url}/shared/public/none`)).status).toBe(403);
  });

  test("a deny binds the owner's users too, and the policy can be read and taken away", async () => {
    await setPolicy("private", [
      { Effect: "Deny", Principal: "*", Action: "s3:GetObject", Resource: `${arn}/*` },
    ]);
    expect(await read("reader", "a/1")).toEqual(refused);
    const { Policy } = await client().send(new GetBucketPolicyCommand({ Bucket: "private" }));
    expect(JSON.parse(Policy ?? "")).toMatchObject({ Statement: [{ Effect: "Deny" }] });
    await client().send(new DeleteBucketPolicyCommand({ Bucket: "private" }));
    expect(await read("reader", "a/1")).toBeUndefined();
    expect(await failure(client().send(new GetBucketPolicyCommand({ Bucket: "private" })))).toEqual({
      name: "NoSuchBucketPolicy",
      status: 404,
    });
  });

  test.each([
    ["no JSON", "{"],
    ["no principal", JSON.stringify(allow("s3:GetObject", `${arn}/*`))],
    [
      "another bucket",
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::other" }],
      }),
    ],
  ])("malformed: %s", async (_, Policy) => {
    expect(await failure(client().send(new PutBucketPolicyCommand({ Bucket: "private", Policy })))).toEqual({
      name: "MalformedPolicy",
      status: 400,
    });
  });

  test("a batch delete is judged key by key", async () => {
    await setPolicy("shared", [
      { Effect: "Deny", Principal: "*", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::shared/keep" },
    ]);
    const Objects = [{ Key: "keep" }, { Key: "drop" }];
    const reply = await client().send(new DeleteObjectsCommand({ Bucket: "shared", Delete: { Objects } }));
    expect(reply.Deleted?.map(({ Key }) => Key)).toEqual(["drop"]);
    expect(reply.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([["keep", "AccessDenied"]]);
  });
});

describe("what S3 has and the sandbox has not", () => {
  test.each([
    "acl",
    "cors",
    "lifecycle",
    "tagging",
    "website",
    "encryption",
    "publicAccessBlock",
  ])("?%s is 501", async (name) => {
    const reply = await fetch(`${sandbox.url}/private?${name}`);
    expect(reply.status).toBe(501);
    expect(await reply.text()).toContain("<Code>NotImplemented</Code>");
  });

  test("a method that S3 does not have there", async () => {
    expect((await fetch(`${sandbox.url}/private/a`, { method: "PATCH" })).status).toBe(405);
    expect((await fetch(`${sandbox.url}/private?policy`, { method: "POST" })).status).toBe(405);
  });

  test("a path that is no encoding", async () => {
    expect(await (await fetch(`${sandbox.url}/private/%ff`)).text()).toContain("<Code>InvalidURI</Code>");
  });
});
