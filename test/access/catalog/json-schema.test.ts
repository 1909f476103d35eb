import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { catalogJsonSchema } from "../../../src/access/catalog/json-schema.ts";
import { sandboxCatalog } from "../../../src/cli/sandbox-catalog.ts";
import { faultsOf } from "./draft-07.ts";

/** `npx vitest run test/access/catalog/json-schema.test.ts -u` writes it anew; with `-u` first, all tests would run. */
test("the published JSON Schema is that of the catalog", async () => {
  const text = `${JSON.stringify(catalogJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("../../../schema/jit.schema.json");
});

test("the JSON Schema refuses unknown keys on every level", () => {
  const open: string[] = [];
  const walk = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    if ("properties" in value && !("additionalProperties" in value)) open.push(path);
    for (const [key, inner] of Object.entries(value)) walk(inner, `${path}/${key}`);
  };
  walk(catalogJsonSchema(), "");
  expect(open).toEqual([]);
});

const published: unknown = JSON.parse(JSON.stringify(catalogJsonSchema()));

test("every field on every level says what it is for", () => {
  const nameless: string[] = [];
  const walk = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    const { properties } = value as { properties?: Record<string, { description?: string }> };
    for (const [key, inner] of Object.entries(properties ?? {})) {
      if ((inner.description ?? "").length < 5) nameless.push(`${path}.${key}`);
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
  };
  walk(published, "");
  expect(nameless).toEqual([]);
});

describe("the published JSON Schema judges as editors do", () => {
  test("the sandbox's catalog is good", () => {
    expect(faultsOf(published, parse(sandboxCatalog))).toEqual([]);
  });

  test.each<[string, string, string, string]>([
    ["an unknown key", "audit:\n", "audit:\n  buckt: x\n", "audit.buckt"],
    ["a missing key", "organization: acme\n", "", "organization"],
    ["a wrong type", "version: 1", "version: one", "version"],
    [
      "a word of a list",
      "allow: [read, list]",
      "allow: [reed]",
      "stores.customers.accesses.read.s3.0.allow.0",
    ],
    ["an issuer", "issuer: requester", "issuer: me", "stores.customers.issuer"],
    ["a duration", "duration: 30m", "duration: 30", "defaults.duration"],
    ["a name", "  customers:\n", "  Customers:\n", "stores.Customers"],
    ["an account", '"444455556666"', '"4444"', "audit.account"],
  ])("%s is a fault", (_, from, to, path) => {
    expect(sandboxCatalog).toContain(from);
    expect(faultsOf(published, parse(sandboxCatalog.replace(from, to)))).toContain(path);
  });
});
