import type { ReadCatalogs, ReadYaml } from "../access/catalog/recall.ts";
import type { OwnCache } from "./own-cache.ts";

/** Keeps what this version of jit has read in catalogs: reading YAML is a fifteenth of a cold request. */
export function readCatalogsIn(cache: OwnCache, version: string): ReadCatalogs {
  const nameOf = (digest: string) => `catalog-${version}-${digest}.json`;
  return {
    get(digest) {
      const text = cache.get(nameOf(digest));
      return text === undefined ? undefined : (JSON.parse(text) as ReadYaml);
    },
    set(digest, read) {
      cache.set(nameOf(digest), JSON.stringify(read));
    },
  };
}
