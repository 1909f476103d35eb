import { type Context, UNKNOWN } from "./context.ts";
import type { Matcher } from "./match.ts";
import { operatorNamed } from "./operators.ts";
import { all, not, some, type Tri } from "./tri.ts";
import type { Condition } from "./types.ts";
import { readBoolean } from "./values.ts";

/** A condition ready to be tested. */
export type Test = (context: Context) => Tri;

/**
 * Prepares one condition.
 *
 * - Absent key: `IfExists`, negated operators and `ForAllValues` hold; all others do not.
 * - Key of several values: without a qualifier it holds for no operator, negated or not.
 * - `ForAllValues` asks every value of the request, `ForAnyValue` at least one; a negated operator asks of
 *   each value that it matches none of the policy's.
 * - Unknown key: unknown, for `Null` too.
 *
 * Sources: reference_policies_condition-single-vs-multi-valued-context-keys.html and
 * reference_policies_condition-logic-multiple-context-keys-or-values.html in the IAM user guide.
 *
 * @param variables whether the policy's version has policy variables
 */
export function compileCondition(condition: Condition, variables: boolean): Test {
  const key = condition.key.toLowerCase();
  const operator = operatorNamed(condition.operator);
  // Only a policy that was not parsed has an operator that AWS refuses; nothing holds by it.
  if (operator === undefined) return () => false;
  if (operator.name === "Null") return nullTest(key, condition.values);

  const tests = condition.values.map((value) => operator.compile(value, variables) ?? (() => false as const));
  const positive: Matcher<string> = (value, context) => some(tests, (test) => test(value, context));
  const holds: Matcher<string> = operator.negated
    ? (value, context) => not(positive(value, context))
    : positive;

  return (context) => {
    const found = context.lookup(key);
    if (found === UNKNOWN) return "unknown";
    if (condition.qualifier === "ForAllValues") {
      return found === undefined || all(listOf(found), (value) => holds(value, context));
    }
    if (found === undefined)
      return condition.ifExists || (condition.qualifier === undefined && operator.negated);
    if (condition.qualifier === "ForAnyValue") return some(listOf(found), (value) => holds(value, context));
    return typeof found === "string" && holds(found, context);
  };
}

/** `Null: true` holds where the key is absent (or has no values), `Null: false` where it is there. */
function nullTest(key: string, values: readonly string[]): Test {
  const wanted = values.map(readBoolean);
  return (context) => {
    const found = context.lookup(key);
    return found === UNKNOWN ? "unknown" : wanted.includes(found === undefined);
  };
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
