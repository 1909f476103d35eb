import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox, why } from "../support/fixture.ts";
import type { Machine } from "../support/jit.ts";
import { errorOf, expectError } from "../support/ledger.ts";

// A shell in which `eval "$(jit env …)"` was run: its AWS credentials are a session of a store.
const { machine } = useSandbox();

async function inside(): Promise<Machine> {
  const alice = await machine("alice");
  expect((await alice.jit(["request", "customers:read", ...why])).code).toBe(0);
  const { stdout } = await alice.jit(["env", "customers:read", "--format", "env-no-export"]);
  const set = stdout.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  alice.env = { ...alice.env, ...Object.fromEntries(set) };
  return alice;
}

/** As after five minutes: catalog and identity are asked for again, which the session may not. */
function forgetChecks(on: Machine): void {
  const root = join(on.home, ".local/state/jit/organizations");
  const file = join(root, readdirSync(root)[0] ?? "", "believed.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), checkedAt: 0 }));
}

test.each([
  "just checked",
  "checked long ago",
])("what asks for anything says what the shell holds and how to leave it, the catalog %s", async (checked) => {
  const alice = await inside();
  for (const args of [
    ["request", "orders:read", ...why],
    ["env", "orders:read", ...why],
    ["credentials", "customers:read", ...why],
    ["explain", "orders:read"],
    ["revoke", "--all", "--reason", "A test of what happens"],
  ]) {
    if (checked === "checked long ago") forgetChecks(alice);
    const ended = await alice.jit([...args, "--json"]);
    expectError(ended, "NESTED_SESSION", 2);
    expect(errorOf(ended).message).toContain("customers:read");
    expect(errorOf(ended).hint).toContain("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN");
  }
  expectError(
    await alice.jit(["exec", "orders:read", ...why, "--json", "--", "true"]),
    "NESTED_SESSION",
    125,
  );
  const checks = JSON.parse((await alice.jit(["doctor", "--json"])).stdout).checks;
  expect(JSON.stringify(checks)).toContain("holds a jit session of customers:read");
});

test("what the cache has no longer is told by its store; in a command of `jit exec` the way out is exit", async () => {
  const alice = await inside();
  const forgotten = await alice.jit(["forget", "--all"]);
  expect(forgotten.code).toBe(0);
  expect(forgotten.stderr).toContain("holds a jit session");
  const ended = await alice.jit(["request", "orders:read", ...why, "--json"], {
    env: { JIT_SESSION: "01JD0000000000000000000000" },
  });
  expectError(ended, "NESTED_SESSION", 2);
  expect(errorOf(ended).message).toContain("session of customers,");
  expect(errorOf(ended).hint).toContain("exit");
});
