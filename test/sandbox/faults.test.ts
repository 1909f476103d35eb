import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sequentialRoundTrips } from "../../src/sandbox/calls.ts";
import { Faults, type FaultTarget, parseFaultRule } from "../../src/sandbox/faults.ts";
import { failure, type S3Sandbox, s3Sandbox } from "./s3/fixture.ts";

let sandbox: S3Sandbox;
const Bucket = "faults";

beforeAll(async () => {
  sandbox = await s3Sandbox();
  await sandbox.client("root").send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => sandbox.close());
beforeEach(() => {
  sandbox.faults.clear();
  sandbox.clearCalls();
});

const put = (Key: string, more = {}, config = {}) =>
  sandbox.client("root", config).send(new PutObjectCommand({ Bucket, Key, Body: Key, ...more }));
const get = (Key: string) => failure(sandbox.client("root").send(new GetObjectCommand({ Bucket, Key })));

describe("what a client sees", () => {
  test("503 once: the SDK tries again", async () => {
    sandbox.faults.add({ kind: "status", status: 503, action: "PutObject", count: 1 });
    expect(await failure(put("a"))).toEqual({ name: "SlowDown", status: 503 });
    sandbox.faults.add({ kind: "status", status: 503, action: "PutObject", count: 1 });
    expect(await failure(put("a", {}, { maxAttempts: 2 }))).toBeUndefined();
    expect(sandbox.calls().map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  test("a refusal changes nothing", async () => {
    sandbox.faults.add({ kind: "status", status: 409, count: 1 });
    expect(await failure(put("none"))).toEqual({ name: "ConditionalRequestConflict", status: 409 });
    expect(await get("none")).toMatchObject({ name: "NoSuchKey" });
  });

  test("a lost reply: the write is there, and the SDK's own retry is told 412", async () => {
    sandbox.faults.add({ kind: "lostReply", action: "PutObject", key: "lost", count: 1 });
    expect(await failure(put("lost", { IfNoneMatch: "*" }, { maxAttempts: 2 }))).toMatchObject({
      status: 412,
    });
    expect(await get("lost")).toBeUndefined();
  });

  test("a connection that drops before anything happened", async () => {
    sandbox.faults.add({ kind: "dropBefore", count: 1 });
    expect((await failure(put("dropped")))?.status).toBeUndefined();
    expect(sandbox.calls()[0]).toMatchObject({ action: "PutObject", status: undefined });
    expect(await get("dropped")).toMatchObject({ name: "NoSuchKey" });
  });

  test("an expired token", async () => {
    sandbox.faults.add({ kind: "expiredToken", service: "s3", count: 1 });
    expect(await failure(put("expired"))).toEqual({ name: "ExpiredToken", status: 400 });
  });

  test("latency", async () => {
    sandbox.faults.add({ kind: "latency", ms: 60, count: 1 });
    await put("slow");
    const [call] = sandbox.calls();
    expect((call?.end ?? 0) - (call?.start ?? 0)).toBeGreaterThanOrEqual(55);
  });

  test("a hang ends with the client's patience", async () => {
    sandbox.faults.add({ kind: "hang", count: 1 });
    const sent = sandbox
      .client("root")
      .send(new ListBucketsCommand({}), { abortSignal: AbortSignal.timeout(80) });
    expect((await failure(sent))?.name).toBe("AbortError");
  });

  test("a Date header that is off", async () => {
    sandbox.faults.add({ kind: "dateOffset", seconds: 1200, count: 1 });
    const reply = await fetch(`${sandbox.url}/`);
    const offset = Date.parse(reply.headers.get("date") ?? "") - Date.now();
    expect(Math.abs(offset - 1_200_000)).toBeLessThan(5_000);
  });
});

describe("rules", () => {
  const target: FaultTarget = { service: "s3", action: "PutObject", resource: "b/k", accessKeyId: "AKIA" };
  const ends = (faults: Faults, more: Partial<FaultTarget> = {}) =>
    faults.plan({ ...target, ...more }).ending?.kind;

  test("match by service, action, part of the key and access key", () => {
    for (const match of [
      { service: "s3" },
      { action: "PutObject" },
      { key: "/k" },
      { accessKeyId: "AKIA" },
      {},
    ]) {
      const faults = new Faults();
      faults.add({ kind: "hang", ...match });
      expect(ends(faults)).toBe("hang");
      const other = { service: "sts", action: "GetObject", resource: "c/x", accessKeyId: undefined };
      expect(ends(faults, other)).toBe(Object.keys(match).length === 0 ? "hang" : undefined);
    }
  });

  test("skip, count, and one ending at a time", () => {
    const faults = new Faults();
    faults.add({ kind: "dropBefore", skip: 1, count: 1 });
    faults.add({ kind: "lostReply", count: 2 });
    expect([1, 2, 3, 4].map(() => ends(faults))).toEqual(["lostReply", "dropBefore", "lostReply", undefined]);
    expect(faults.rules).toEqual([]);
  });

  test.each([
    [null],
    [{}],
    [{ kind: "nothing" }],
    [{ kind: "latency" }],
    [{ kind: "status", status: "503" }],
    [{ kind: "hang", key: 1 }],
  ])("%j is none", (value) => {
    expect(parseFaultRule(value)).toBeUndefined();
  });
});

describe("over HTTP", () => {
  const control = (path: string, init: RequestInit = {}) =>
    fetch(`${sandbox.url}/_sandbox/${path}`, {
      headers: { "x-sandbox-token": sandbox.controlToken },
      ...init,
    });

  test("needs the token", async () => {
    expect((await fetch(`${sandbox.url}/_sandbox/calls`)).status).toBe(403);
    expect((await control("nothing")).status).toBe(404);
  });

  test("rules come, show and go", async () => {
    const rule = { kind: "status", status: 500, count: 1 };
    await control("faults", { method: "POST", body: JSON.stringify([rule, rule]) });
    expect(await (await control("faults")).json()).toEqual([rule, rule]);
    expect(await failure(put("x"))).toEqual({ name: "InternalError", status: 500 });
    await control("faults", { method: "DELETE" });
    expect(sandbox.faults.rules).toEqual([]);
    const bad = await control("faults", { method: "POST", body: "{" });
    expect(bad.status).toBe(400);
  });

  test("the log tells calls and how many waited for another", async () => {
    await put("first");
    await Promise.all([get("first"), get("first")]);
    const records = await (await control("calls")).json();
    expect(records).toMatchObject([
      { service: "s3", action: "PutObject", resource: `${Bucket}/first`, status: 200 },
      { action: "GetObject" },
      { action: "GetObject" },
    ]);
    expect(sequentialRoundTrips(sandbox.calls())).toBeGreaterThanOrEqual(2);
    await control("calls", { method: "DELETE" });
    expect(sandbox.calls()).toEqual([]);
  });

  test("the clock moves", async () => {
    const before = sandbox.now().getTime();
    await control("clock", { method: "POST", body: JSON.stringify({ seconds: 3600 }) });
    expect(sandbox.now().getTime() - before).toBeGreaterThanOrEqual(3_600_000);
    expect(await failure(put("skewed"))).toEqual({ name: "RequestTimeTooSkewed", status: 403 });
    expect(await failure(put("corrected", {}, { maxAttempts: 2 }))).toBeUndefined();
    sandbox.advanceClock(-3600);
  });
});

test("sequential round trips are the longest chain of calls", () => {
  const call = (start: number, end: number) => ({
    service: "s3",
    action: "GetObject",
    resource: "",
    accessKeyId: undefined,
    start,
    end,
    status: 200,
    code: undefined,
  });
  expect(sequentialRoundTrips([])).toBe(0);
  expect(sequentialRoundTrips([call(0, 5), call(1, 4), call(2, 9)])).toBe(1);
  expect(sequentialRoundTrips([call(0, 5), call(1, 4), call(6, 8), call(9, 10)])).toBe(3);
});
