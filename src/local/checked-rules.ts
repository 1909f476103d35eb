import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CheckedRules } from "../access/rules/decide.ts";
import type { Rule } from "../access/rules/tree.ts";

/** Keeps in the cache, in a file for each catalog, the rules that this version of jit has checked. */
export function checkedRulesIn(cache: string, version: string): CheckedRules {
  const fileOf = (digest: string) => join(cache, "rules", `${version}-${digest}.json`);
  return {
    get(digest) {
      try {
        const value: unknown = JSON.parse(readFileSync(fileOf(digest), "utf8"));
        return Array.isArray(value) && value.every(isRule) ? value : undefined;
      } catch {
        return undefined;
      }
    },
    set(digest, rules) {
      const file = fileOf(digest);
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        writeFileSync(file, JSON.stringify(rules), { mode: 0o600 });
      } catch {
        // A cache that cannot be written costs time alone.
      }
    },
  };
}

function isRule(value: unknown): value is Rule {
  if (typeof value !== "object" || value === null || !("id" in value)) return false;
  const advice = "advice" in value ? value.advice : undefined;
  return typeof value.id === "string" && (advice === undefined || typeof advice === "string");
}
