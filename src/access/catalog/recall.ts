import * as v from "valibot";
import { sha256Hex } from "../digest.ts";
import type { Catalog } from "../types.ts";
import { buildCatalog } from "./build.ts";
import { catalogSchema } from "./schema.ts";

/** What was read in the text of a catalog that was good. */
export interface ReadYaml {
  readonly value: unknown;
  /** Where its rules stand, as `CatalogRules` has it. */
  readonly rulesPlace?: { readonly line: number; readonly indent: number } | undefined;
}

/** Texts of catalogs that were read before, by SHA-256. What is given back is what was put there, by nobody else. */
export interface ReadCatalogs {
  get(digest: string): ReadYaml | undefined;
  set(digest: string, read: ReadYaml): void;
}

/**
 * A catalog whose text was read before: it spares the YAML, and loading what reads it. All else is checked anew, and where
 * anything at all is wrong, `undefined`: reading the text itself tells what, and where it stands.
 */
export function recallCatalog(bytes: Uint8Array, before: ReadCatalogs): Catalog | undefined {
  const digest = sha256Hex(bytes);
  const read = before.get(digest);
  const parsed = read && v.safeParse(catalogSchema, read.value);
  if (parsed?.success !== true) return undefined;
  let good = true;
  const catalog = buildCatalog(parsed.output, digest, read?.rulesPlace, () => {
    good = false;
  });
  return good ? catalog : undefined;
}
