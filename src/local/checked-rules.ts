import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CheckedRules } from "../access/rules/decide.ts";

/** Remembers in the cache, by an empty file for each, whose rules this version of jit has checked. */
export function checkedRulesIn(cache: string, version: string): CheckedRules {
  const fileOf = (digest: string) => join(cache, "rules", `${version}-${digest}`);
  return {
    has: (digest) => existsSync(fileOf(digest)),
    add(digest) {
      const file = fileOf(digest);
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        writeFileSync(file, "", { mode: 0o600 });
      } catch {
        // A cache that cannot be written costs time alone.
      }
    },
  };
}
