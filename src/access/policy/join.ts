import { type Clause, conditionsKey, sorted } from "./clause.ts";
import { covers, withoutCovered } from "./pattern.ts";

/**
 * Operators under which a key's values are alternatives, so that two lists may become one: matched by A or
 * matched by B is matched by A∪B. Not so under ForAllValues (a set from both lists passes only the union)
 * nor under the negated ones (which mean none of the list).
 */
const ALTERNATIVES =
  /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress|NumericEquals|DateEquals|BinaryEquals)(?:IfExists)? /;
const LIKE = /^(?:ForAnyValue:)?StringLike(?:IfExists)? /;

/** Joins clauses that are alike but for one list of alternatives, and drops values that others take in. */
export function joinConditions(clauses: readonly Clause[]): readonly Clause[] {
  const names = sorted(clauses.flatMap((one) => [...one.conditions.keys()]));
  let current = clauses;
  for (const name of names) if (ALTERNATIVES.test(name)) current = joinOn(name, current);
  return current;
}

function joinOn(name: string, clauses: readonly Clause[]): readonly Clause[] {
  const byRest = new Map<string, Clause>();
  const others: Clause[] = [];
  for (const one of clauses) {
    const values = one.conditions.get(name);
    if (values === undefined) {
      others.push(one);
      continue;
    }
    const rest = new Map(one.conditions);
    rest.delete(name);
    const key = JSON.stringify([one.effect, one.action, one.resource, conditionsKey(rest)]);
    const before = byRest.get(key)?.conditions.get(name) ?? [];
    const joined = sorted([...before, ...values]);
    rest.set(name, LIKE.test(name) ? withoutCovered(joined, covers) : joined);
    byRest.set(key, { ...one, conditions: rest });
  }
  return [...others, ...byRest.values()];
}
