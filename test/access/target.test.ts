import { describe, expect, test } from "vitest";
import { findTargets, formatTarget, parseTarget } from "../../src/access/target.ts";
import { JitError } from "../../src/error.ts";
import { accessNamed, catalogOf, codeThrownBy, storeNamed } from "./support.ts";

const catalog = catalogOf([
  storeNamed("customers", [accessNamed("read"), accessNamed("write")]),
  storeNamed("orders", [accessNamed("read")]),
  storeNamed("payroll", [accessNamed("read")], { role: "arn:aws:iam::111122223333:role/other" }),
  storeNamed("cards", [accessNamed("read")], { issuer: "approver" }),
]);

const found = (...texts: string[]) => findTargets(catalog, texts).map(formatTarget);

function hintOf(...texts: string[]): string {
  try {
    findTargets(catalog, texts);
  } catch (error) {
    if (error instanceof JitError) return error.hint ?? "";
  }
  return "";
}

describe("parseTarget", () => {
  test.each([
    ["customers:read", { store: "customers", access: "read" }],
    ["customers", { store: "customers", access: undefined }],
    ["a-1:b-2", { store: "a-1", access: "b-2" }],
  ])("%j", (text, expected) => {
    expect(parseTarget(text)).toEqual(expected);
  });

  test.each([
    "",
    ":",
    ":read",
    "customers:",
    "customers:read:x",
    "Customers:read",
    "customers: read",
    "1store:read",
    "../x:read",
    "customers:read\n",
    "a".repeat(64),
    "küche:read",
  ])("refuses %j", (text) => {
    expect(codeThrownBy(() => parseTarget(text))).toBe("TARGET_INVALID");
  });
});

describe("findTargets", () => {
  test("sorts, and takes each once", () => {
    expect(found("orders", "customers:write", "orders:read", "customers:read")).toEqual([
      "customers:read",
      "customers:write",
      "orders:read",
    ]);
  });

  test("a store of one access will do", () => {
    expect(found("orders")).toEqual(["orders:read"]);
  });

  test.each<[string, string[], string]>([
    ["nothing", [], "TARGET_INVALID"],
    ["an unknown store", ["custmers:read"], "TARGET_UNKNOWN"],
    ["an unknown access", ["customers:raed"], "TARGET_UNKNOWN"],
    ["a store of several accesses", ["customers"], "TARGET_UNKNOWN"],
    ["a name that objects have", ["constructor:read"], "TARGET_UNKNOWN"],
    ["two roles", ["orders:read", "payroll:read"], "TARGETS_DIFFERENT_ROLES"],
    ["two issuers", ["orders:read", "cards:read"], "TARGETS_DIFFERENT_ROLES"],
  ])("refuses %s", (_, texts, code) => {
    expect(codeThrownBy(() => findTargets(catalog, texts))).toBe(code);
  });

  test.each([
    ["custmers:read", "customers"],
    ["customers:raed", "read"],
    ["customers", "customers:write"],
    ["customers:zzz", "write"],
  ])("the hint for %j names %s", (text, word) => {
    expect(hintOf(text)).toContain(word);
  });
});
