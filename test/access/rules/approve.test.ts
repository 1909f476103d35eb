import { describe, expect, test } from "vitest";
import { CatalogError } from "../../../src/access/catalog/problem.ts";
import { checkRules } from "../../../src/access/rules/check.ts";
import { cedarRules } from "../../../src/access/rules/decide.ts";
import { findTargets } from "../../../src/access/target.ts";
import { catalogWith, engine, questionOn } from "./fixture.ts";

const asks = `@id("all-ask") permit(principal, action == Action::"request", resource);\n`;
const agrees = `@id("engineers-agree") permit(principal in Group::"engineers", action == Action::"approve", resource);\n`;
const anybody = `@id("whoever") permit(principal, action == Action::"approve", resource == Access::"orders:read");\n`;
const alone = `@id("alone") permit(principal, action == Action::"autoApprove", resource);\n`;

const rules = cedarRules(async () => engine, "jit.yaml", new Map());

async function decided(text: string, on: readonly string[]) {
  const catalog = catalogWith(text);
  return await rules.decide(questionOn(catalog, { on }), catalog);
}

describe("what needs an approval", () => {
  test("says how many, and who: groups of the rules, or the rule; nobody where none lets anybody", async () => {
    expect(await decided(asks + agrees, ["customers:read"])).toEqual({
      kind: "needsApproval",
      quorum: 1,
      approvers: ["engineers"],
    });
    expect(await decided(asks + anybody, ["orders:read"])).toMatchObject({
      approvers: ["whom rule whoever allows"],
    });
    expect(await decided(asks + anybody, ["customers:read"])).toMatchObject({ approvers: [] });
    expect(await decided(asks, ["customers:read"])).toMatchObject({ kind: "needsApproval", approvers: [] });
  });

  test("is whatever approvers issue, whatever rules permit", async () => {
    expect(await decided(asks + agrees + alone, ["customers:read"])).toMatchObject({ kind: "granted" });
    const decision = await decided(asks + agrees + alone, ["payroll:read"]);
    expect(decision).toMatchObject({ kind: "needsApproval", quorum: 2 });
    // The store itself names them.
    expect(decision.kind === "needsApproval" && decision.approvers).toHaveLength(2);
  });
});

test("a rule that would give nothing but what approvers issue is a mistake", () => {
  const given = `@id("given") permit(principal, action == Action::"autoApprove", resource in Store::"payroll");\n`;
  const one = given.replace('in Store::"payroll"', '== Access::"payroll:read"');
  for (const text of [given, one])
    expect(() => checkRules(engine, catalogWith(asks + text), "jit.yaml")).toThrow(CatalogError);
  expect(checkRules(engine, catalogWith(asks + alone), "jit.yaml")).toHaveLength(2);
});

describe("who may agree must be let by the rules, and be named by the store where it names some", () => {
  const person = (name: string) => ({
    identity: { arn: `arn:aws:iam::111122223333:user/${name}`, userid: "AIDA", account: "111122223333" },
    attested: {},
  });
  const all = `@id("all-agree") permit(principal, action == Action::"approve", resource) unless { principal.user == "carol" };\n`;
  test.each([
    ["bob", "payroll:read", true],
    ["dave", "payroll:read", false],
    ["carol", "payroll:read", false],
    ["dave", "customers:read", true],
    ["carol", "customers:read", false],
  ])("%s, %s", async (name, target, may) => {
    const text = all.replace("principal.user ==", "principal has user && principal.user ==");
    const catalog = catalogWith(asks + text);
    const question = { ...questionOn(catalog), targets: findTargets(catalog, [target]) };
    expect(await rules.mayApprove(question, catalog, person(name))).toBe(may);
  });

  test("a rule that cannot be evaluated lets nobody", async () => {
    const broken = `@id("over") permit(principal, action == Action::"approve", resource) when { context.duration * 9223372036854775807 > 0 };\n`;
    const catalog = catalogWith(asks + broken);
    expect(await rules.mayApprove(questionOn(catalog), catalog, person("bob"))).toBe(false);
  });
});
