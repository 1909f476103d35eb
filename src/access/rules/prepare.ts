import { JitError } from "../../error.ts";
import type { Catalog } from "../types.ts";
import type { EngineFailure, RuleEngine } from "./engine.ts";
import { ruleSchema } from "./schema.ts";
import { type Rule, ruleOf } from "./tree.ts";

/** Rules that Cedar holds ready. Their keys are their places in the text, `0`, `1`, …; names are looked up when needed. */
export interface PreparedRules {
  /** Of the policy set in Cedar. */
  readonly name: string;
  /** The rules of some keys, in the order of the text. */
  rules(keys: readonly string[]): readonly Rule[];
}

export const schemaName = "jit";

/**
 * Has Cedar hold the rules of a catalog ready, without checking more of them than their syntax.
 * @throws JitError `CATALOG_INVALID`
 */
export function prepareRules(engine: RuleEngine, catalog: Catalog, source: string): PreparedRules {
  const pieces = cut(engine, catalog.rules?.text ?? "");
  if (!Array.isArray(pieces)) throw unfit(source);
  const staticPolicies = Object.fromEntries(pieces.map(({ text }, index) => [String(index), text]));
  const made = [
    engine.preparseSchema(schemaName, ruleSchema),
    engine.preparsePolicySet(catalog.digest, { staticPolicies }),
  ];
  if (made.some(({ type }) => type !== "success")) throw unfit(source);
  return {
    name: catalog.digest,
    rules: (keys) =>
      [...keys]
        .sort((a, b) => Number(a) - Number(b))
        .map((key) => {
          const read = engine.policyToJson(staticPolicies[key] ?? "");
          if (read.type === "failure") throw unfit(source);
          return ruleOf(read.json);
        }),
  };
}

function unfit(source: string): JitError {
  return new JitError("CATALOG_INVALID", `Cedar does not take the rules of ${source}`, {
    hint: "`jit rules check` says why",
  });
}

/** A policy of a text, and where it begins there. */
export interface Piece {
  readonly text: string;
  /** UTF-16 code units. */
  readonly offset: number;
}

/** The policies of a text in its order. */
export function cut(engine: RuleEngine, text: string): Piece[] | EngineFailure {
  const parts = engine.policySetTextToParts(text);
  if (parts.type === "failure") return parts;
  if (parts.policy_templates.length > 0) {
    const message = "templates (?principal, ?resource) are not taken";
    return { type: "failure", errors: [{ message, help: null }] };
  }
  const seen = new Map<string, number>();
  const pieces = parts.policies.map((policy) => {
    // Cedar promises no order; the same text may stand there twice.
    const offset = Math.max(0, text.indexOf(policy, seen.get(policy) ?? 0));
    seen.set(policy, offset + 1);
    return { text: policy, offset };
  });
  return pieces.sort((a, b) => a.offset - b.offset);
}
