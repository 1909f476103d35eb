import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { bucketStore } from "../../src/aws/record-store.ts";
import { ServerClock } from "../../src/aws/server-clock.ts";
import { GetSigner } from "../../src/aws/sign-get.ts";
import { STORE_ACCOUNT } from "../../src/sandbox/account.ts";
import { thrownBy } from "../local/temporary.ts";
import { fakeS3 } from "./fake-s3.ts";
import { all, bytesOf, noWait, textOf, useSandbox } from "./sandbox.ts";

const { sandbox, clientsOf } = useSandbox();

const clock = () => new ServerClock(Date.now);
const thumbprint = "A".repeat(43);
const nameOf = (userid: string, n = 0) => `v1/rec/20261124T08/-/${userid}/${thumbprint}.${n}.enrol.jws`;
const names = [
  nameOf("AIDAEXAMPLEEXAMPLE123"),
  nameOf("AROAEXAMPLEEXAMPLE123:alice"),
  nameOf("AROAEXAMPLEEXAMPLE123:a+b=c,d.e@f-g_h"),
];

test("AWS's own example of a signature", () => {
  const headers = new GetSigner().sign(
    {
      region: "us-east-1",
      path: "/",
      query: "lifecycle=",
      headers: { host: "examplebucket.s3.amazonaws.com", "user-agent": "not signed" },
    },
    { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    new Date("2013-05-24T00:00:00Z"),
  );
  expect(headers["authorization"]).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
      "SignedHeaders=host;x-amz-content-sha256;x-amz-date, " +
      "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  );
});

test("a key is not kept for other credentials, nor for another day", () => {
  const signer = new GetSigner();
  const wanted = { region: "us-east-1", path: "/", query: "", headers: { host: "h" } };
  const of = (secretAccessKey: string, day: string) => {
    const keys = { accessKeyId: "A", secretAccessKey };
    const now = new Date(`2026-11-${day}T00:00:00Z`);
    return [signer.sign(wanted, keys, now), new GetSigner().sign(wanted, keys, now)];
  };
  for (const [kept, anew] of [of("a", "24"), of("b", "24"), of("b", "25"), of("a", "25")])
    expect(kept).toEqual(anew);
});

test.each(["alice", "frank"])("what %s reads so is what the SDK reads, one call each", async (person) => {
  const name = `plain-${person}`;
  const statement = { Effect: "Allow", Principal: "*", Action: "s3:*" };
  sandbox().seed.createBucket(name, {
    account: STORE_ACCOUNT,
    region: sandbox().region,
    created: new Date(),
    versioning: true,
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ ...statement, Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] }],
    }),
  });
  // Frank's credentials are those of a session, alice's those of a user.
  const { s3 } = clientsOf(person);
  const store = bucketStore({ s3, bucket: name, account: STORE_ACCOUNT, clock: clock(), wait: noWait });
  for (const key of names) await store.create(key, bytesOf(`of ${key}`));
  const versions = await all(store.listVersions("v1/"));
  const before = sandbox().calls().length;
  for (const { key, versionId } of versions)
    expect(textOf(await store.readVersion(key, versionId))).toBe(`of ${key}`);
  const calls = sandbox().calls().slice(before);
  expect(calls.map(({ action, code }) => [action, code])).toEqual(names.map(() => ["GetObject", undefined]));
  expect(await store.readVersion(names[0] ?? "", "none")).toBeUndefined();
});

/** An endpoint that tells which calls were the SDK's. */
async function endpoint(
  answer: (call: number, isSdk: boolean) => { status?: number; body?: string; cut?: boolean },
) {
  const calls: boolean[] = [];
  const heard: IncomingMessage[] = [];
  const s3 = await fakeS3((request, reply) => {
    const isSdk = request.headers["amz-sdk-invocation-id"] !== undefined;
    calls.push(isSdk);
    heard.push(request);
    const { status = 200, body = "bytes", cut = false } = answer(calls.length, isSdk);
    reply.writeHead(status, cut ? { "content-length": "100" } : {});
    if (cut) reply.write(body, () => reply.destroy());
    else reply.end(body);
  });
  const account = "111122223333";
  const store = bucketStore({ s3, bucket: "b", account, clock: clock(), wait: noWait });
  return { store, calls, heard };
}

test("one call of the SDK tells the place; other names, and other versions' ids, are always its own", async () => {
  const { store, calls, heard } = await endpoint(() => ({}));
  const [name = ""] = names;
  await store.readVersion("v1/catalog/a", "1");
  expect(textOf(await store.readVersion(name, "1"))).toBe("bytes");
  expect(textOf(await store.readVersion(name, "2"))).toBe("bytes");
  await store.readVersion("v1/catalog/a", "1");
  await store.readVersion(name, "a/b&c");
  await store.read("v1/rec/x").catch(() => undefined);
  expect(calls.slice(0, 5)).toEqual([true, true, false, true, true]);
  const [, sdk, own] = heard;
  for (const header of ["host", "user-agent", "x-amz-expected-bucket-owner"])
    expect(own?.headers[header]).toBe(sdk?.headers[header]);
  expect(own?.url).toBe(sdk?.url?.replace("versionId=1", "versionId=2").replace(/&?x-id=GetObject&?/, ""));
});

test.each([
  ["an error", { status: 503, body: "" }],
  ["a redirect", { status: 307, body: "elsewhere" }],
  ["a reply that breaks off", { body: "by", cut: true }],
])("%s is left to the SDK", async (_, answer) => {
  const { store, calls } = await endpoint((_call, isSdk) => (isSdk ? {} : answer));
  const [name = ""] = names;
  for (const version of ["1", "2", "3"]) expect(textOf(await store.readVersion(name, version))).toBe("bytes");
  expect(calls).toEqual([true, false, true, false, true]);
});

test("a place that takes none of ours is asked by the SDK alone from then on", async () => {
  const { store, calls } = await endpoint((_call, isSdk) => (isSdk ? {} : { status: 403 }));
  for (let version = 0; version < 20; version++) await store.readVersion(names[0] ?? "", `${version}`);
  expect(calls.filter((isSdk) => !isSdk)).toHaveLength(8);
});

test("what neither can read is told as the SDK has it", async () => {
  const { store } = await endpoint((call) =>
    call === 1 ? {} : { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" },
  );
  await store.readVersion(names[0] ?? "", "1");
  expect(await thrownBy(() => store.readVersion(names[0] ?? "", "2"))).toBe("AUDIT_DENIED");
});
