import { describe, expect, test } from "vitest";
import { CatalogError } from "../../../src/access/catalog/problem.ts";
import { checkRules } from "../../../src/access/rules/check.ts";
import { catalogWith, engine, yamlWith } from "./fixture.ts";

function problemsOf(rules: string) {
  try {
    checkRules(engine, catalogWith(rules), "jit.yaml");
  } catch (error) {
    if (error instanceof CatalogError) return error.problems;
    throw error;
  }
  return [];
}

/** What stands in the file where a mistake is said to be. */
function words(rules: string): string[] {
  const lines = yamlWith(rules).split("\n");
  return problemsOf(rules).map(({ line, column }) => lines[line - 1]?.slice(column - 1) ?? "");
}

const good = `// Größe: the bytes before a mistake are not its characters 🎉
@id("first")
permit(principal in Group::"support", action == Action::"request", resource);
`;

test("good rules are taken, with what they are about", () => {
  const rules = checkRules(
    engine,
    catalogWith(`${good}@id("b") @advice("Ask in #data") forbid(principal, action, resource);`),
    "jit.yaml",
  );
  expect(rules.map(({ tree: _, ...rule }) => rule)).toEqual([
    { id: "first", effect: "permit", advice: undefined, actions: ["request"], group: "support" },
    {
      id: "b",
      effect: "forbid",
      advice: "Ask in #data",
      actions: ["request", "autoApprove", "approve", "breakGlass"],
    },
  ]);
});

describe("a mistake is found at its place", () => {
  test.each([
    ["bad syntax", '@advice("ä") @id("b") permit(principal, actio, resource);', "actio, resource"],
    ["no id", '@advice("ä") permit(principal, action, resource);', '@advice("ä") permit'],
    ["an id twice", '@advice("ä") @id("first") forbid(principal, action, resource);', '@advice("ä") @id'],
    ["a bad id", '@id("No Way") forbid(principal, action, resource);', '@id("No Way")'],
    ["an id of jit's own", '@id("rules") forbid(principal, action, resource);', '@id("rules")'],
    ["an unknown annotation", '@id("b") @advise("x") forbid(principal, action, resource);', '@id("b")'],
    [
      "an unknown attribute",
      '@id("b") forbid(principal, action, resource) when { principal.arn != "ü" && context.duraton > 5 };',
      "context.duraton > 5",
    ],
    [
      "an attribute that may not be there",
      '@id("b") @onClaims("accepted")\nforbid(principal, action, resource) when { context.claimed.ticket == "x" };',
      "context.claimed.ticket",
    ],
    [
      "a wrong type",
      '@id("b") forbid(principal, action, resource) when { context.hour == "9" };',
      "context.hour ==",
    ],
    [
      "an unknown group",
      '@id("b") forbid(principal in Group::"suport", action, resource);',
      'Group::"suport"',
    ],
    ["an unknown store", '@id("b") forbid(principal, action, resource in Store::"x");', 'Store::"x"'],
    ["an unknown access", '@id("b") forbid(principal, action, resource == Access::"a:b");', 'Access::"a:b"'],
    ["a template", '@id("b") forbid(principal == ?principal, action, resource);', "// Größe"],
    [
      "an unknown action",
      '@id("b") forbid(principal, action == Action::"reqest", resource);',
      'Action::"reqest"',
    ],
  ])("%s", (_name, rule, at) => {
    expect(words(good + rule).map((found) => found.slice(0, at.length))).toContain(at);
  });

  test("a misspelt action is said once, with what was meant, and beside it only what does not follow from it", () => {
    const rule = `@id("b") permit(principal, action in [Action::"request", Action::"aprove"], resource) when { context.duraton > 5 };`;
    expect(problemsOf(good + rule)).toMatchObject([
      { suggestion: "approve" },
      { message: expect.stringContaining("duraton") },
    ]);
    expect(
      problemsOf(`${good}@id("b") permit(principal, action == Action::"reqest", resource);`),
    ).toMatchObject([{ suggestion: "request" }]);
  });

  test("the same rule twice", () => {
    expect(words(good + good)).toEqual(['@id("first")']);
  });

  test("no rule at all", () => {
    expect(problemsOf("// nothing").length).toBe(1);
  });
});

describe("what is approved without a human does not rest on claims", () => {
  const rule = (scope: string, condition: string, more = "") =>
    `${good}@id("b") ${more} permit(principal, ${scope}, resource) when { ${condition} };`;
  const auto = 'action == Action::"autoApprove"';

  test.each([
    ["plainly", auto, 'context.claimed.purpose == "support"'],
    ["by an index", auto, 'context["claimed"]["purpose"] == "support"'],
    ["by its presence", auto, "context.claimed has ticket"],
    ["in a long path", auto, "context has claimed.ticket"],
    ["through the whole context", auto, '(if true then context else context).claimed.purpose == "support"'],
    ["for any action", "action", 'context.claimed.purpose == "support"'],
    [
      "for one of several",
      'action in [Action::"request", Action::"autoApprove"]',
      "context.claimed has host",
    ],
    ["beside a safe part", auto, 'context.hour > 8 && context.claimed.purpose == "support"'],
  ])("%s", (_name, scope, condition) => {
    expect(words(rule(scope, condition))).toEqual([expect.stringMatching(/^@id\("b"\)/)]);
    expect(words(rule(scope, condition, '@onClaims("accepted")'))).toEqual([]);
    expect(words(rule(scope, condition, '@onClaims("yes")')).length).toBeGreaterThan(0);
  });

  test.each([
    [auto, "context.hour > 8"],
    [auto, "context.attested has mfa && context.attested.mfa"],
    ['action == Action::"request"', 'context.claimed.purpose == "support"'],
    [auto, 'context.access == "claimed"'],
  ])("%s when %s is no matter", (scope, condition) => {
    expect(words(rule(scope, condition))).toEqual([]);
  });
});
