import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRules } from "../../../src/access/rules/check.ts";
import { cedarRules, mayApprove } from "../../../src/access/rules/decide.ts";
import { prepareRules } from "../../../src/access/rules/prepare.ts";
import { callOf } from "../../../src/access/rules/question.ts";
import type { AccessQuestion, Decision } from "../../../src/access/types.ts";
import { alice, catalogWith, engine, engineer, questionOn } from "./fixture.ts";

const base = `@id("support-asks")
permit(principal in Group::"support", action == Action::"request", resource in Store::"customers");
@id("read-needs-nobody")
permit(principal in Group::"support", action == Action::"autoApprove", resource == Access::"customers:read");
`;

type Change = Partial<AccessQuestion> & { readonly on?: readonly string[] };

async function decide(rules: string, change: Change = {}): Promise<Decision> {
  const catalog = catalogWith(rules);
  return await cedarRules(async () => engine, "jit.yaml", new Map()).decide(
    questionOn(catalog, change),
    catalog,
  );
}

/** The decision in the words of `jit rules test`. */
async function word(rules: string, change: Change = {}): Promise<string> {
  const decision = await decide(rules, change);
  if (decision.kind === "refused") return `refused ${decision.rule}`;
  return decision.kind === "granted" ? `granted ${decision.by}` : "approval";
}

const when = (condition: string) =>
  `${base}@id("no")\n@advice("Not like this")\nforbid(principal, action == Action::"request", resource) when { ${condition} };\n`;

