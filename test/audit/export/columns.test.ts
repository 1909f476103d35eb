import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { columns, partition } from "../../../src/audit/export/columns.ts";

test("docs/query.md has every column, in order, with its type and what it is", () => {
  const types = {
    integer: "BIGINT",
    boolean: "BOOLEAN",
    time: "TIMESTAMP",
    text: "VARCHAR",
    texts: "VARCHAR[]",
  };
  const docs = readFileSync("docs/query.md", "utf8");
  const [, table = ""] = docs.split("| column | type | what it is |\n|---|---|---|\n");
  const rows = [{ ...partition, kind: "text" as const }, ...columns].map(
    ({ name, kind, about }) => `| ${name} | ${types[kind]} | ${about} |`,
  );
  expect(table.split("\n").slice(0, rows.length)).toEqual(rows);
});
