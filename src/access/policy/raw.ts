import type { StatementGrant } from "../types.ts";
import { type Clause, conditionsOf, type Element, sorted } from "./clause.ts";

/** A raw statement of the catalog, already checked by `parsePolicy`, as a clause. Its Sid is left out. */
export function rawClause(grant: StatementGrant): Clause {
  const { statement } = grant;
  return {
    effect: statement["Effect"] === "Deny" ? "Deny" : "Allow",
    action: element(statement["Action"], statement["NotAction"]),
    resource: element(statement["Resource"], statement["NotResource"]),
    conditions: conditionsOf(conditionEntries(statement["Condition"])),
  };
}

function element(plain: unknown, not: unknown): Element {
  return plain === undefined
    ? { not: true, values: sorted(listOf(not)) }
    : { not: false, values: sorted(listOf(plain)) };
}

function listOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

function* conditionEntries(block: unknown): Generator<readonly [string, readonly string[]]> {
  for (const [operator, keys] of entriesOf(block)) {
    for (const [key, values] of entriesOf(keys)) yield [`${operator} ${key}`, listOf(values)];
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