describe("rules", () => {
  test("allow by group and grant at once where nobody need agree", async () => {
    expect(await decide(base)).toEqual({ kind: "granted", by: "read-needs-nobody" });
    expect(await decide(base, { on: ["customers:write"], duration: 600 })).toEqual({
      kind: "needsApproval",
      quorum: 1,
      approvers: [],
    });
  });

  test("of several targets each must be allowed", async () => {
    expect(await word(base, { on: ["customers:read", "customers:write"], duration: 600 })).toBe("approval");
    const one = base.replace('resource in Store::"customers"', 'resource == Access::"customers:read"');
    expect(await word(one, { on: ["customers:read", "customers:write"], duration: 600 })).toBe(
      "refused rules",
    );
  });

  test("refuse where none allows", async () => {
    expect(await word(base, { identity: engineer })).toBe("refused rules");
    expect(await word(base, { on: ["orders:read"] })).toBe("refused rules");
  });

  test("refuse what the catalog refuses, without a look at them", async () => {
    expect(await word(base, { duration: 7200 })).toBe("refused catalog");
    expect(await word(base, { targets: [] })).toBe("refused catalog");
  });

  test("name the one that forbids, with its advice", async () => {
    expect(await decide(when("true"))).toEqual({ kind: "refused", rule: "no", message: "Not like this" });
  });

  test("that cannot be evaluated refuse, though Cedar itself would pass over them", async () => {
    const broken = "context.duration * 9223372036854775807 > 5";
    expect(await word(when(broken))).toBe("refused no");
    expect(await word(when(broken).replace("forbid", "permit"))).toBe("refused no");
    expect(
      await word(when(broken).replaceAll('"request", resource) when', '"autoApprove", resource) when')),
    ).toBe("refused no");
  });

  test.each<[string, Change]>([
    ['context.hour == 12 && context.minute == 0 && context.weekday == "Tue"', {}],
    ['context.time == datetime("2026-11-24T11:00:00Z")', {}],
    ['context.hour == 1 && context.weekday == "Wed"', { now: new Date("2026-11-25T00:30:00Z") }],
    ["context.hour == 0", { now: new Date("2026-11-24T23:00:00Z") }],
    ["context.duration > 1700 && context.maximumDuration == 3600", {}],
    ['context.access == "read" && resource.name == "read"', {}],
    ['context.classification == "restricted" && resource.store.classification == "restricted"', {}],
    ['context.dataCategories.contains("birth date")', {}],
    ['context.claimed.purpose == "support"', {}],
    ["!(context.claimed has ticket)", {}],
    [
      'context.claimed has ticket && context.claimed.ticket like "SUP-*"',
      { justification: { purpose: "support", reason: "x", ticket: "SUP-1" } },
    ],
    ["!context.breakGlass", {}],
    [
      'context.attested has network && context.attested.network.isInRange(ip("203.0.113.0/24"))',
      { circumstances: { attested: { network: "::ffff:203.0.113.7" }, claimed: {} } },
    ],
    [
      'context.claimed has network && context.claimed.network.isInRange(ip("2001:db8::/32"))',
      { circumstances: { attested: {}, claimed: { network: "2001:db8::7" } } },
    ],
    ["!(context.claimed has network)", { circumstances: { attested: {}, claimed: { network: "nowhere" } } }],
    [
      "context.attested has mfa && context.attested.mfa",
      { circumstances: { attested: { mfa: "true" }, claimed: {} } },
    ],
    ["!(context.attested has mfa)", { circumstances: { attested: {}, claimed: { mfa: "true" } } }],
    [
      'context.claimed has ci && context.claimed.ci.provider == "GitHub Actions" && context.claimed.ci has repository && context.claimed.ci.repository == "acme/shop" && context.claimed.ci has ref && context.claimed.ci has environment',
      {
        circumstances: {
          attested: {},
          claimed: {
            "ci.provider": "GitHub Actions",
            "ci.repository": "acme/shop",
            "ci.ref": "refs/heads/main",
            "ci.environment": "production",
          },
        },
      },
    ],
    ['principal.account == "111122223333" && principal has user && principal.user == "alice"', {}],
  ])("see %s", async (condition, change) => {
    expect(await word(when(condition), change)).toBe("refused no");
    expect(await word(when(`!(${condition})`), change)).toBe("granted read-needs-nobody");
  });

  test("see the same clock in UTC and in a zone that is UTC by another name", async () => {
    const catalog = catalogWith(base);
    for (let hours = 0; hours < 7 * 24; hours += 5) {
      const now = new Date(Date.UTC(2026, 1, 26, hours, 7));
      const question = questionOn(catalog, { now });
      const [target] = question.targets;
      const { rules } = catalog;
      if (rules === undefined || target === undefined) throw new Error("no rules");
      const [utc, gmt] = ["UTC", "Etc/GMT"].map(
        (timeZone) => callOf("request", question, target, catalog, { ...rules, timeZone }).context,
      );
      expect(utc).toEqual(gmt);
      expect(utc).toMatchObject({ hour: hours % 24, minute: 7 });
    }
  });

  test("see groups by role pattern, and by an attested user alone", async () => {
    const rules = base.replaceAll("support", "engineers");
    expect(await word(rules, { identity: engineer })).toBe("granted read-needs-nobody");
    expect(await word(rules)).toBe("refused rules");
    const user = { "identityCenter.userId": "c4d8a4e8-7051-70aa-1c11-5b1d6d1e2f30" };
    expect(await word(rules, { circumstances: { attested: user, claimed: {} } })).toBe(
      "granted read-needs-nobody",
    );
    expect(await word(rules, { circumstances: { attested: {}, claimed: user } })).toBe("refused rules");
  });

  test("are named right, however many, and decide the same where they are known already", async () => {
    const many = Array.from(
      { length: 25 },
      (_, n) => `@id("r${n}") forbid(principal, action, resource) when { context.duration == ${n + 60} };`,
    ).join("\n");
    const catalog = catalogWith(base + many);
    const checked = new Map();
    for (let n = 0; n < 25; n += 1) {
      // The first finds nothing known; each of the others is as in a process of its own.
      const rules = cedarRules(async () => engine, "jit.yaml", checked);
      const decision = await rules.decide(questionOn(catalog, { duration: n + 60 }), catalog);
      expect(decision).toMatchObject({ kind: "refused", rule: `r${n}` });
    }
    const rules = cedarRules(async () => engine, "jit.yaml", checked);
    expect(await rules.decide(questionOn(catalog), catalog)).toEqual({
      kind: "granted",
      by: "read-needs-nobody",
    });
  });

  test("that a catalog does not have need no Cedar", async () => {
    const catalog = { ...catalogWith(base), rules: undefined };
    const rules = cedarRules(() => Promise.reject(new Error("loaded")), "jit.yaml", new Map());
    expect(await rules.decide(questionOn(catalog), catalog)).toEqual({ kind: "granted", by: "catalog" });
  });

  test("of another catalog are not taken for this one's", async () => {
    const rules = cedarRules(async () => engine, "jit.yaml", new Map());
    const [open, shut] = [catalogWith(base), catalogWith(when("true"))];
    for (const [catalog, kind] of [
      [open, "granted"],
      [shut, "refused"],
      [open, "granted"],
    ] as const)
      expect((await rules.decide(questionOn(catalog), catalog)).kind).toBe(kind);
  });
});

