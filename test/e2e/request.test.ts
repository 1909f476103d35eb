import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reader, useSandbox, why, whyVariables } from "../support/fixture.ts";
import { eventually, type Machine } from "../support/jit.ts";

const { sandbox, machine } = useSandbox();
const profile = "s3://acme-customers/profiles/0007.json";

/** Types of a request's records, once `ends` end records are there: `exec` writes them in the background. */
async function typesOf(machine: Machine, request: string, ends: number): Promise<readonly string[]> {
  return await eventually(async () => {
    const story = JSON.parse((await machine.jit(["audit", "show", request, "--json"])).stdout);
    const types: string[] = story.entries.map(({ type }: { type: string }) => type);
    expect(story.entries.every(({ verified }: { verified: boolean }) => verified)).toBe(true);
    expect(types.filter((type) => type === "end")).toHaveLength(ends);
    return types;
  });
}

describe("the main job", () => {
  test("ask, say why, use, end: and nothing but what was asked for", async () => {
    const alice = await machine("alice");
    const asked = await alice.jit(["request", "customers:read", "--for", "20m", ...why, "--json"]);
    expect(asked).toMatchObject({ code: 0, stderr: expect.not.stringContaining("error") });
    const session = JSON.parse(asked.stdout);
    expect(session).toMatchObject({ status: "granted", targets: ["customers:read"] });
    expect(session.request).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(Date.parse(session.notAfter) - Date.parse(session.issuedAt)).toBeLessThanOrEqual(20 * 60_000);

    const inside = await alice.jit(["exec", "customers:read", "--", ...reader(profile)]);
    expect(inside.code).toBe(0);
    expect(JSON.parse(inside.stdout)).toMatchObject({ id: "0007" });
    const outside = await alice.jit([
      "exec",
      "customers:read",
      "--",
      ...reader("s3://acme-customers/lists/customers.csv"),
    ]);
    expect(outside).toMatchObject({ code: 1, stdout: "AccessDenied" });
    const elsewhere = await alice.jit([
      "exec",
      "customers:read",
      "--",
      ...reader("s3://acme-orders/orders/2026-01.csv"),
    ]);
    expect(elsewhere).toMatchObject({ code: 1, stdout: "AccessDenied" });

    const status = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(status.sessions).toMatchObject([{ request: session.request, targets: ["customers:read"] }]);
    const forgotten = await alice.jit(["forget", "customers:read", "--json"]);
    expect(JSON.parse(forgotten.stdout).forgotten).toMatchObject([{ request: session.request }]);
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions).toEqual([]);

    expect(await typesOf(alice, session.request, 4)).toEqual([
      "request",
      "issue",
      "end",
      "end",
      "end",
      "end",
    ]);
    const verified = await alice.jit(["audit", "verify", "--json"]);
    expect(verified.code).toBe(0);
  });

  test("the record is in the bucket before AssumeRole, the issue record before the credentials are used", async () => {
    const alice = await machine("alice");
    await sandbox().clearCalls();
    expect(
      (await alice.jit(["exec", "customers:read", ...[], "--", ...reader(profile)], { env: whyVariables }))
        .code,
    ).toBe(0);
    const order = await eventually(async () => {
      const actions = (await sandbox().calls()).map(({ action, resource }) =>
        action === "PutObject" ? (/\.(\w+)\.jws$/.exec(resource)?.[1] ?? action) : action,
      );
      const places = ["enrol", "request", "AssumeRole", "issue", "GetObject", "end"].map((name) =>
        actions.lastIndexOf(name),
      );
      expect(places).not.toContain(-1);
      return places;
    });
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("several accesses of one role in one request", async () => {
    const alice = await machine("alice");
    const both = ["customers:read", "customers:lists"];
    expect((await alice.jit(["request", ...both, ...why])).code).toBe(0);
    for (const location of [profile, "s3://acme-customers/lists/customers.csv"]) {
      expect((await alice.jit(["exec", ...both, "--", ...reader(location)])).code).toBe(0);
    }
    expect(
      (await alice.jit(["exec", ...both, "--", ...reader("s3://acme-customers/exports/newsletter.csv")]))
        .stdout,
    ).toBe("AccessDenied");
  });

  test("--dry-run shows policy and record, and writes nothing", async () => {
    const alice = await machine("alice");
    await sandbox().clearCalls();
    const dry = await alice.jit(["request", "customers:read", ...why, "--dry-run", "--json"]);
    expect(JSON.parse(dry.stdout)).toMatchObject({
      status: "dry-run",
      policy: { Version: "2012-10-17" },
      record: { targets: ["customers:read"], purpose: "support" },
    });
    // The ends of other tests' commands may still arrive.
    const calls = (await sandbox().calls()).filter(({ resource }) => !resource.endsWith(".end.jws"));
    expect(calls.filter(({ action }) => action === "PutObject" || action === "AssumeRole")).toEqual([]);
    expect(JSON.parse((await alice.jit(["status", "--json"])).stdout).sessions).toEqual([]);
  });

  test("a session ends to the minute, and its credentials with it", async () => {
    const alice = await machine("alice");
    expect((await alice.jit(["request", "customers:read", "--for", "2m", ...why])).code).toBe(0);
    const { stdout } = await alice.jit(["credentials", "customers:read"]);
    const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(stdout);
    const keys = {
      AWS_ACCESS_KEY_ID: AccessKeyId,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey,
      AWS_SESSION_TOKEN: SessionToken,
    };
    const [node = "", ...args] = reader(profile);
    expect((await alice.run(node, args, { env: keys })).code).toBe(0);
    await sandbox().advanceClock(121);
    // STS's shortest session is 15 minutes: the policy's own end is what refuses here.
    expect(await alice.run(node, args, { env: keys })).toMatchObject({ code: 1, stdout: "AccessDenied" });
    await sandbox().advanceClock(-121);
  });

  test("no secret is printed by mistake, nor left readable by others", async () => {
    const alice = await machine("alice");
    const outputs = [
      await alice.jit(["request", "customers:read", ...why]),
      await alice.jit(["request", "customers:read", ...why, "--json", "--new"]),
      await alice.jit(["status", "--json"]),
      await alice.jit(["explain", "customers:read", "--json"]),
      await alice.jit(["doctor", "--json"]),
    ];
    const { SecretAccessKey, SessionToken } = JSON.parse(
      (await alice.jit(["credentials", "customers:read"])).stdout,
    );
    const own = String(alice.env["AWS_SECRET_ACCESS_KEY"]);
    const text = outputs.map(({ stdout, stderr }) => stdout + stderr).join("");
    for (const secret of [SecretAccessKey, SessionToken, own]) expect(text).not.toContain(secret);
    const folder = join(alice.home, ".cache/jit/sessions");
    const { statSync } = await import("node:fs");
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
      expect(readFileSync(join(folder, name), "utf8")).not.toContain(own);
    }
  });

  test("a session that is there is used; --new asks anew and the old one is not broken before", async () => {
    const alice = await machine("alice");
    const first = JSON.parse((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout);
    const again = JSON.parse((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout);
    expect(again).toMatchObject({ status: "cached", request: first.request });
    const anew = JSON.parse(
      (await alice.jit(["request", "customers:read", ...why, "--json", "--new"])).stdout,
    );
    expect(anew.status).toBe("granted");
    expect(anew.request).not.toBe(first.request);
    await sandbox().fault({ service: "sts", action: "AssumeRole", kind: "status", status: 403 });
    expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(8);
    expect(
      JSON.parse((await alice.jit(["request", "customers:read", ...why, "--json"])).stdout).request,
    ).toBe(anew.request);
  });

  test("Identity Center's hour: a longer grant is renewed within itself, under the same request", async () => {
    const frank = await machine("frank");
    const asked = JSON.parse(
      (await frank.jit(["request", "orders:read", "--for", "3h", ...why, "--json"])).stdout,
    );
    expect(Date.parse(asked.notAfter) - Date.parse(asked.usableUntil)).toBeGreaterThan(3_600_000);
    // An hour later for this machine: the cached credentials are about to lapse, the grant is not.
    const [file = ""] = readdirSync(join(frank.home, ".cache/jit/sessions"));
    const path = join(frank.home, ".cache/jit/sessions", file);
    const entry = JSON.parse(readFileSync(path, "utf8"));
    entry.session.credentials.expiration = new Date(Date.now() + 60_000).toISOString();
    writeFileSync(path, JSON.stringify(entry));
    const later = await frank.jit(["credentials", "orders:read"]);
    expect(later.code).toBe(0);
    expect(Date.parse(JSON.parse(later.stdout).Expiration) - Date.now()).toBeGreaterThan(3_500_000);
    expect(await typesOf(frank, asked.request, 0)).toEqual(["request", "issue", "issue"]);
  });
});

test("50 cold `jit credentials` at once: one AssumeRole, one request record", {
  timeout: 120_000,
}, async () => {
  const alice = await machine("alice", whyVariables);
  await sandbox().clearCalls();
  const all = await Promise.all(
    Array.from({ length: 50 }, () => alice.jit(["credentials", "customers:read"])),
  );
  expect(all.map(({ code }) => code)).toEqual(all.map(() => 0));
  expect(new Set(all.map(({ stdout }) => JSON.parse(stdout).AccessKeyId)).size).toBe(1);
  const calls = await sandbox().calls();
  expect(calls.filter(({ action }) => action === "AssumeRole")).toHaveLength(1);
  expect(
    calls.filter(({ action, resource }) => action === "PutObject" && resource.endsWith(".request.jws")),
  ).toHaveLength(1);
});

test("a cold `jit credentials` without a reason fails at once, asks AWS for no session, and names the request", async () => {
  const alice = await machine("alice");
  await sandbox().clearCalls();
  const cold = await alice.jit(["credentials", "customers:read"]);
  expect(cold).toMatchObject({ code: 12, stdout: "" });
  expect(cold.stderr).toContain("jit request customers:read");
  expect(
    (await sandbox().calls()).filter(({ action }) => action === "AssumeRole" || action === "PutObject"),
  ).toEqual([]);
});

test("sequential round trips: three where all is known, four where it is not", async () => {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  expect((await alice.jit(["forget", "--all"])).code).toBe(0);
  await sandbox().clearCalls();
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  expect((await sandbox().calls()).map(({ action }) => action)).toEqual([
    "PutObject",
    "AssumeRole",
    "PutObject",
  ]);

  // A day later on another part of the disk: identity and catalog are asked again, in parallel.
  await alice.run("rm", [
    "-rf",
    join(alice.home, ".cache/jit"),
    join(alice.home, ".local/state/jit/organizations"),
  ]);
  await sandbox().clearCalls();
  // Review debts are listed beside the record, which does not wait for them.
  await sandbox().fault({ action: "ListObjectsV2", kind: "latency", ms: 1000 });
  expect((await alice.jit(["request", "customers:read", ...why, "--new"])).code).toBe(0);
  await sandbox().clearFaults();
  const all = await sandbox().calls();
  const lists = all.filter(({ action }) => action === "ListObjectsV2");
  expect(lists).toHaveLength(1);
  const calls = all.filter((call) => !lists.includes(call));
  const put = calls.findIndex(({ action }) => action === "PutObject");
  expect(calls[put]?.start).toBeLessThan(lists[0]?.end ?? 0);
  const before = calls.slice(0, put);
  expect(before.map(({ action }) => action).toSorted()).toEqual([
    "GetCallerIdentity",
    "GetObject",
    "GetObject",
    "GetObject",
    "GetObject",
    "GetWebIdentityToken",
  ]);
  expect(calls.slice(put).map(({ action }) => action)).toEqual(["PutObject", "AssumeRole", "PutObject"]);
});

test("a session that the cache was edited to widen is not renewed, and asking AWS for more than the request says is found", async () => {
  const frank = await machine("frank");
  const asked = await frank.jit(["request", "orders:read", "--for", "3h", ...why, "--json"]);
  expect(asked.code).toBe(0);
  const folder = join(frank.home, ".cache/jit/sessions");
  const path = join(folder, readdirSync(folder)[0] ?? "");
  const entry = JSON.parse(readFileSync(path, "utf8"));
  entry.session.targets = ["customers:lists"];
  entry.session.credentials.expiration = new Date(Date.now() - 60_000).toISOString();
  writeFileSync(path, JSON.stringify(entry));
  await sandbox().clearCalls();
  const renewed = await frank.jit(["credentials", "orders:read"]);
  expect(renewed).toMatchObject({ stdout: "" });
  expect(renewed.code).not.toBe(0);
  expect((await sandbox().calls()).filter(({ action }) => action === "AssumeRole")).toEqual([]);
});
