import { describe, expect, test } from "vitest";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { CatalogError } from "../../../src/access/catalog/problem.ts";
import { sandboxCatalog } from "../../../src/cli/sandbox-catalog.ts";
import { groups } from "./fixture.ts";

const parse = (more: string) =>
  parseCatalog(new TextEncoder().encode(`${sandboxCatalog}${more}`), "jit.yaml");

function pathsOf(more: string): readonly string[] {
  try {
    parse(more);
  } catch (error) {
    if (error instanceof CatalogError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

const first = sandboxCatalog.split("\n").length;

describe("rules in a catalog", () => {
  test("a catalog without them has none", () => {
    expect(parse("").rules).toBeUndefined();
  });

  test.each([
    ["rules: |\n  permit", "permit\n", first + 1, 2],
    ["rules: |-\n      permit", "permit", first + 1, 6],
    ["rules: |\n\n  a\n   b", "\na\n b\n", first + 1, 2],
    ["rules: |2 # Cedar\n    a", "  a\n", first + 1, 2],
    ["rules: |\n  a\r\n  b\r\n", "a\nb\n", first + 1, 2],
  ])("%j", (yaml, text, line, indent) => {
    expect(parse(yaml).rules).toMatchObject({ text, place: { line, indent } });
  });

  test("groups and the zone come with them", () => {
    const { rules } = parse(`${groups}rules: |\n  a\n`);
    expect(rules?.timeZone).toBe("Europe/Berlin");
    expect([...(rules?.groups.keys() ?? [])]).toEqual(["support", "engineers"]);
    expect(parse("rules: |\n  a\n").rules?.timeZone).toBe("UTC");
  });

  test.each([
    ["rules: permit", ["rules"]],
    ['rules: "permit"', ["rules"]],
    ["rules: >\n  permit", ["rules"]],
    ["rules: |\n  \n", ["rules"]],
    ["rules: [permit]", ["rules"]],
    ["rules: |\n  a \u202e b", ["rules"]],
    ["timeZone: Mars/Olympus", ["timeZone"]],
    ["timeZone: +01:00", ["timeZone"]],
    ["groups: { x: {} }", ["groups.x"]],
    ["groups: { x: { principals: [] } }", ["groups.x.principals"]],
    ['groups: { x: { principals: ["*"] } }', ["groups.x.principals[0]"]],
    ['groups: { x: { principals: ["arn:aws:iam::111122223333:role/x"] } }', ["groups.x.principals[0]"]],
    ["groups: { x: { users: [ann] } }", ["groups.x.users[0]"]],
  ])("%j is refused", (yaml, paths) => {
    expect(pathsOf(yaml)).toEqual(paths);
  });
});
