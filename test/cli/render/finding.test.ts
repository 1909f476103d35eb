import { expect, test } from "vitest";
import type { Finding } from "../../../src/audit/finding.ts";
import { findingLine } from "../../../src/cli/render/finding.ts";
import { plainStyle } from "../../../src/cli/style.ts";

const found: Finding = {
  code: "SEALED_CHANGED",
  severity: "invalid",
  object: "a",
  writer: "w",
  message: "is another",
};

test.each<[string, Partial<Finding>, readonly string[]]>([
  ["one object", {}, ["a"]],
  ["one object, counted", { objects: 1 }, ["a"]],
  ["several, and no examples", { objects: 3 }, ["a", "… and 2 more"]],
  ["examples", { objects: 2, examples: ["a", "b"] }, ["a", "b"]],
  ["more than there are examples", { objects: 5, examples: ["a", "b"] }, ["a", "b", "… and 3 more"]],
  ["a cause that is none of them", { objects: 2, examples: ["b", "c"] }, ["a", "b", "c"]],
])("the objects of a finding: %s", (_, more, names) => {
  const [first, ...lines] = findingLine({ ...found, ...more }, plainStyle, 80).split("\n");
  expect(first).toBe("invalid SEALED_CHANGED is another");
  expect(lines).toEqual(names.map((name) => `  ${name}`));
});
