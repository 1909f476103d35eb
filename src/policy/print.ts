import { invalid } from "./json.ts";
import type { Condition, Policy, Principals, Statement } from "./types.ts";

/**
 * The shortest JSON text of a policy: no spaces, single values without brackets, nothing that is the default.
 * `parsePolicy` of it gives the policy back.
 *
 * @throws JitError `POLICY_INVALID` where two conditions of a statement share operator and key, which JSON
 *   cannot say
 */
export function printPolicy(policy: Policy): string {
  return JSON.stringify({
    Version: policy.version === "2008-10-17" ? undefined : policy.version,
    Id: policy.id,
    Statement: single(policy.statements.map(statementJson)),
  });
}

/** A statement as it stands in `printPolicy`'s text; elements that are absent are `undefined`. */
export function statementJson(statement: Statement): Readonly<Record<string, unknown>> {
  return {
    Sid: statement.sid,
    Effect: statement.effect,
    Principal: principalsJson(statement.principal),
    NotPrincipal: principalsJson(statement.notPrincipal),
    Action: single(statement.actions),
    NotAction: single(statement.notActions),
    Resource: single(statement.resources),
    NotResource: single(statement.notResources),
    Condition: statement.conditions.length === 0 ? undefined : conditionsJson(statement.conditions),
  };
}

/** The operator with its qualifier and suffix, as a Condition block spells it: `ForAnyValue:StringLikeIfExists`. */
export function operatorText(condition: Condition): string {
  const qualifier = condition.qualifier === undefined ? "" : `${condition.qualifier}:`;
  return `${qualifier}${condition.operator}${condition.ifExists ? "IfExists" : ""}`;
}

function conditionsJson(conditions: readonly Condition[]): Readonly<Record<string, unknown>> {
  const blocks = new Map<string, Map<string, unknown>>();
  for (const condition of conditions) {
    const operator = operatorText(condition);
    const block = blocks.get(operator) ?? new Map<string, unknown>();
    if (block.has(condition.key)) throw invalid("$", `two conditions ${operator} on ${condition.key}`);
    blocks.set(operator, block.set(condition.key, single(condition.values)));
  }
  return Object.fromEntries([...blocks].map(([operator, block]) => [operator, Object.fromEntries(block)]));
}

function principalsJson(principals: Principals | undefined): unknown {
  if (principals === undefined) return undefined;
  if (principals.any) return "*";
  return Object.fromEntries(Object.entries(principals.byType).map(([type, names]) => [type, single(names)]));
}

function single<T>(values: readonly T[] | undefined): T | readonly T[] | undefined {
  return values?.length === 1 ? values[0] : values;
}
