import { resourceMatcher, voidMatcher } from "./arns.ts";
import { compileCondition, type Test } from "./conditions.ts";
import type { Context } from "./context.ts";
import { globOf, type Matcher, matchGlob } from "./match.ts";
import { all, not, some, type Tri } from "./tri.ts";
import type { Policy, Statement } from "./types.ts";
import { tokenize } from "./variables.ts";

/** A statement ready to be tested, but for its Principal element. */
export interface Compiled {
  readonly statement: Statement;
  readonly index: number;
  /** @param action in lower case */
  matches(action: string, resource: string, context: Context): Tri;
}

const ready = new WeakMap<Policy, readonly Compiled[]>();

/** The statements of a policy, prepared once per policy value. */
export function compiledStatements(policy: Policy): readonly Compiled[] {
  let compiled = ready.get(policy);
  if (compiled === undefined) {
    const variables = policy.version === "2012-10-17";
    compiled = policy.statements.map((statement, index) => compileStatement(statement, index, variables));
    ready.set(policy, compiled);
  }
  return compiled;
}

function compileStatement(statement: Statement, index: number, variables: boolean): Compiled {
  const action = actionTest(statement);
  const resource = resourceTest(statement, variables);
  const conditions: readonly Test[] = statement.conditions.map((condition) =>
    compileCondition(condition, variables),
  );
  return {
    statement,
    index,
    matches(name, target, context) {
      if (!action(name)) return false;
      const there = resource(target, context);
      if (there === false) return false;
      const holds = all(conditions, (test) => test(context));
      return holds === true ? there : holds;
    },
  };
}

function actionTest(statement: Statement): (action: string) => boolean {
  const listed = statement.actions ?? statement.notActions ?? [];
  const globs = listed.map((pattern) =>
    globOf(tokenize(pattern.toLowerCase(), { wildcards: true, variables: false })),
  );
  const inList = (action: string) => globs.some((glob) => matchGlob(glob, action));
  return statement.actions === undefined ? (action) => !inList(action) : inList;
}

/** Trust policies have no Resource element: they speak of the role that they stand on. */
function resourceTest(statement: Statement, variables: boolean): Matcher<string> {
  const listed = statement.resources ?? statement.notResources;
  if (listed === undefined) return () => true;
  const matchers = listed.map((pattern) => resourceMatcher(pattern, variables));
  if (statement.resources !== undefined) return anyOf(matchers);
  const taken = anyOf([...matchers, ...listed.map((pattern) => voidMatcher(pattern, variables))]);
  return (resource, context) => not(taken(resource, context));
}

function anyOf(matchers: readonly Matcher<string>[]): Matcher<string> {
  return (resource, context) => some(matchers, (matcher) => matcher(resource, context));
}