describe("who may approve", () => {
  const rules = `${base}@id("other-approves")
permit(principal in Group::"engineers", action == Action::"approve", resource) unless { principal == context.requester };
@id("not-oneself")
forbid(principal, action == Action::"approve", resource) when { context.requester.userid == principal.userid };`;
  const catalog = catalogWith(rules);
  const prepared = prepareRules(engine, catalog, checkRules(engine, catalog, "jit.yaml"), true);

  test.each([
    ["another of the group", alice, engineer, true],
    ["nobody outside of it", engineer, alice, false],
    ["not the requester", engineer, engineer, false],
  ])("%s", (_name, identity, approver, may) => {
    const question = questionOn(catalog, { identity });
    expect(mayApprove(engine, prepared, question, catalog, { identity: approver, attested: {} })).toBe(may);
  });
});

const conditions = [
  "true",
  "context.duration < 0",
  "context.duration > 600",
  "context.hour < 12",
  'context.weekday == "Tue"',
  'context.claimed.purpose == "support"',
  "context.claimed has ticket",
  "context.breakGlass",
  "context.duration * 9223372036854775807 > 5",
];
const rule = fc.record({
  effect: fc.constantFrom("permit", "forbid"),
  action: fc.constantFrom("request", "autoApprove"),
  condition: fc.constantFrom(...conditions),
});
type Made = { readonly effect: string; readonly action: string; readonly condition: string };
const textOf = (rules: readonly Made[]): string =>
  rules
    .map(
      ({ effect, action, condition }, index) =>
        `@id("r${index}") @onClaims("accepted") ${effect}(principal, action == Action::"${action}", resource) when { ${condition} };`,
    )
    .join("\n");
const rank = { refused: 0, needsApproval: 1, granted: 2 };
const change = fc.record({
  duration: fc.constantFrom(60, 900, 3600),
  now: fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true }),
});

describe("whatever the rules", () => {
  test("one more forbid never widens", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { minLength: 1, maxLength: 6 }),
        rule,
        change,
        async (rules, more, asked) => {
          const before = await decide(textOf(rules), asked);
          const after = await decide(textOf([...rules, { ...more, effect: "forbid" }]), asked);
          expect(rank[after.kind]).toBeLessThanOrEqual(rank[before.kind]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("one that errors never grants, wherever it stands", async () => {
    const broken = { condition: "context.duration * 9223372036854775807 > 5" };
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { maxLength: 6 }),
        rule,
        fc.nat(6),
        change,
        async (rules, odd, at, asked) => {
          const all = rules.toSpliced(at, 0, { ...odd, ...broken });
          expect((await decide(textOf(all), asked)).kind).not.toBe("granted");
        },
      ),
      { numRuns: 60 },
    );
  });
});
