import { verifyCatalogFile } from "../access/trust/catalog-file.ts";
import type { Catalog, Organization, Trust } from "../access/types.ts";
import { isJitError } from "../error.ts";
import type { RecordStore } from "./ports.ts";
import type { CatalogLookup } from "./rules/catalog.ts";
import { type PublishedTrust, publishedTrust, takenAt } from "./trust-versions.ts";

type Store = Pick<RecordStore, "read" | "listVersions">;

/**
 * The catalogs that an organization has published, by digest. One counts if administrators of the newest trust file
 * signed it, or those of the trust file that was the newest when S3 took the catalog: who is an administrator no longer
 * has signed old catalogs, and can publish no other now, since S3 tells the time.
 */
export function archivedCatalogs(store: Store, organization: Organization): CatalogLookup {
  const { fingerprint, trust, catalog: current } = organization;
  const known = new Map([[current.digest, Promise.resolve<Catalog | undefined>(current)]]);
  let published: Promise<readonly PublishedTrust[]> | undefined;
  const find = async (digest: string): Promise<Catalog | undefined> => {
    if (trust === undefined || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
    const name = `v1/catalog/${digest}.jws`;
    const signed = await store.read(name);
    if (signed === undefined) return undefined;
    const byNewest = await read(signed, trust, digest);
    if (byNewest !== undefined) return byNewest;
    published ??= publishedTrust(store, fingerprint);
    const at = (await takenAt(store, name)).get(name);
    const then = (await published).findLast((one) => at !== undefined && one.at <= at);
    return then === undefined ? undefined : read(signed, then.trust, digest);
  };
  return (digest) => {
    const found = known.get(digest) ?? find(digest);
    known.set(digest, found);
    return found;
  };
}

async function read(signed: Uint8Array, trust: Trust, digest: string): Promise<Catalog | undefined> {
  // Who asks for access needs no other catalog than the newest, which is mostly known without its YAML.
  const { parseCatalog } = await import("../access/catalog/parse.ts");
  try {
    const catalog = parseCatalog(verifyCatalogFile(signed, trust), digest);
    return catalog.digest === digest && catalog.organization === trust.organization ? catalog : undefined;
  } catch (error) {
    // Not signed as the trust file asks, or no catalog: none that counts.
    if (isJitError(error)) return undefined;
    throw error;
  }
}
