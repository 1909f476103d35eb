import { type CompiledRules, compileRules } from "../../access/rules/compile.ts";
import { cedarRules } from "../../access/rules/decide.ts";
import type { RuleEngine } from "../../access/rules/engine.ts";
import type { Catalog, Rules } from "../../access/types.ts";

/** Cedar, loaded at the first catalog that has rules: its WebAssembly takes longer than all else that jit loads. */
async function loadCedar(): Promise<RuleEngine> {
  return (await import("../../local/cedar.ts")).openCedar();
}

export function openRules(source?: string): Rules {
  return cedarRules(loadCedar, source);
}

/**
 * The rules of a catalog that an administrator holds in hand, checked.
 * @throws CatalogError `CATALOG_INVALID`
 */
export async function checkedRules(catalog: Catalog, source: string): Promise<CompiledRules["rules"]> {
  if (catalog.rules === undefined) return new Map();
  return compileRules(await loadCedar(), catalog, source).rules;
}
