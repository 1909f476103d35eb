import { arnMatcher } from "./arns.ts";
import { type Matcher, textMatcher } from "./match.ts";
import { inRange, readBinary, readBoolean, readDate, readNumber, readRange } from "./values.ts";

/**
 * The condition operators.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export interface Operator {
  readonly name: string;
  /** A negated operator holds where its positive twin does not: for no value of the policy, and for an absent key. */
  readonly negated: boolean;
  /** What its values must be, where not every text is one. */
  readonly needs: string | undefined;
  /**
   * Prepares the positive test of one policy value.
   * @returns `undefined` for a value that the operator cannot read
   */
  compile(value: string, variables: boolean): Matcher<string> | undefined;
}

const operators = new Map<string, Operator>();

function define(
  names: string,
  needs: string | undefined,
  compile: (value: string, variables: boolean) => Matcher<string> | undefined,
): void {
  for (const [index, name] of names.split(" ").entries()) {
    operators.set(name.toLowerCase(), { name, negated: index > 0, needs, compile });
  }
}

/** Reads both sides as one type and compares them. A request's value of another type matches nothing. */
function typed<T>(read: (text: string) => T | undefined, holds: (actual: T, wanted: T) => boolean) {
  return (value: string): Matcher<string> | undefined => {
    const wanted = read(value);
    if (wanted === undefined) return undefined;
    return (text) => {
      const actual = read(text);
      return actual !== undefined && holds(actual, wanted);
    };
  };
}

const ORDERS: readonly (readonly [string, (actual: number, wanted: number) => boolean])[] = [
  ["LessThan", (a, b) => a < b],
  ["LessThanEquals", (a, b) => a <= b],
  ["GreaterThan", (a, b) => a > b],
  ["GreaterThanEquals", (a, b) => a >= b],
];

const literal = (variables: boolean) => ({ wildcards: false, variables });
define("StringEquals StringNotEquals", undefined, (value, variables) =>
  textMatcher(value, literal(variables)),
);
define("StringEqualsIgnoreCase StringNotEqualsIgnoreCase", undefined, (value, variables) =>
  textMatcher(value, literal(variables), true),
);
define("StringLike StringNotLike", undefined, (value, variables) =>
  textMatcher(value, { wildcards: true, variables }),
);
for (const names of ["ArnEquals ArnNotEquals", "ArnLike ArnNotLike"]) {
  define(names, undefined, (value, variables) => arnMatcher(value, variables));
}
for (const [type, needs, read] of [
  ["Numeric", "a number", readNumber],
  ["Date", "a date in ISO 8601, its zone with a time of day, or seconds since 1970", readDate],
] as const) {
  define(
    `${type}Equals ${type}NotEquals`,
    needs,
    typed(read, (a, b) => a === b),
  );
  for (const [order, holds] of ORDERS) define(`${type}${order}`, needs, typed(read, holds));
}
const sameBoolean = typed(readBoolean, (a, b) => a === b);
// The only typed operator that takes variables.
define("Bool", "true or false", (value, variables) => {
  if (!variables || !value.includes("${")) return sameBoolean(value);
  const same = textMatcher(value, literal(variables), true);
  return (text, context) => readBoolean(text) !== undefined && same(text, context);
});
const sameBytes = typed(readBinary, (a, b) => a === b);
define("BinaryEquals", "base64", sameBytes);
define("IpAddress NotIpAddress", "an IPv4 or IPv6 address or CIDR range", typed(readRange, inRange));
// Null looks at the key alone; see conditions.ts.
define("Null", "true or false", sameBoolean);

/** @param name in any case */
export function operatorNamed(name: string): Operator | undefined {
  return operators.get(name.toLowerCase());
}

/** The names of all operators, each as AWS writes it. */
export function operatorNames(): readonly string[] {
  return [...operators.values()].map((operator) => operator.name);
}
