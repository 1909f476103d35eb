import { describe, expect, test } from "vitest";
import { athenaDdl } from "../../../src/audit/export/athena.ts";
import { columns } from "../../../src/audit/export/columns.ts";
import { codeOf } from "../../../src/error.ts";

describe("Athena's table", () => {
  const ddl = athenaDdl("s3://acme-audit-export/jit/");

  test("has the columns of the files, in order, with their types", () => {
    const types = {
      integer: "bigint",
      boolean: "boolean",
      time: "timestamp",
      text: "string",
      texts: "array<string>",
    };
    const [table = "", rest = ""] = ddl.split("\n)\nPARTITIONED BY (\n");
    const told = [...table.matchAll(/^ {2}`([a-z_0-9]+)` ([a-z<>]+) COMMENT '[^'\\;]*',?$/gm)];
    expect(told.map(([, name, type]) => `${name} ${type}`)).toEqual(
      columns.map(({ name, kind }) => `${name} ${types[kind]}`),
    );
    expect(table.split("\n").length).toBe(1 + columns.length);
    expect(rest).toMatch(/^ {2}`day` string COMMENT/);
  });

  test("finds days by their folders, and has the view of requests", () => {
    expect(ddl).toContain("LOCATION 's3://acme-audit-export/jit/'");
    expect(ddl).toContain(
      "'storage.location.template' = 's3://acme-audit-export/jit/day=$".concat("{day}/'"),
    );
    expect(ddl).toContain("'projection.day.range' = '2025-01-01,NOW+1DAYS'");
    expect(ddl.match(/;$/gm)?.length).toBe(2);
    expect(ddl).toContain("CREATE OR REPLACE VIEW requests AS");
  });

  test.each([
    "",
    "acme",
    "s3://",
    "s3://A/b",
    "s3://acme/b'c",
    "s3://acme/a b",
    "s3://acme//b",
    "s3://acme/$x",
  ])("refuses %s", (location) => {
    expect(() => athenaDdl(location)).toThrow();
    try {
      athenaDdl(location);
    } catch (error) {
      expect(codeOf(error)).toBe("USAGE");
    }
  });
});
