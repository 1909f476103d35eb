import { JitError } from "../error.ts";
import { type ReadCatalogs, recallCatalog } from "./catalog/recall.ts";
import { unsigned } from "./location.ts";
import { verifyCatalogFile } from "./trust/catalog-file.ts";
import { verifyTrustChain } from "./trust/trust-file.ts";
import type { Catalog, Organization } from "./types.ts";

/** A catalog as it lies at its location: its signed file, its text, or both. */
export interface CatalogFiles {
  /** `jit.yaml.jws`, or the bucket's `v1/catalog/current.jws`. */
  readonly signed: Uint8Array | undefined;
  /** `jit.yaml` beside it; a bucket has none. */
  readonly yaml: Uint8Array | undefined;
}

/** The newest versions that this machine has believed already; 0 where it has none. */
export interface SeenVersions {
  readonly trust: number;
  readonly catalog: number;
  /** Digest of that catalog, where it is known: a version has one text. */
  readonly catalogDigest?: string | undefined;
}

export interface BeliefInput {
  /** Versions 1 to n, in order. */
  readonly trustFiles: readonly Uint8Array[];
  readonly catalog: CatalogFiles;
  /** Pinned: SHA-256 of version 1's payload, or `unsigned`. */
  readonly fingerprint: string;
  readonly seen: SeenVersions;
  /** Whether every endpoint is loopback (`allLoopback`). */
  readonly allowUnsigned: boolean;
  /** How the catalog is called in messages. */
  readonly source: string;
  readonly readBefore?: ReadCatalogs;
}

/**
 * What a client believes of an organization: the newest trust file of the pinned chain, and a catalog that it signed.
 * @throws JitError the codes of `verifyTrustChain`, `verifyCatalogFile` and `parseCatalog`; `TRUST_ROLLED_BACK`,
 * `CATALOG_ROLLED_BACK` (older than seen), `CATALOG_FORKED` (another text under the version seen), `CATALOG_WRONG_ORGANIZATION`, `CATALOG_SWAPPED` (the text beside the signed
 * file is another), `CATALOG_UNSIGNED`, `CATALOG_MISSING`
 */
export async function believe(input: BeliefInput): Promise<Organization> {
  if (input.fingerprint === unsigned) return believeUnsigned(input);
  const trust = verifyTrustChain(input.trustFiles, input.fingerprint);
  if (trust.version < input.seen.trust) {
    throw rolledBack("TRUST_ROLLED_BACK", "trust file", trust.version, input.seen.trust);
  }
  const { signed, yaml: beside } = input.catalog;
  if (signed === undefined) {
    if (beside === undefined) throw missing(input.source);
    throw new JitError("CATALOG_UNSIGNED", `${input.source} is not signed`, {
      hint: "an administrator must run `jit catalog sign`",
    });
  }
  const yaml = verifyCatalogFile(signed, trust);
  if (beside !== undefined && Buffer.compare(beside, yaml) !== 0) {
    throw new JitError("CATALOG_SWAPPED", `${input.source} has changed since it was signed`, {
      hint: "an administrator must run `jit catalog sign` again; or restore the text that was signed",
    });
  }
  const catalog = await readCatalog(yaml, input);
  if (catalog.organization !== trust.organization) {
    throw new JitError(
      "CATALOG_WRONG_ORGANIZATION",
      `${input.source} is of ${catalog.organization}, and the trust file of ${trust.organization}`,
    );
  }
  refuseOlder(catalog, input.seen);
  refuseOther(catalog, input.seen);
  return { fingerprint: input.fingerprint, trust, catalog };
}

/** Without signatures a text is only worth as much as the loopback it is tried on. */
async function believeUnsigned(input: BeliefInput): Promise<Organization> {
  const { catalog: files, allowUnsigned, seen, source } = input;
  if (!allowUnsigned) {
    throw new JitError("CATALOG_UNSIGNED", `${source} is pinned without a fingerprint`, {
      hint: "unsigned catalogs work only where AWS_ENDPOINT_URL and its kin all point to loopback",
    });
  }
  if (files.yaml === undefined) throw missing(source);
  const catalog = await readCatalog(files.yaml, input);
  refuseOlder(catalog, seen);
  return { fingerprint: unsigned, trust: undefined, catalog };
}

async function readCatalog(yaml: Uint8Array, { source, readBefore }: BeliefInput): Promise<Catalog> {
  const known = readBefore && recallCatalog(yaml, readBefore);
  if (known !== undefined) return known;
  const { parseCatalog } = await import("./catalog/parse.ts");
  return parseCatalog(yaml, source, readBefore);
}

function refuseOlder(catalog: Catalog, seen: SeenVersions): void {
  if (catalog.version >= seen.catalog) return;
  throw rolledBack("CATALOG_ROLLED_BACK", "catalog", catalog.version, seen.catalog);
}

/** Two texts of one version, both signed: whoever shows each to some people only is not to be told apart from a mistake. */
function refuseOther({ version, digest }: Catalog, seen: SeenVersions): void {
  if (version !== seen.catalog || seen.catalogDigest === undefined || seen.catalogDigest === digest) return;
  throw new JitError(
    "CATALOG_FORKED",
    `the catalog of version ${version} is another than the one seen before`,
    {
      hint: "somebody may be showing you another one than to others: ask an administrator, who must publish a higher version",
    },
  );
}

function rolledBack(code: string, what: string, version: number, seen: number): JitError {
  return new JitError(code, `the ${what} is version ${version}, and version ${seen} was seen before`, {
    hint: "somebody may be hiding the newer one: ask an administrator",
  });
}

function missing(source: string): JitError {
  return new JitError("CATALOG_MISSING", `there is no catalog at ${source}`, {
    hint: "check the location that `jit use` was given",
  });
}
