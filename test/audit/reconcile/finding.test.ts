import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { finding, findingCodes } from "../../../src/audit/reconcile/finding.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../../docs/reconcile.md"), "utf8");

test("docs/reconcile.md has every code, with its severity, and no other", () => {
  const rows = [...text.matchAll(/^\| ([A-Z_, ]+) \| (invalid|gap|notice) \|/gm)];
  const told = rows.flatMap(([, codes = "", severity = ""]) =>
    codes.split(", ").map((code) => [code, severity]),
  );
  const known = findingCodes.map((code) => [code, finding(code, "", "").severity]);
  expect(told.sort()).toEqual(known.sort());
});
