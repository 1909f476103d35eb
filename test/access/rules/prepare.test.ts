import { expect, test } from "vitest";
import { checkRules } from "../../../src/access/rules/check.ts";
import { cedarRules } from "../../../src/access/rules/decide.ts";
import type { Rule } from "../../../src/access/rules/tree.ts";
import { catalogWith, engine, engineer, questionOn } from "./fixture.ts";

/** Every kind of value and operator that rules may use; the numbers are such that JavaScript has them. */
const rules = `@id("ask") permit(principal in Group::"support", action == Action::"request", resource)
when { context.duration <= 3600 && context.time > datetime("2026-01-01") };
@id("ask-at-work") permit(principal, action == Action::"request", resource in Store::"customers")
when { context has attested && context.attested has network && context.attested.network.isInRange(ip("10.0.0.0/8")) };
@id("alone") @advice("for a short time") permit(principal in Group::"support", action == Action::"autoApprove", resource == Access::"customers:read")
unless { context.duration + 60 > 1860 || context.dataCategories.contains("salary") };
@id("night") forbid(principal, action, resource)
when { context.hour < 6 || context.weekday == "Sun" || principal.arn like "*:user/m*" };
@id("claims") @onClaims("accepted") permit(principal, action == Action::"autoApprove", resource == Access::"orders:read")
when { context.claimed.purpose == "incident" && (if context.breakGlass then true else context.claimed has ticket) };`;

const questions = ["2026-11-24T11:00:00Z", "2026-11-24T03:00:00Z", "2026-11-22T11:00:00Z"].flatMap((time) =>
  ["customers:read", "orders:read"].flatMap((target) =>
    [600, 1800, 3600, 3601].flatMap((duration) =>
      [undefined, "T-1"].flatMap((ticket) =>
        [{}, { network: "10.1.2.3" }, { network: "2001:db8::1" }].flatMap((attested) =>
          [undefined, engineer].map((identity) => ({
            on: [target],
            duration,
            now: new Date(time),
            justification: { purpose: "incident", reason: "A reason that is good", ticket },
            circumstances: { attested, claimed: {} },
            ...(identity === undefined ? {} : { identity }),
          })),
        ),
      ),
    ),
  ),
);

test("rules decide as their text does, for whatever is asked", async () => {
  const catalog = catalogWith(rules);
  const checked = checkRules(engine, catalog, "jit.yaml");
  expect(checked.every(({ tree }) => tree !== undefined)).toBe(true);
  const texts = checked.map(({ tree: _, ...rule }): Rule => rule);
  const by = (known: readonly Rule[]) =>
    cedarRules(async () => engine, "jit.yaml", new Map([[catalog.digest, known]]));
  const [trees, text] = [by(checked), by(texts)];
  const kinds = new Set<string>();
  for (const question of questions) {
    const asked = questionOn(catalog, question);
    const decision = await trees.decide(asked, catalog);
    kinds.add(decision.kind);
    expect(decision).toEqual(await text.decide(asked, catalog));
  }
  expect([...kinds].sort()).toEqual(["granted", "needsApproval", "refused"]);
});

test("a rule with a number that JavaScript cannot hold is taken as text", async () => {
  const catalog = catalogWith(`@id("ask") permit(principal, action == Action::"request", resource);
@id("alone") permit(principal, action == Action::"autoApprove", resource == Access::"customers:read")
when { context.duration < 9223372036854775807 && 9007199254740993 != 9007199254740992 };`);
  const checked = checkRules(engine, catalog, "jit.yaml");
  expect(checked.map(({ tree }) => tree === undefined)).toEqual([false, true]);
  const known = cedarRules(async () => engine, "jit.yaml", new Map([[catalog.digest, checked]]));
  expect((await known.decide(questionOn(catalog), catalog)).kind).toBe("granted");
});
