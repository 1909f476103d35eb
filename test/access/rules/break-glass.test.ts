import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brokenGlass, targetsOfRole } from "../../../src/access/break-glass.ts";
import { allowWhatTheCatalogAllows } from "../../../src/access/decide.ts";
import { cedarRules } from "../../../src/access/rules/decide.ts";
import { parseCases, runCases } from "../../../src/access/rules/table.ts";
import { findTargets } from "../../../src/access/target.ts";
import type { AccessQuestion, Catalog, Decision } from "../../../src/access/types.ts";
import { codeOf } from "../../../src/error.ts";
import { alice, catalogWith, engine, engineer, questionOn } from "./fixture.ts";

const open = `@id("emergencies")
permit(principal in Group::"support", action == Action::"breakGlass", resource in Store::"payroll");
`;
const emergency = (catalog: Catalog, change: Partial<AccessQuestion> = {}) =>
  questionOn(catalog, {
    targets: brokenGlass(findTargets(catalog, ["payroll:read"])),
    breakGlass: true,
    ...change,
  });
const decide = async (text: string, change: Partial<AccessQuestion> = {}): Promise<Decision> => {
  const catalog = catalogWith(text);
  return await cedarRules(async () => engine, "jit.yaml", new Map()).decide(
    emergency(catalog, change),
    catalog,
  );
};

describe("in an emergency", () => {
  test("a rule that names breakGlass grants, though approvers issue the store every day", async () => {
    expect(await decide(open)).toEqual({ kind: "granted", by: "emergencies" });
  });

  test.each([
    ["no rule", '@id("a") permit(principal, action == Action::"request", resource);'],
    ["a rule of every action", '@id("a") permit(principal, action, resource);'],
    [
      "rules of every other action",
      '@id("a") permit(principal, action in [Action::"request", Action::"autoApprove"], resource);',
    ],
    ["one of another store", open.replace("payroll", "orders")],
  ])("%s is not enough", async (_what, text) => {
    expect(await decide(text)).toMatchObject({ kind: "refused", rule: "rules" });
  });

  test("one of every action beside one that names it does not hide it", async () => {
    const both = `${open}@id("a") permit(principal, action, resource);`;
    expect(await decide(both)).toEqual({ kind: "granted", by: "emergencies" });
    expect(await decide(both, { identity: engineer })).toMatchObject({ kind: "refused" });
  });

  test("what forbids wins, with its advice, whether it names the action or not", async () => {
    for (const action of ["action", 'action == Action::"breakGlass"']) {
      const text = `${open}@id("never") @advice("Call the officer") forbid(principal, ${action}, resource);`;
      expect(await decide(text)).toEqual({ kind: "refused", rule: "never", message: "Call the officer" });
    }
    const unless = `${open}@id("night") forbid(principal, action, resource) unless { context.breakGlass };`;
    expect(await decide(unless)).toMatchObject({ kind: "granted" });
  });

  test("a rule that cannot be evaluated refuses", async () => {
    const broken = `${open}@id("broken") forbid(principal, action, resource) when { context.duration * 9223372036854775807 > 5 };`;
    expect(await decide(broken)).toMatchObject({ kind: "refused", rule: "broken" });
  });

  test("the emergency's own maximum holds", async () => {
    expect(await decide(open, { duration: 1801 })).toMatchObject({ kind: "refused", rule: "catalog" });
  });

  test("targets of every day are none of it, nor the reverse", async () => {
    const catalog = catalogWith(open);
    const everyday = findTargets(catalog, ["payroll:read"]);
    for (const question of [
      emergency(catalog, { targets: everyday }),
      emergency(catalog, { breakGlass: false }),
      emergency(catalogWith(open)),
    ]) {
      expect(await allowWhatTheCatalogAllows.decide(question, catalog)).toMatchObject({
        kind: "refused",
        rule: "catalog",
      });
    }
  });

  test("whatever permits every day, no emergency comes of it", async () => {
    const rule = fc.record({
      action: fc.constantFrom(
        "action",
        'action == Action::"request"',
        'action == Action::"autoApprove"',
        'action in [Action::"request", Action::"autoApprove"]',
      ),
      who: fc.constantFrom("principal", 'principal in Group::"support"'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 5 }), async (rules) => {
        const text = rules.map(({ action, who }, i) => `@id("r${i}") permit(${who}, ${action}, resource);`);
        expect(await decide(text.join("\n"))).toMatchObject({ kind: "refused" });
      }),
      { numRuns: 40 },
    );
  });

  test("a table of cases can ask for it", async () => {
    const cases = parseCases(
      new TextEncoder().encode(`cases:
  - { principal: "${alice.arn}", targets: [payroll:read], context: { breakGlass: true }, expect: granted }
  - { principal: "${alice.arn}", targets: [payroll:read], expect: refused rules }
`),
      "cases.yaml",
    );
    const rules = cedarRules(async () => engine, "jit.yaml", new Map());
    const results = await runCases(cases, rules, catalogWith(open), new Date("2026-11-24T11:00:00Z"));
    expect(results.map(({ passed }) => passed)).toEqual([true, true]);
  });
});

test("a store without break-glass has none", () => {
  const catalog = catalogWith(open);
  try {
    brokenGlass(findTargets(catalog, ["orders:read"]));
    expect.unreachable();
  } catch (error) {
    expect(codeOf(error)).toBe("BREAK_GLASS_UNAVAILABLE");
  }
});

test("a record's role tells which of both it is of", () => {
  const catalog = catalogWith(open);
  const everyday = findTargets(catalog, ["payroll:read"]);
  const [store] = everyday.map((target) => target.store);
  expect(targetsOfRole(everyday, store?.role ?? "")).toBe(everyday);
  expect(targetsOfRole(everyday, store?.breakGlass?.role ?? "")).toEqual(brokenGlass(everyday));
  expect(targetsOfRole(everyday, "arn:aws:iam::111122223333:role/other")).toBe(everyday);
});
