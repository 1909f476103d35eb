import { afterAll, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { overview } from "../../src/cli/overview.ts";
import { Machine } from "../support/jit.ts";

const machine = new Machine();
afterAll(() => machine.remove());
const jit = (...args: readonly string[]) => machine.jit(args);

test("alone it fits a screen, and names every command", async () => {
  const { code, stderr, stdout } = await jit();
  expect([code, stdout]).toEqual([2, ""]);
  const lines = stderr.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(25);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const { commands } = await import("../../src/cli/commands.ts");
  const families = new Set(Object.keys(commands).map((name) => name.split(" ")[0] ?? ""));
  const named = new Set(
    overview.split("\n").flatMap((line) => /^ {2}([a-z, -]+?) {2}/.exec(line)?.[1]?.split(", ") ?? []),
  );
  expect([...families].sort()).toEqual([...named].sort());
});

test("--help and help are the same, and no error", async () => {
  const asked = await jit("help");
  expect(asked).toEqual({ code: 0, stdout: overview, stderr: "" });
  expect(await jit("--help")).toEqual(asked);
});

test.each([
  [["help", "audit", "verify"], "Usage: jit audit verify", "--strict"],
  [["help", "stores", "show"], "Usage: jit stores show", "<store>"],
  [["help", "audit"], "Usage: jit audit", "verify"],
  [["help", "exec"], "Usage: jit exec", "--lease"],
])("%j explains it", async (words, usage, part) => {
  const { code, stdout } = await jit(...words);
  expect(code).toBe(0);
  expect(stdout).toContain(usage);
  expect(stdout).toContain(part);
});

test.each([
  [["request", "--nope"], 2],
  [["stores", "show"], 2],
  [["approve", "a", "b"], 2],
  [["env", "--format", "ini"], 2],
  [["frobnicate"], 2],
  [["exec", "--nope", "--", "true"], 125],
])("%j is wrong as any other error is: code, and what to do", async (words, exit) => {
  const { code, stderr } = await jit(...words);
  expect(code).toBe(exit);
  expect(stderr).toMatch(/^error: .* \[USAGE\]\n {2}→ .+\n$/);
  const { error } = JSON.parse((await jit("--json", ...words)).stderr);
  expect(error).toMatchObject({ code: "USAGE", hint: expect.stringMatching(/./) });
});

test.each([
  [["help", "audti"], "audit"],
  [["help", "audit", "verfy"], "verify"],
  [["audti"], "audit"],
])("%j is answered with what is near", async (words, near) => {
  const { code, stderr } = await jit(...words);
  expect(code).toBe(2);
  expect(stderr).toContain(`Did you mean ${near}?`);
});

test("help exit-codes has the whole table, within 80 columns", async () => {
  const { code, stdout } = await jit("help", "exit-codes");
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const told = lines.flatMap((line) => /^ *(\d+) {2}/.exec(line)?.[1] ?? []);
  expect(told.map(Number)).toEqual(Object.values(exitCodes).map((exit) => exit.code));
});
