import { allowWhatTheCatalogAllows } from "../decide.ts";
import type { AccessQuestion, Catalog, Decision, Identity, Rules, Target } from "../types.ts";
import { checkRules } from "./check.ts";
import type { RuleEngine } from "./engine.ts";
import { type PreparedRules, prepareRules } from "./prepare.ts";
import { callOf } from "./question.ts";
import type { RuleAction } from "./schema.ts";
import type { Rule } from "./tree.ts";

/**
 * The rules of catalogs that were checked already, by digest. A check takes longer than all else of a request, and whoever signed
 * the catalog has made it; what a wrong memory lets pass still refuses where it cannot be evaluated.
 */
export interface CheckedRules {
  get(digest: string): readonly Rule[] | undefined;
  set(digest: string, rules: readonly Rule[]): unknown;
}

/**
 * Decides by the catalog, and where it has rules also by them: each target must be allowed to ask for; where for each
 * nobody need agree, the request is granted at once. Cedar is loaded at the first catalog that has rules.
 *
 * Cedar skips a rule that it cannot evaluate, be it a `forbid`; so any such rule refuses here.
 */
export function cedarRules(load: () => Promise<RuleEngine>, source: string, checked: CheckedRules): Rules {
  let ready:
    | { readonly catalog: Catalog; readonly engine: RuleEngine; readonly prepared: PreparedRules }
    | undefined;
  return {
    async decide(question, catalog) {
      const base = await allowWhatTheCatalogAllows.decide(question, catalog);
      if (base.kind === "refused" || catalog.rules === undefined) return base;
      if (ready?.catalog !== catalog) {
        const engine = await load();
        const known = checked.get(catalog.digest);
        const rules = known ?? checkRules(engine, catalog, source);
        if (known === undefined) checked.set(catalog.digest, rules);
        ready = { catalog, engine, prepared: prepareRules(engine, catalog, rules, known === undefined) };
      }
      return decideBy(ready.engine, ready.prepared, question, catalog, base);
    },
  };
}

function decideBy(
  engine: RuleEngine,
  prepared: PreparedRules,
  question: AccessQuestion,
  catalog: Catalog,
  base: Decision,
): Decision {
  const by = new Set<string>();
  let alone = base.kind === "granted";
  for (const target of question.targets) {
    const asked = judge(engine, prepared, "request", question, target, catalog);
    if (asked.kind === "no") return refusal(asked.rule);
    if (asked.kind === "error") return unclear(asked.rule);
    const automatic = judge(engine, prepared, "autoApprove", question, target, catalog);
    if (automatic.kind === "error") return unclear(automatic.rule);
    if (automatic.kind === "yes") for (const { id } of automatic.rules) by.add(id);
    else alone = false;
  }
  if (!alone)
    return base.kind === "needsApproval" ? base : { kind: "needsApproval", quorum: 1, approvers: [] };
  return { kind: "granted", by: [...by].join(", ") };
}

/** Whether this other person may agree to the request, for each of its targets. A rule that errors says no. */
export function mayApprove(
  engine: RuleEngine,
  prepared: PreparedRules,
  question: AccessQuestion,
  catalog: Catalog,
  approver: { readonly identity: Identity; readonly attested: Readonly<Record<string, string>> },
): boolean {
  return question.targets.every(
    (target) => judge(engine, prepared, "approve", question, target, catalog, approver).kind === "yes",
  );
}

type Verdict =
  | { readonly kind: "yes"; readonly rules: readonly Rule[] }
  /** The rule that forbids; `undefined` where none allows. */
  | { readonly kind: "no"; readonly rule: Rule | undefined }
  | { readonly kind: "error"; readonly rule: Rule | undefined };

function judge(
  engine: RuleEngine,
  prepared: PreparedRules,
  action: RuleAction,
  question: AccessQuestion,
  target: Target,
  catalog: Catalog,
  approver?: Parameters<typeof callOf>[5],
): Verdict {
  if (catalog.rules === undefined) return { kind: "error", rule: undefined };
  const answer = engine.statefulIsAuthorized({
    ...callOf(action, question, target, catalog, catalog.rules, approver),
    ...(prepared.schema === undefined ? {} : { preparsedSchemaName: prepared.schema, validateRequest: true }),
    preparsedPolicySetId: prepared.name,
  });
  if (answer.type !== "success") return { kind: "error", rule: undefined };
  const { decision, diagnostics } = answer.response;
  const [error] = prepared.rules(diagnostics.errors.map(({ policyId }) => policyId));
  if (diagnostics.errors.length > 0) return { kind: "error", rule: error };
  if (action === "request" && decision === "allow") return { kind: "yes", rules: [] };
  const reasons = prepared.rules(diagnostics.reason);
  return decision === "allow" ? { kind: "yes", rules: reasons } : { kind: "no", rule: reasons[0] };
}

function refusal(rule: Rule | undefined): Decision {
  if (rule === undefined) return { kind: "refused", rule: "rules", message: "no rule allows this" };
  const { id, advice } = rule;
  return { kind: "refused", rule: id, message: advice ?? `the rule ${id} forbids it` };
}

function unclear(rule: Rule | undefined): Decision {
  if (rule === undefined)
    return { kind: "refused", rule: "rules", message: "the rules could not be evaluated" };
  const { id } = rule;
  return {
    kind: "refused",
    rule: id,
    message: `the rule ${id} could not be evaluated, so nothing is granted`,
  };
}
