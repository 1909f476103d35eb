import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { exitCodes, exitOf } from "../../src/cli/exit-codes.ts";

const file = resolve(import.meta.dirname, "../../docs/exit-codes.md");

test("docs/exit-codes.md has the table of the code", () => {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  expect(
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => /^\| \d/.test(line)),
  ).toEqual(rows);
});

test("no two exits share a code", () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});

test.each([
  ["REASON_MISSING", "usage"],
  ["REASON_TOO_SHORT", "refused"],
  ["AWS_THROTTLED", "unavailable"],
  ["AWS_EXPIRED", "aws"],
  ["STS_REPLY_LOST", "unavailable"],
  ["STS_DENIED", "aws"],
  ["CATALOG_ROLLED_BACK", "untrusted"],
  ["RECORD_CONFLICT", "audit"],
  ["LOCAL_DISK_FULL", "local"],
  ["WHO_KNOWS", "failed"],
] as const)("%s leads to %s", (code, exit) => {
  expect(exitOf(code)).toBe(exit);
});
