import { describe, expect, test } from "vitest";
import { type ProjectFile, parseProjectFile } from "../../src/access/project.ts";
import { codeOf } from "../../src/error.ts";

function parsed(text: string): ProjectFile | string | undefined {
  try {
    return parseProjectFile(text, ".jit/config.yaml");
  } catch (error) {
    return codeOf(error);
  }
}

const nothing: ProjectFile = { targets: [], duration: undefined, purpose: undefined };

describe("a project's file", () => {
  test.each<[string, string, Partial<ProjectFile>]>([
    ["nothing", "", {}],
    ["white space", "\n  \n", {}],
    ["a comment", "# nothing yet\n", {}],
    ["an empty document", "---\n", {}],
    ["an empty mapping", "{}", {}],
    ["targets", "targets: [customers:read, orders]\n", { targets: ["customers:read", "orders"] }],
    [
      "a list of lines",
      "targets:\n  - customers:read\n  - 'orders:list'\n",
      { targets: ["customers:read", "orders:list"] },
    ],
    ["no targets", "targets: []", {}],
    ["a duration", "duration: 45m", { duration: 2700 }],
    ["a purpose", "purpose: support\r\n", { purpose: "support" }],
    [
      "JSON",
      '{"targets":["a:b"],"duration":"PT1H","purpose":"support"}',
      { targets: ["a:b"], duration: 3600, purpose: "support" },
    ],
  ])("may hold %s", (_, text, expected) => {
    expect(parsed(text)).toEqual({ ...nothing, ...expected });
  });

  test.each([
    "endpoint",
    "endpoints",
    "bucket",
    "audit",
    "hooks",
    "location",
    "fingerprint",
    "organization",
    "catalog",
    "reason",
    "ticket",
    "target",
    "Targets",
    "profile",
    "region",
    "__proto__",
    "constructor",
    "toString",
    "<<",
  ])("may not set %s", (key) => {
    expect(parsed(`duration: 1h\n${key}: x\n`)).toBe("PROJECT_FILE_FORBIDDEN");
    expect(parsed(`"${key}": { a: 1 }\n`)).toBe("PROJECT_FILE_FORBIDDEN");
  });

  test("names the key", () => {
    expect(() => parseProjectFile("hooks: rm", ".jit/config.yaml")).toThrow(/"hooks"/);
  });

  test.each<[string, string, string]>([
    ["broken YAML", "targets: [", "PROJECT_FILE_INVALID"],
    ["a list", "- targets", "PROJECT_FILE_INVALID"],
    ["a text", "targets", "PROJECT_FILE_INVALID"],
    ["a key twice", "duration: 1h\nduration: 2h", "PROJECT_FILE_INVALID"],
    ["two documents", "duration: 1h\n---\nduration: 2h", "PROJECT_FILE_INVALID"],
    ["targets that are no list", "targets: customers:read", "PROJECT_FILE_INVALID"],
    ["a target that is no text", "targets: [1]", "PROJECT_FILE_INVALID"],
    ["a target that is a list", "targets: [[a]]", "PROJECT_FILE_INVALID"],
    ["a target that is nothing", "targets:\n  -\n", "PROJECT_FILE_INVALID"],
    ["a duration without a unit", "duration: 45", "PROJECT_FILE_INVALID"],
    ["a bad duration", "duration: soon", "DURATION_INVALID"],
    ["an empty purpose", "purpose:", "PROJECT_FILE_INVALID"],
    ["a purpose that is a mapping", "purpose: { a: b }", "PROJECT_FILE_INVALID"],
    ["a key that is no text", "1: x", "PROJECT_FILE_INVALID"],
    ["a key that is a mapping", "? { a: b }\n: x", "PROJECT_FILE_INVALID"],
    ["an anchor", "purpose: &a support", "PROJECT_FILE_INVALID"],
    ["an alias", "targets: [&a x, *a]", "PROJECT_FILE_INVALID"],
    ["a tag", "purpose: !!str support", "PROJECT_FILE_INVALID"],
    ["a tag of one's own", "purpose: !run support", "PROJECT_FILE_INVALID"],
    ["another version of YAML", "%YAML 1.1\n---\npurpose: support", "PROJECT_FILE_INVALID"],
    ["deep nesting", `purpose: ${"[".repeat(8000)}`, "PROJECT_FILE_INVALID"],
    ["great length", `# ${"x".repeat(20_000)}`, "PROJECT_FILE_INVALID"],
    ["an escape sequence", "purpose: \u001b[31m", "TEXT_HOSTILE"],
    ["an escaped escape sequence", 'purpose: "\\e[31m"', "TEXT_HOSTILE"],
    ["an escaped line end", 'purpose: "a\\nb"', "TEXT_HOSTILE"],
    ["a block of lines", "purpose: |\n  a\n  b\n", "TEXT_HOSTILE"],
    ["a bidirectional override", "targets: [customers:\u202eread]", "TEXT_HOSTILE"],
    ["a hidden comment", "# \u200b", "TEXT_HOSTILE"],
    ["a hostile key", '"tar\\u200bgets": []', "TEXT_HOSTILE"],
  ])("refuses %s", (_, text, code) => {
    expect(parsed(text)).toBe(code);
  });
});
