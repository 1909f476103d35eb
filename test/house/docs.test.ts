import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseCatalog } from "../../src/access/catalog/parse.ts";
import { commands } from "../../src/cli/commands.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import type { PolicyKind } from "../../src/policy/types.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (name: string): string => readFileSync(resolve(root, name), "utf8");

const policies = [...read("docs/aws.md").matchAll(/<!-- policy: (\w+) -->\n```json\n([\s\S]*?)```/g)];

test.each(
  policies.map(([, kind = "", text = ""], index) => [index + 1, kind, text] as const),
)("policy %i of docs/aws.md is a valid %s policy", (_index, kind, text) => {
  expect(parsePolicy(text, kind as PolicyKind).statements.length).toBeGreaterThan(0);
  if (kind === "trust") expect(JSON.stringify(JSON.parse(text)).length).toBeLessThanOrEqual(2048);
});

test("docs/aws.md has all thirteen", () => {
  expect(policies.map(([, kind]) => kind)).toEqual([
    "resource",
    "identity",
    "identity",
    "trust",
    "boundary",
    "trust",
    "identity",
    "resource",
    "trust",
    "identity",
    "identity",
    "identity",
    "resource",
  ]);
});

test("the README's catalog is a valid one", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(read("README.md"))?.[1] ?? "";
  expect(parseCatalog(new TextEncoder().encode(yaml), "README.md").stores.size).toBe(1);
});

test("every command that the README names exists", () => {
  const named = [
    ...read("README.md").matchAll(/\bjit ((?:audit|catalog|keys|notify|rules|trust|stores) [a-z]+|[a-z-]+)/g),
  ].map(([, name]) => name ?? "");
  const known = Object.keys(commands);
  const unknown = named.filter((name) => !known.includes(name) && !known.includes(name.split(" ")[0] ?? ""));
  expect(
    [...new Set(unknown)].filter(
      (name) => !["makes", "uses", "is", "in", "does", "help", "itself"].includes(name),
    ),
  ).toEqual([]);
});
