import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";

/** An auditor who looks at the log again and again; what was judged once is read no more. */

const { sandbox, machine } = useSandbox();
let alice: Machine;
let auditor: Machine;
let folder: string;

beforeAll(async () => {
  [alice, auditor] = await Promise.all([machine("alice"), machine("auditor")]);
  expect((await alice.jit(["request", "customers:read", ...why, "--ticket", "SUP-12"])).code).toBe(0);
  expect((await alice.jit(["forget", "customers:read"])).code).toBe(0);
  expect((await alice.jit(["request", "payroll:read", ...why])).code).toBe(4);
  folder = join(auditor.home, ".cache", "jit", "log");
});

/** The log, and which records were read for it. */
async function log(...flags: readonly string[]) {
  await sandbox().clearCalls();
  const { code, stdout } = await auditor.jit(["audit", "log", "--json", ...flags]);
  const read = (await sandbox().calls()).flatMap(({ action, resource }) =>
    action === "GetObject" || action === "GetObjectVersion" ? (resource ?? "") : [],
  );
  return { code, stdout, records: read.filter((name) => name.includes("v1/rec/")).length };
}

const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test("the second look reads no record, and says the same; report, too", async () => {
  const first = await log();
  expect([first.code, first.records > 3]).toEqual([0, true]);
  expect(await log()).toEqual({ ...first, records: 0 });
  expect((await log("--who", "alice", "--outcome", "pending")).records).toBe(0);
  await sandbox().clearCalls();
  expect((await auditor.jit(["audit", "report", "--for", "gdpr", "--from", "1d"])).code).toBe(0);
  const calls = await sandbox().calls();
  expect(calls.filter(({ resource }) => /v1\/rec\/.*\.jws/.test(resource ?? ""))).toEqual([]);
});

test("a request with something new is read anew, the others are not", async () => {
  const before = await log();
  expect((await alice.jit(["request", "orders:read", ...why])).code).toBe(0);
  const after = await log();
  expect(after.records).toBeGreaterThan(0);
  expect(after.stdout.startsWith(before.stdout)).toBe(true);
  expect((await log()).records).toBe(0);
});

test.each([
  ["forged", (text: string) => text.replaceAll("forgotten", "granted")],
  ["cut off", (text: string) => text.slice(0, text.length / 2)],
  ["emptied", () => ""],
])("files that were %s count for nothing", async (_, change) => {
  const before = await log();
  for (const file of files()) writeFileSync(file, change(readFileSync(file, "utf8")));
  const after = await log();
  expect([after.code, after.stdout]).toEqual([before.code, before.stdout]);
  expect(after.records).toBeGreaterThan(0);
  expect((await log()).records).toBe(0);
});

test("the key gone, a file in the folder's place, no folder: slower, and no error", async () => {
  const before = await log();
  rmSync(join(auditor.home, ".local", "share", "jit", "own-cache.key"));
  expect((await log()).stdout).toBe(before.stdout);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "", { mode: 0o600 });
  expect(await log()).toMatchObject({ code: 0, stdout: before.stdout });
  rmSync(folder);
  expect((await log()).stdout).toBe(before.stdout);
  expect((await log()).records).toBe(0);
});

test("several at once leave what the next one can use", async () => {
  rmSync(folder, { recursive: true });
  const all = await Promise.all([1, 2, 3].map(() => auditor.jit(["audit", "log", "--json"])));
  expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1);
  expect((await log()).records).toBe(0);
});

test("after a key is revoked what it signed is judged anew", async () => {
  await log();
  expect(await log()).toMatchObject({ code: 0, records: 0 });
  const admin = await machine("admin");
  const own = dirname(sandbox().catalog);
  const { keys } = JSON.parse((await alice.jit(["keys", "list", "--json"])).stdout);
  const at = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
  const signed = ["--dir", join(own, "trust"), "--key", join(own, "admin.jwk")];
  const revoke = ["keys", "revoke", keys[0].thumbprint, "--at", at, ...signed];
  expect((await admin.jit(revoke)).code).toBe(0);
  expect((await admin.jit(["catalog", "publish", join(own, "jit.yaml")])).code).toBe(0);
  const after = await log();
  expect(after.code).toBe(20);
  const problems = new Set(
    after.stdout
      .trim()
      .split("\n")
      .flatMap((line) => JSON.parse(line).problems),
  );
  expect(problems).toEqual(new Set(["KEY_REVOKED"]));
});
