import { codeOf, JitError } from "../error.ts";
import { invalid, type Json, member } from "./json.ts";
import { operatorNamed } from "./operators.ts";
import type { Condition } from "./types.ts";

const QUALIFIED = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/i;

/** A Condition block. Operators get AWS's spelling; numbers and booleans among the values become text. */
export function parseConditions(json: Json, path: string, variables: boolean): readonly Condition[] {
  const conditions: Condition[] = [];
  const seen = new Set<string>();
  for (const [written, tests] of entries(json, path)) {
    const at = member(path, written);
    const head = parseOperator(written, at);
    for (const [key, listed] of entries(tests, at)) {
      const here = member(at, key);
      if (!/^[^:\s]+:\S.*$/.test(key)) throw invalid(here, "no condition key, which is like aws:SourceIp");
      const name = JSON.stringify([head.qualifier, head.operator, head.ifExists, key.toLowerCase()]);
      if (seen.has(name)) throw invalid(here, "the same test twice");
      seen.add(name);
      conditions.push({ ...head, key, values: parseValues(listed, here, head.operator, variables) });
    }
  }
  return conditions;
}

function parseOperator(
  written: string,
  path: string,
): Pick<Condition, "operator" | "qualifier" | "ifExists"> {
  const [, qualifier, base = "", suffix] = QUALIFIED.exec(written) ?? [];
  const operator = operatorNamed(base);
  if (operator === undefined) throw invalid(path, "unknown condition operator");
  if (operator.name === "Null" && (suffix !== undefined || qualifier !== undefined)) {
    throw invalid(path, "Null takes neither IfExists nor a qualifier");
  }
  const folded = qualifier?.toLowerCase();
  return {
    operator: operator.name,
    qualifier: folded === undefined ? undefined : folded === "forallvalues" ? "ForAllValues" : "ForAnyValue",
    ifExists: suffix !== undefined,
  };
}

function parseValues(json: Json, path: string, operator: string, variables: boolean): readonly string[] {
  const listed: readonly Json[] = Array.isArray(json) ? json : [json];
  if (listed.length === 0) throw invalid(path, "an empty list");
  return listed.map((item, index) => {
    const at = Array.isArray(json) ? `${path}[${index}]` : path;
    if (typeof item !== "string" && typeof item !== "number" && typeof item !== "boolean") {
      throw invalid(at, "not a text, number or boolean");
    }
    if (typeof item === "number" && Number.isInteger(item) && !Number.isSafeInteger(item)) {
      throw invalid(at, "a number that JSON cannot carry exactly; write it as text");
    }
    const value = String(item);
    checkValue(value, at, operator, variables);
    return value;
  });
}

function checkValue(value: string, path: string, name: string, variables: boolean): void {
  const operator = operatorNamed(name);
  try {
    if (operator?.compile(value, variables) === undefined)
      throw invalid(path, `not ${operator?.needs ?? "readable"}`);
  } catch (error) {
    if (codeOf(error) !== "POLICY_INVALID" || !(error instanceof JitError) || error.message.startsWith(path))
      throw error;
    throw new JitError(error.code, `${path}: ${error.message}`, { hint: error.hint });
  }
}

function entries(json: Json, path: string): readonly (readonly [string, Json])[] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw invalid(path, "not an object");
  return Object.entries(json as Readonly<Record<string, Json>>);
}
