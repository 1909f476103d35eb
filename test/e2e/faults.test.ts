import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { useSandbox, why, whyVariables } from "../support/fixture.ts";
import type { Ended, Environment, Machine } from "../support/jit.ts";
import { assumedRoles, errorOf, expectError, recordsOf, unrecordedSessions } from "../support/ledger.ts";

/** What AWS does wrong, or is asked wrongly: each with its code and exit, and never a session without a record. */

const { sandbox, machine } = useSandbox();

afterEach(async () => {
  await sandbox().clearFaults();
  expect(await unrecordedSessions(sandbox())).toEqual([]);
});

const ask = (who: Machine, env: Environment = {}): Promise<Ended> =>
  who.jit(["request", "customers:read", ...why, "--json"], { env });
const openOf = async (who: Machine): Promise<readonly unknown[]> =>
  JSON.parse((await who.jit(["status", "--json"])).stdout).sessions;

/** Nothing was asked of STS, and nothing is open. */
async function expectNothing(who: Machine, before: readonly unknown[]): Promise<void> {
  expect(await assumedRoles(sandbox())).toHaveLength(before.length);
  expect(await openOf(who)).toEqual([]);
}

describe("credentials", () => {
  const none = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_SESSION_TOKEN: undefined,
  };

  test.each<[string, Environment, string]>([
    ["none", none, "AWS_NO_CREDENTIALS"],
    ["a profile that is not there", { ...none, AWS_PROFILE: "nobody" }, "AWS_NO_CREDENTIALS"],
    ["a key that AWS does not know", { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE" }, "AWS_BAD_CREDENTIALS"],
    ["a wrong secret", { AWS_SECRET_ACCESS_KEY: "wrong" }, "AWS_BAD_CREDENTIALS"],
    ["a token that is none", { AWS_SESSION_TOKEN: "nonsense" }, "AWS_BAD_CREDENTIALS"],
  ])("%s", async (_, env, code) => {
    const before = await assumedRoles(sandbox());
    const alice = await machine("alice", env);
    expectError(await ask(alice), code, 8);
    expectError(await alice.jit(["credentials", "customers:read", "--json"], { env: whyVariables }), code, 8);
    await expectNothing(alice, before);
  });

  test("a profile without credentials is named", async () => {
    const alice = await machine("alice", { ...none, AWS_PROFILE: "work" });
    expect(errorOf(await ask(alice)).message).toContain('"work"');
    const flag = await alice.jit(["credentials", "--profile", "nobody", "customers:read", "--json"]);
    expect(errorOf(flag).message).toContain('"nobody"');
  });

  test("a credential_process that fails", async () => {
    const alice = await machine("alice", { ...none, AWS_PROFILE: "broken" });
    mkdirSync(join(alice.home, ".aws"));
    writeFileSync(join(alice.home, ".aws/config"), "[profile broken]\ncredential_process = false\n");
    expectError(await ask(alice), "AWS_NO_CREDENTIALS", 8);
  });

  test.each([
    { service: "sts" },
    { service: "s3" },
    { service: "s3", action: "PutObject" },
    { action: "AssumeRole" },
  ])("expired, as %j says", async (match) => {
    const alice = await machine("alice");
    const before = await assumedRoles(sandbox());
    await sandbox().fault({ ...match, kind: "expiredToken" });
    expectError(await ask(alice), "AWS_EXPIRED", 8);
    await expectNothing(alice, before);
  });

  test("expired in the night: a person of Identity Center comes back after nine hours", async () => {
    const frank = await machine("frank");
    expect((await frank.jit(["request", "orders:read", "--for", "1h", ...why])).code).toBe(0);
    await sandbox().advanceClock(9 * 3600);
    try {
      expectError(await frank.jit(["request", "orders:read", ...why, "--new", "--json"]), "AWS_EXPIRED", 8);
    } finally {
      await sandbox().advanceClock(-9 * 3600);
    }
  });
});

describe("AWS says no", () => {
  test("somebody who may nothing", async () => {
    const eve = await machine("eve");
    const before = await assumedRoles(sandbox());
    const ended = await ask(eve);
    expectError(ended, errorOf(ended).code, 8);
    expect(["AUDIT_DENIED", "STS_DENIED"]).toContain(errorOf(ended).code);
    await expectNothing(eve, before);
  });

  test("somebody who may not have this role: the attempt is in the log", async () => {
    const dave = await machine("dave");
    const before = await assumedRoles(sandbox());
    expectError(await ask(dave), "STS_DENIED", 8);
    await expectNothing(dave, before);
    const last = (await recordsOf(sandbox())).filter(({ type }) => type === "abort").at(-1);
    expect(last).toMatchObject({ code: "STS_DENIED", step: "assumeRole", accessKeyId: "-" });
  });

  test.each<[Record<string, unknown>, string, number]>([
    [{ service: "s3", action: "GetObject", kind: "status", status: 403 }, "AUDIT_DENIED", 8],
    [{ service: "s3", action: "PutObject", kind: "status", status: 403 }, "AUDIT_DENIED", 8],
    [{ service: "s3", key: ".request.jws", kind: "status", status: 403 }, "AUDIT_DENIED", 8],
    [{ service: "s3", key: ".issue.jws", kind: "status", status: 403 }, "AUDIT_DENIED", 8],
    [{ action: "AssumeRole", kind: "status", status: 403 }, "STS_DENIED", 8],
    [{ action: "GetCallerIdentity", kind: "status", status: 403 }, "STS_DENIED", 8],
    [{ action: "AssumeRole", kind: "status", status: 400, code: "RegionDisabledException" }, "STS_REGION", 8],
    [
      { action: "AssumeRole", kind: "status", status: 400, code: "PackedPolicyTooLarge" },
      "POLICY_PACKED_TOO_LARGE",
      3,
    ],
    [{ action: "AssumeRole", kind: "status", status: 400, code: "ValidationError" }, "STS_REFUSED", 8],
    [
      { service: "s3", key: ".request.jws", kind: "status", status: 400, code: "InvalidRequest" },
      "AUDIT_REFUSED",
      10,
    ],
  ])("%j", async (rule, code, exit) => {
    const alice = await machine("alice");
    await sandbox().fault(rule);
    expectError(await ask(alice), code, exit);
    expect(await openOf(alice)).toEqual([]);
    // What could not be recorded then is recorded now.
    await sandbox().clearFaults();
    expect(await ask(alice)).toMatchObject({ code: 0 });
  });

  test("a bucket that the account may not write to any more, with a session open, is no matter until it ends", async () => {
    const alice = await machine("alice");
    expect((await ask(alice)).code).toBe(0);
    await sandbox().fault({ service: "s3", kind: "status", status: 403 });
    expect((await alice.jit(["credentials", "customers:read"])).code).toBe(0);
  });
});

describe("the audit bucket", () => {
  test.each<[string, Record<string, unknown>, string, number]>([
    ["is missing", { status: 404, code: "NoSuchBucket" }, "AUDIT_BUCKET_MISSING", 10],
    ["is in another region", { status: 301, code: "PermanentRedirect" }, "AUDIT_WRONG_REGION", 10],
    [
      "is in another region, by its signature",
      { status: 400, code: "AuthorizationHeaderMalformed" },
      "AUDIT_WRONG_REGION",
      10,
    ],
  ])("%s", async (_, reply, code, exit) => {
    for (const action of ["GetObject", "PutObject"]) {
      const alice = await machine("alice");
      const before = await assumedRoles(sandbox());
      await sandbox().fault({ service: "s3", action, kind: "status", ...reply });
      expectError(await ask(alice), code, exit);
      await expectNothing(alice, before);
      await sandbox().clearFaults();
    }
  });

  test.each([
    ["missing", "bucket: no-such-bucket", "AUDIT_BUCKET_MISSING", 10],
    ["another owner's", 'account: "999999999999"', "AUDIT_DENIED", 8],
  ])("really %s, by a catalog of one's own", async (_, line, code, exit) => {
    const alice = await machine("alice");
    const before = await assumedRoles(sandbox());
    const { sandboxCatalog } = await import("../../src/cli/sandbox-catalog.ts");
    const path = join(alice.home, "jit.yaml");
    const [name = ""] = line.split(":");
    writeFileSync(path, sandboxCatalog.replace(new RegExp(`^  ${name}:.*$`, "m"), `  ${line}`));
    expectError(await ask(alice, { JIT_ORGANIZATION: `${path}#unsigned` }), code, exit);
    await expectNothing(alice, before);
  });
});

describe("AWS does not answer", () => {
  // For ever: unreachable.test.ts.
  test.each([
    { service: "s3", kind: "status", status: 503, count: 3 },
    { service: "s3", action: "PutObject", kind: "status", status: 500, count: 2 },
    { service: "s3", action: "PutObject", kind: "status", status: 409, count: 3 },
    { service: "s3", action: "PutObject", kind: "dropBefore", count: 2 },
    { service: "s3", action: "GetObject", kind: "dropBefore", count: 1 },
    { service: "sts", kind: "status", status: 503, count: 2 },
    { service: "sts", kind: "status", status: 400, code: "Throttling", count: 2 },
    { service: "sts", action: "GetCallerIdentity", kind: "lostReply", count: 1 },
  ])("for a while, and then it works: %j", async (rule) => {
    const alice = await machine("alice");
    await sandbox().fault(rule);
    expect(await ask(alice)).toMatchObject({ code: 0 });
  });
});

describe("a reply that is lost", () => {
  test.each([
    ".enrol.jws",
    ".request.jws",
    ".issue.jws",
  ])("of the PUT of %s: the retry finds its own object", async (key) => {
    const alice = await machine("alice");
    await sandbox().clearCalls();
    await sandbox().fault({ service: "s3", action: "PutObject", key, kind: "lostReply", count: 1 });
    expect((await ask(alice)).code).toBe(0);
    const puts = (await sandbox().calls()).filter(
      ({ action, resource }) => action === "PutObject" && resource.endsWith(key),
    );
    expect(puts.map(({ status }) => status ?? 0)).toEqual([0, 412]);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test("of AssumeRole: nobody gets the session, and the abort says so", async () => {
    const alice = await machine("alice");
    const before = await assumedRoles(sandbox());
    await sandbox().fault({ action: "AssumeRole", kind: "lostReply", count: 1 });
    expectError(await ask(alice), "STS_REPLY_LOST", 9);
    const after = await assumedRoles(sandbox());
    expect(after).toHaveLength(before.length + 1);
    const request = after.find(
      ({ accessKeyId }) => !before.some((one) => one.accessKeyId === accessKeyId),
    )?.request;
    const records = (await recordsOf(sandbox())).filter((record) => record.request === request);
    expect(records.map(({ type }) => type).toSorted()).toEqual(["abort", "request"]);
    expect(records.find(({ type }) => type === "abort")).toMatchObject({
      code: "STS_REPLY_LOST",
      step: "assumeRole",
    });
    expect(await openOf(alice)).toEqual([]);
    expect((await ask(alice)).code).toBe(0);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });

  test("of every PUT of the issue record: it is in the bucket, and the session is nobody's", async () => {
    const alice = await machine("alice");
    await sandbox().fault({ service: "s3", key: ".issue.jws", kind: "dropBefore" });
    expectError(await ask(alice), "AUDIT_UNREACHABLE", 9);
    expect(await openOf(alice)).toEqual([]);
    await sandbox().clearFaults();
    expect((await ask(alice)).code).toBe(0);
    expect((await alice.jit(["audit", "verify"])).code).toBe(0);
  });
});

describe("a clock that is off", () => {
  test.each([1200, -1200])("by %i s: works, and doctor says so", async (seconds) => {
    await sandbox().advanceClock(seconds);
    try {
      const alice = await machine("alice");
      expect(await ask(alice)).toMatchObject({ code: 0 });
      expect(await alice.jit(["exec", "customers:read", "--", "true"])).toMatchObject({ code: 0 });
      const { Expiration } = JSON.parse((await alice.jit(["credentials", "customers:read"])).stdout);
      expect(Date.parse(Expiration) - Date.now() - seconds * 1000).toBeGreaterThan(600_000);
      const { checks } = JSON.parse((await alice.jit(["doctor", "--json"])).stdout);
      const clock = checks.find(({ name }: { name: string }) => name === "clock");
      expect(clock).toMatchObject({ state: "warning", found: expect.stringMatching(/1(199|200|201) s/) });
      expect((await alice.jit(["audit", "verify"])).code).toBe(0);
      const again = await alice.jit(["request", "customers:read", ...why, "--new", "--json"]);
      expect(again).toMatchObject({ code: 0 });
    } finally {
      await sandbox().advanceClock(-seconds);
    }
  });
});
