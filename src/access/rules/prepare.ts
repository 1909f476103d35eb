import { JitError } from "../../error.ts";
import type { Catalog } from "../types.ts";
import type { EngineFailure, PolicyTree, RuleEngine } from "./engine.ts";
import { ruleSchema } from "./schema.ts";
import type { Rule } from "./tree.ts";

/** Rules that Cedar holds ready. */
export interface PreparedRules {
  /** Of the policy set in Cedar. */
  readonly name: string;
  /** Of the schema by which Cedar checks what it is asked, where it does. */
  readonly schema: string | undefined;
  /** The rules of some keys of Cedar's, in the order of the text. */
  rules(keys: readonly string[]): readonly Rule[];
}

/**
 * Has Cedar hold the rules of a catalog ready. Every function of its WebAssembly costs time when first called, so
 * nothing is asked of it here but to take the policies, as `checkRules` has had it read them; it numbers those of a text as
 * they stand there.
 * @param rules as `checkRules` gives them
 * @param validate whether Cedar is to check its questions by the schema too
 * @throws JitError `CATALOG_INVALID`
 */
export function prepareRules(
  engine: RuleEngine,
  catalog: Catalog,
  rules: readonly Rule[],
  validate: boolean,
): PreparedRules {
  const made = [
    engine.preparsePolicySet(catalog.digest, {
      staticPolicies: treesOf(rules) ?? catalog.rules?.text ?? "",
    }),
    ...(validate ? [engine.preparseSchema("jit", ruleSchema)] : []),
  ];
  if (made.some(({ type }) => type !== "success")) {
    throw new JitError("CATALOG_INVALID", "Cedar does not take the rules of the catalog", {
      hint: "`jit rules check` says why",
    });
  }
  return {
    name: catalog.digest,
    schema: validate ? "jit" : undefined,
    rules: (keys) =>
      keys
        .map((key) => Number(key.replace("policy", "")))
        .sort((a, b) => a - b)
        .map((index) => rules[index])
        .filter((rule) => rule !== undefined),
  };
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

/** The policies by the names that Cedar would give them; `undefined` where one can only be had as text. */
function treesOf(rules: readonly Rule[]): Readonly<Record<string, PolicyTree>> | undefined {
  const trees = rules.flatMap(({ tree }) => tree ?? []);
  if (trees.length < rules.length) return undefined;
  return Object.fromEntries(trees.map((tree, index) => [`policy${index}`, tree]));
}
