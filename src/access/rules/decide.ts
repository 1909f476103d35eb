import { approvalOf, namedApprover } from "../approval.ts";
import { allowWhatTheCatalogAllows } from "../decide.ts";
import type { AccessQuestion, ApprovalRules, Approver, Catalog, Decision, Target } from "../types.ts";
import { approverNames } from "./approvers.ts";
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
export function cedarRules(
  load: () => Promise<RuleEngine>,
  source: string,
  checked: CheckedRules,
): ApprovalRules {
  let ready: Ready | undefined;
  const prepare = async (catalog: Catalog): Promise<Ready> => {
    if (ready?.catalog === catalog) return ready;
    const engine = await load();
    const known = checked.get(catalog.digest);
    const rules = known ?? checkRules(engine, catalog, source);
    if (known === undefined) checked.set(catalog.digest, rules);
    ready = { catalog, engine, rules, prepared: prepareRules(engine, catalog, rules, known === undefined) };
    return ready;
  };
  return {
    async decide(question, catalog) {
      const base = await allowWhatTheCatalogAllows.decide(question, catalog);
      if (base.kind === "refused" || catalog.rules === undefined) return base;
      return decideBy(await prepare(catalog), question, base);
    },
    async mayApprove(question, catalog, approver) {
      if (catalog.rules === undefined)
        return await allowWhatTheCatalogAllows.mayApprove(question, catalog, approver);
      if (namedApprover(question.targets, catalog, approver) === "no") return false;
      const { engine, prepared } = await prepare(catalog);
      return mayApprove(engine, prepared, question, catalog, approver);
    },
  };
}

interface Ready {
  readonly catalog: Catalog;
  readonly engine: RuleEngine;
  readonly rules: readonly Rule[];
  readonly prepared: PreparedRules;
}

/**
 * `autoApprove` counts where the requester issues alone: what another issues, no rule can take from that person's hands.
 */
function decideBy(
  { catalog, engine, prepared, rules }: Ready,
  question: AccessQuestion,
  base: Decision,
): Decision {
  if (question.breakGlass === true) return decideBreakGlass({ catalog, engine, prepared }, question);
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
  if (!alone) {
    const { quorum } = approvalOf(question.targets);
    return { kind: "needsApproval", quorum, approvers: approverNames(rules, question.targets) };
  }
  return { kind: "granted", by: [...by].join(", ") };
}

/** In an emergency nobody agrees, so nothing but a rule that names `breakGlass` lets anybody have anything. */
function decideBreakGlass(
  { catalog, engine, prepared }: Omit<Ready, "rules">,
  question: AccessQuestion,
): Decision {
  const by = new Set<string>();
  for (const target of question.targets) {
    const verdict = judge(engine, prepared, "breakGlass", question, target, catalog);
    if (verdict.kind === "error") return unclear(verdict.rule);
    if (verdict.kind === "no") return refusal(verdict.rule);
    const naming = verdict.rules.filter(({ actions }) => actions.includes("breakGlass"));
    if (naming.length === 0) return refusal(undefined);
    for (const { id } of naming) by.add(id);
  }
  return { kind: "granted", by: [...by].join(", ") };
}

/** Whether this other person may agree to the request, for each of its targets. A rule that errors says no. */
export function mayApprove(
  engine: RuleEngine,
  prepared: PreparedRules,
  question: AccessQuestion,
  catalog: Catalog,
  approver: Approver,
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
  approver?: Approver,
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
