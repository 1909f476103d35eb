import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportFolder } from "../../src/local/export-folder.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "jit-export-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("nothing is taken out of a folder that a day only points to", () => {
  const others = join(home, "others");
  mkdirSync(others);
  writeFileSync(join(others, "thesis.txt"), "precious");
  const root = join(home, "export");
  mkdirSync(root);
  symlinkSync(others, join(root, "day=2026-11-24"));
  const folder = exportFolder(root);
  expect(() => folder.remove("day=2026-11-24/thesis.txt")).toThrow(
    expect.objectContaining({ code: "LOCAL_UNSAFE" }),
  );
  expect(readdirSync(others)).toEqual(["thesis.txt"]);
  folder.remove("day=2026-11-24");
  expect([readdirSync(root), readdirSync(others)]).toEqual([[], ["thesis.txt"]]);
});
