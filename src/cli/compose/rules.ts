import { checkRules } from "../../access/rules/check.ts";
import { type CheckedRules, cedarRules } from "../../access/rules/decide.ts";
import type { RuleEngine } from "../../access/rules/engine.ts";
import type { Rule } from "../../access/rules/tree.ts";
import type { ApprovalRules, Catalog } from "../../access/types.ts";

/** Cedar, loaded at the first catalog that has rules: its WebAssembly takes longer than all else that jit loads. */
function loadCedar(): Promise<RuleEngine> {
  cedar ??= import("../../local/cedar.ts").then(({ openCedar }) => openCedar());
  return cedar;
}

let cedar: Promise<RuleEngine> | undefined;

/** Begins to load Cedar where the catalog last believed has rules, while AWS's clients are loaded and answer. */
export function expectRules(catalog: Catalog | undefined): void {
  // A failure is told to whoever needs it then.
  if (catalog?.rules !== undefined) loadCedar().catch(() => undefined);
}

/** @param source how the catalog is called in messages */
export function openRules(
  source: string,
  checked: CheckedRules = new Map<string, readonly Rule[]>(),
): ApprovalRules {
  return cedarRules(loadCedar, source, checked);
}

/**
 * The rules of a catalog that an administrator holds in hand, checked.
 * @throws CatalogError `CATALOG_INVALID`
 */
export async function checkedRules(catalog: Catalog, source: string): Promise<readonly Rule[]> {
  return catalog.rules === undefined ? [] : checkRules(await loadCedar(), catalog, source);
}
