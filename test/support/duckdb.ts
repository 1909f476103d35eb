import { createRequire } from "node:module";

/** Whether the optional peer is installed for this machine; tests that need it are skipped by name where it is not. */
export const hasDuckdb = isThere();

function isThere(): boolean {
  try {
    createRequire(import.meta.url)("@duckdb/node-api");
    return true;
  } catch {
    return false;
  }
}
