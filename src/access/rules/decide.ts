import { allowWhatTheCatalogAllows } from "../decide.ts";
import type { AccessQuestion, Catalog, Decision, Identity, Rules, Target } from "../types.ts";
import { type CompiledRules, compileRules, schemaName } from "./compile.ts";
import type { RuleEngine } from "./engine.ts";
import { callOf } from "./question.ts";
import type { RuleAction } from "./schema.ts";

/**
 * Decides by the catalog, and where it has rules also by them: each target must be allowed to ask for; where for each
 * nobody need agree, the request is granted at once. Cedar is loaded at the first catalog that has rules.
 *
 * Cedar skips a rule that it cannot evaluate, be it a `forbid`; so any such rule refuses here.
 */
export function cedarRules(load: () => Promise<RuleEngine>, source = "the catalog"): Rules {
  let ready:
    | { readonly catalog: Catalog; readonly engine: RuleEngine; readonly compiled: CompiledRules }
    | undefined;
  return {
    async decide(question, catalog) {
      const base = await allowWhatTheCatalogAllows.decide(question, catalog);
      if (base.kind === "refused" || catalog.rules === undefined) return base;
      if (ready?.catalog !== catalog) {
        const engine = await load();
        ready = { catalog, engine, compiled: compileRules(engine, catalog, source) };
      }
      return decideBy(ready.engine, ready.compiled, question, catalog, base);
    },
  };
}

function decideBy(
  engine: RuleEngine,
  compiled: CompiledRules,
  question: AccessQuestion,
  catalog: Catalog,
  base: Decision,
): Decision {
  const by = new Set<string>();
  let alone = base.kind === "granted";
  for (const target of question.targets) {
    const asked = judge(engine, compiled, "request", question, target, catalog);
    if (asked.kind === "no") return refusal(compiled, asked.rule);
    if (asked.kind === "error") return unclear(asked.rule);
    const automatic = judge(engine, compiled, "autoApprove", question, target, catalog);
    if (automatic.kind === "error") return unclear(automatic.rule);
    if (automatic.kind === "yes") for (const rule of automatic.rules) by.add(rule);
    else alone = false;
  }
  if (!alone)
    return base.kind === "needsApproval" ? base : { kind: "needsApproval", quorum: 1, approvers: [] };
  return { kind: "granted", by: [...by].join(", ") };
}

/** Whether this other person may agree to the request, for each of its targets. A rule that errors says no. */
export function mayApprove(
  engine: RuleEngine,
  compiled: CompiledRules,
  question: AccessQuestion,
  catalog: Catalog,
  approver: { readonly identity: Identity; readonly attested: Readonly<Record<string, string>> },
): boolean {
  return question.targets.every(
    (target) => judge(engine, compiled, "approve", question, target, catalog, approver).kind === "yes",
  );
}

type Verdict =
  | { readonly kind: "yes"; readonly rules: readonly string[] }
  /** `undefined`: no rule allows it. */
  | { readonly kind: "no"; readonly rule: string | undefined }
  | { readonly kind: "error"; readonly rule: string | undefined };

function judge(
  engine: RuleEngine,
  { name, rules: all }: CompiledRules,
  action: RuleAction,
  question: AccessQuestion,
  target: Target,
  catalog: Catalog,
  approver?: Parameters<typeof callOf>[5],
): Verdict {
  if (catalog.rules === undefined) return { kind: "error", rule: undefined };
  const answer = engine.statefulIsAuthorized({
    ...callOf(action, question, target, catalog, catalog.rules, approver),
    preparsedSchemaName: schemaName,
    validateRequest: true,
    preparsedPolicySetId: name,
  });
  if (answer.type !== "success") return { kind: "error", rule: undefined };
  const { decision, diagnostics } = answer.response;
  const [error] = diagnostics.errors;
  if (error !== undefined) return { kind: "error", rule: error.policyId };
  // In the order of the text, so that the same rule is named each time.
  const reasons = [...all.keys()].filter((id) => diagnostics.reason.includes(id));
  if (decision === "allow" && reasons.length > 0) return { kind: "yes", rules: reasons };
  return { kind: "no", rule: decision === "deny" ? reasons[0] : undefined };
}

function refusal(compiled: CompiledRules, id: string | undefined): Decision {
  if (id === undefined) return { kind: "refused", rule: "rules", message: "no rule allows this" };
  const advice = compiled.rules.get(id)?.advice;
  return { kind: "refused", rule: id, message: advice ?? `the rule ${id} forbids it` };
}

function unclear(id: string | undefined): Decision {
  return id === undefined
    ? { kind: "refused", rule: "rules", message: "the rules could not be evaluated" }
    : { kind: "refused", rule: id, message: `the rule ${id} could not be evaluated, so nothing is granted` };
}
