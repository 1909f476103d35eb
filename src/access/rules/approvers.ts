import { approvalOf } from "../approval.ts";
import { formatTarget } from "../target.ts";
import type { Target } from "../types.ts";
import type { Rule } from "./tree.ts";

/**
 * Who may agree to all of these targets, for people to read: where the stores name approvers, those; else the groups in the
 * scopes of rules that let somebody approve, and of a rule without a group its id. Empty: no rule lets anybody.
 */
export function approverNames(rules: readonly Rule[], targets: readonly Target[]): readonly string[] {
  const permits = rules.filter(({ effect, actions }) => effect === "permit" && actions.includes("approve"));
  const each = targets.map((target) => permits.filter((rule) => speaksOf(rule, target)));
  if (each.some((some) => some.length === 0)) return [];
  const named = approvalOf(targets).approvers;
  if (named.length > 0) return named;
  return [...new Set(each.flat().map(({ id, group }) => group ?? `whom rule ${id} allows`))];
}

function speaksOf({ resource }: Rule, target: Target): boolean {
  return resource === undefined || resource === target.store.name || resource === formatTarget(target);
}
