import { expect, test } from "vitest";
import { catalogJsonSchema } from "../../../src/access/catalog/json-schema.ts";

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
