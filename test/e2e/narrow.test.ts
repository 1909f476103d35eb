import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reader, useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";

const { sandbox, machine } = useSandbox();
const profile = "s3://acme-customers/profiles/0007.json";

/** Nothing was asked for, and nothing written: but for the end of a command before, in its own time. */
async function expectNothingWritten(): Promise<void> {
  const calls = (await sandbox().calls()).map(({ action, resource }) => `${action} ${resource}`);
  const ofARequest = /^(?:AssumeRole|GetScopedCredentials) |\.(?:enrol|request|issue|abort)\.jws$/;
  expect(calls.filter((call) => ofARequest.test(call))).toEqual([]);
}

const exec = (on: Machine, ...flags: readonly string[]) =>
  on.jit(["exec", ...flags, "customers:read", "--json", "--", "echo", "ran"]);

describe.each(["asked for", "open"])("of a session that is %s", (state) => {
  const useless: readonly (readonly [readonly string[], string, RegExp])[] = [
    [["--only", "s3:PutObject"], "ACTION_NOT_GRANTED", /^customers:read has s3:GetObject.*s3:ListBucket/],
    [["--only", "s3:GetObject,dynamodb:Query"], "ACTION_NOT_GRANTED", /s3:GetObject/],
    [["--only", "s3:GetObjct"], "ACTION_NOT_GRANTED", /did you mean s3:GetObject\?/],
    [["--only", "s3:Put*"], "ACTION_NOT_GRANTED", /s3:GetObject/],
    [["--lease", "40m"], "LEASE_TOO_LONG", /30m/],
    [["--lease", "99h"], "LEASE_TOO_LONG", /30m/],
  ];
  test("what it does not have is refused before anything is written, naming what it has", async () => {
    const alice = await machine("alice");
    if (state === "open") expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    await sandbox().clearCalls();
    for (const [flags, code, hint] of useless) {
      const ended = await exec(alice, ...flags, ...(state === "open" ? [] : why));
      expectError(ended, code, 125);
      expect(errorOf(ended).hint).toMatch(hint);
    }
    await expectNothingWritten();
  });

  test.each(["s3:getobject", "s3:Get*", "s3:GetObject,s3:ListBucket", "*"])("%s narrows it", async (only) => {
    const alice = await machine("alice");
    if (state === "open") expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    const ended = await alice.jit([
      "exec",
      "--only",
      only,
      "customers:read",
      ...(state === "open" ? [] : why),
      "--",
      ...reader(profile),
    ]);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"0007"') });
  });
});

test("a request for less than a minute is refused, naming what may be asked for", async () => {
  const alice = await machine("alice");
  await sandbox().clearCalls();
  for (const args of [
    ["request", "customers:read", "--for", "1s", ...why],
    ["env", "customers:read", "--for", "59s", ...why],
    ["explain", "customers:read", "--for", "1s"],
  ]) {
    const ended = await alice.jit([...args, "--json"]);
    expectError(ended, "DURATION_TOO_SHORT", 2);
    expect(errorOf(ended).hint).toMatch(/1m.*1h/);
  }
  await expectNothingWritten();
});

describe("targets of .jit/config.yaml", () => {
  async function inProject(yaml: string) {
    const alice = await machine("alice");
    const folder = join(alice.home, "project");
    mkdirSync(join(folder, ".jit"), { recursive: true });
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, ".jit/config.yaml"), yaml);
    const cwd = join(folder, "src");
    return { alice, run: (...args: readonly string[]) => alice.jit(args, { cwd }) };
  }

  test("serve explain, request, exec, env and credentials where none is named, and exec says which they are", async () => {
    const { alice, run } = await inProject("targets: [customers:read]\nduration: 10m\npurpose: incident\n");
    const explained = JSON.parse((await run("explain", "--json")).stdout);
    expect(explained).toMatchObject({ targets: ["customers:read"], duration: 600 });
    const first = await run("exec", "--reason", "Nobody can log in since noon", "--", ...reader(profile));
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('"0007"') });
    expect(first.stderr).toContain("[PROJECT_TARGETS]");
    expect(first.stderr).toContain("customers:read");
    const { sessions } = JSON.parse((await alice.jit(["status", "--json"])).stdout);
    expect(sessions).toMatchObject([{ targets: ["customers:read"] }]);
    const { AccessKeyId } = JSON.parse((await run("credentials")).stdout);
    expect(AccessKeyId).toBe(sessions[0].accessKeyId);
    expect((await run("env")).stdout).toContain(AccessKeyId);
    expect(JSON.parse((await run("request", "--json")).stdout)).toMatchObject({ status: "cached" });
    const leased = await run("exec", "--lease", "2m", "--", ...reader(profile));
    expect(leased).toMatchObject({ code: 0, stdout: expect.stringContaining('"0007"') });
  });

  test("are those of the catalog alone, and of one role", async () => {
    for (const [yaml, code, exit] of [
      ["targets: [custmers:read]", "TARGET_UNKNOWN", 2],
      ["targets: [customers:read, orders:read]", "TARGETS_DIFFERENT_ROLES", 2],
      ["targets: [customers:read]\nbucket: evil", "PROJECT_FILE_FORBIDDEN", 7],
      ["targets: [customers:read]\nduration: soon", "DURATION_INVALID", 2],
    ] as const) {
      const { run } = await inProject(yaml);
      for (const command of ["explain", "env", "credentials", "request"]) {
        const ended = await run(command, ...(command === "explain" ? [] : why), "--json");
        expectError(ended, code, exit);
        // Nobody typed it: where it stands is told.
        expect(JSON.stringify(errorOf(ended))).toContain(".jit/config.yaml");
      }
      expectError(await run("exec", ...why, "--json", "--", "true"), code, 125);
    }
  });

  test("keep nobody from what they have no part in", async () => {
    const { alice, run } = await inProject("bucket: evil\n");
    expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
    expect((await run("pending")).code).toBe(0);
    expect((await run("revoke", "--all", "--reason", "A test", "--yes")).stderr).not.toContain(
      "PROJECT_FILE",
    );
    expect((await run("forget", "--all")).stderr).not.toContain("END_NOT_RECORDED");
  });

  test("where there are none, the error asks for one", async () => {
    const alice = await machine("alice");
    for (const command of ["explain", "env", "credentials"])
      expectError(await alice.jit([command, "--json"]), "FLAG_MISSING", 2);
    expectError(await alice.jit(["exec", "--json", "--", "true"]), "FLAG_MISSING", 125);
  });
});
