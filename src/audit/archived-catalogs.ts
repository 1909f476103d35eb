import { parseCatalog } from "../access/catalog/parse.ts";
import { verifyCatalogFile } from "../access/trust/catalog-file.ts";
import { verifyTrustVersions } from "../access/trust/trust-file.ts";
import type { Catalog, Organization, Trust } from "../access/types.ts";
import { isJitError } from "../error.ts";
import type { RecordStore } from "./ports.ts";
import type { CatalogLookup } from "./rules/catalog.ts";

type Store = Pick<RecordStore, "read" | "listVersions">;

/** A version of the trust file, and when S3 took it. */
interface Published {
  readonly trust: Trust;
  readonly at: Date;
}

/**
 * The catalogs that an organization has published, by digest. One counts if administrators of the newest trust file
 * signed it, or those of the trust file that was the newest when S3 took the catalog: who is an administrator no longer
 * has signed old catalogs, and can publish no other now, since S3 tells the time.
 */
export function archivedCatalogs(store: Store, organization: Organization): CatalogLookup {
  const { fingerprint, trust, catalog: current } = organization;
  const known = new Map([[current.digest, Promise.resolve<Catalog | undefined>(current)]]);
  let published: Promise<readonly Published[]> | undefined;
  const find = async (digest: string): Promise<Catalog | undefined> => {
    if (trust === undefined || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
    const name = `v1/catalog/${digest}.jws`;
    const signed = await store.read(name);
    if (signed === undefined) return undefined;
    const byNewest = read(signed, trust, digest);
    if (byNewest !== undefined) return byNewest;
    published ??= trustVersions(store, fingerprint);
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

function read(signed: Uint8Array, trust: Trust, digest: string): Catalog | undefined {
  try {
    const catalog = parseCatalog(verifyCatalogFile(signed, trust), digest);
    return catalog.digest === digest && catalog.organization === trust.organization ? catalog : undefined;
  } catch (error) {
    // Not signed as the trust file asks, or no catalog: none that counts.
    if (isJitError(error)) return undefined;
    throw error;
  }
}

/** The chain of trust files as the bucket has it; none where it is not that of the fingerprint. */
async function trustVersions(store: Store, fingerprint: string): Promise<readonly Published[]> {
  const times = await takenAt(store, "v1/trust/");
  const files: { readonly bytes: Uint8Array; readonly at: Date }[] = [];
  for (;;) {
    const name = `v1/trust/${files.length + 1}.json`;
    const at = times.get(name);
    const bytes = at === undefined ? undefined : await store.read(name);
    if (at === undefined || bytes === undefined) break;
    files.push({ bytes, at });
  }
  if (files.length === 0) return [];
  try {
    const versions = verifyTrustVersions(
      files.map(({ bytes }) => bytes),
      fingerprint,
    );
    return versions.flatMap((trust, index) => {
      const at = files[index]?.at;
      return at === undefined ? [] : [{ trust, at }];
    });
  } catch (error) {
    if (isJitError(error)) return [];
    throw error;
  }
}

/** When S3 took the version of each object that counts: the oldest that is no delete marker. */
async function takenAt(store: Store, prefix: string): Promise<ReadonlyMap<string, Date>> {
  const times = new Map<string, Date>();
  // Versions of a key come newest first.
  for await (const { key, lastModified, isDeleteMarker } of store.listVersions(prefix)) {
    if (!isDeleteMarker) times.set(key, lastModified);
  }
  return times;
}
