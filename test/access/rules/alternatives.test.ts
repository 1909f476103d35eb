import { expect, test } from "vitest";
import { alternatives } from "../../../src/access/rules/alternatives.ts";
import { cedarRules } from "../../../src/access/rules/decide.ts";
import type { AccessQuestion, Rules } from "../../../src/access/types.ts";
import { catalogWith, engine, engineer, questionOn } from "./fixture.ts";

const asks = `@id("support-asks")
permit(principal in Group::"support", action == Action::"request", resource in Store::"customers");
@id("owners")
permit(principal in Group::"engineers", action == Action::"approve", resource);
`;
const automatic = (condition: string) =>
  `${asks}@id("alone")\n@onClaims("accepted")\npermit(principal, action == Action::"autoApprove", resource == Access::"customers:read") when { ${condition} };\n`;
const forbids = (condition: string) =>
  `${automatic("true")}@id("no")\nforbid(principal, action == Action::"request", resource == Access::"customers:read") when { ${condition} };\n`;

async function changes(
  rules: string,
  change: Partial<AccessQuestion> & { readonly on?: readonly string[] } = {},
): Promise<readonly string[]> {
  const catalog = catalogWith(rules);
  const found = await alternatives(
    cedarRules(async () => engine, "jit.yaml", new Map()),
    questionOn(catalog, change),
    catalog,
  );
  return found.map(({ change: what, decision }) =>
    decision.kind === "granted" ? `${what} ${decision.by}` : `${what} approval`,
  );
}

test.each<[string, string, readonly string[]]>([
  ["nothing where it is granted", automatic("true"), []],
  ["the longest that is granted", automatic("context.duration <= 1000"), ["--for 15m alone"]],
  ["another purpose", automatic('context.claimed.purpose == "incident"'), ["--purpose incident alone"]],
  [
    "a ticket, as the catalog's example has it",
    automatic("context.claimed has ticket"),
    ["--ticket SUP-1234 alone"],
  ],
  [
    "the first full hour at which it is",
    automatic("context.hour >= 14 && context.hour < 20"),
    ["from 2026-11-24 13:00Z alone"],
  ],
  [
    "a weekday a few days off",
    automatic('context.weekday == "Mon" && context.hour == 9'),
    ["from 2026-11-30 08:00Z alone"],
  ],
  [
    "nothing where only two changes together help",
    automatic("context.duration <= 60 && context.hour == 3"),
    [],
  ],
  ["nothing where the identity is what is wrong", automatic("principal has role"), []],
])("what would have the request granted: %s", async (_what, rules, expected) => {
  expect(await changes(rules)).toEqual(expected);
});

test("where it is refused, what waits for an approval is an answer too, after what is granted", async () => {
  expect(await changes(forbids("context.duration > 900"))).toEqual([
    "--for 15m alone",
    "customers:lists approval",
    "customers:write approval",
  ]);
});

test("of several targets, those that may be had alone", async () => {
  expect(
    await changes(automatic("true"), { on: ["customers:read", "customers:write"], duration: 600 }),
  ).toEqual(["customers:read alone"]);
});

test("nobody is told of rules that refuse whatever is asked", async () => {
  expect(await changes(asks, { identity: engineer })).toEqual([]);
});

test("without rules there is nothing to try", async () => {
  const { rules: _none, ...catalog } = catalogWith(asks);
  const refusing: Rules = { decide: async () => ({ kind: "refused", rule: "catalog", message: "no" }) };
  expect(await alternatives(refusing, questionOn(catalog), catalog)).toEqual([]);
});
