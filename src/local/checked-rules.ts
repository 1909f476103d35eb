import type { CheckedRules } from "../access/rules/decide.ts";
import type { Rule } from "../access/rules/tree.ts";
import type { OwnCache } from "./own-cache.ts";

/** Keeps for each catalog the rules that this version of jit has checked, as Cedar read them. */
export function checkedRulesIn(cache: OwnCache, version: string): CheckedRules {
  const nameOf = (digest: string) => `rules-${version}-${digest}.json`;
  return {
    get(digest) {
      const text = cache.get(nameOf(digest));
      return text === undefined ? undefined : (JSON.parse(text) as readonly Rule[]);
    },
    set(digest, rules) {
      cache.set(nameOf(digest), JSON.stringify(rules));
    },
  };
}
