import { dirname, join } from "node:path";
import { allLoopback } from "../../access/endpoints.ts";
import { believe, type CatalogFiles } from "../../access/load.ts";
import { type BucketLocation, formatLocation, type PathLocation, unsigned } from "../../access/location.ts";
import { verifyTrustChain } from "../../access/trust/trust-file.ts";
import type { Organization, Trust } from "../../access/types.ts";
import type { RecordStore } from "../../audit/ports.ts";
import { readCheckpoint } from "../../audit/tree/checkpoint.ts";
import { treeKeysOf } from "../../audit/tree/keys.ts";
import type { Checkpoint } from "../../audit/types.ts";
import { readPublished } from "../../aws/organization-source.ts";
import { isJitError } from "../../error.ts";
import { type Believed, readBelieved, writeBelieved } from "../../local/believed.ts";
import { type OwnCache, ownCache } from "../../local/own-cache.ts";
import { readCatalogsIn } from "../../local/read-catalogs.ts";
import type { Context } from "../context.ts";
import { version } from "../version.ts";
import { readFileIfThere, trustFilesOf } from "./admin-files.ts";
import type { Here } from "./here.ts";
import type { Pinned } from "./pinned.ts";

/** How long identity, catalog and trust file count as checked. */
export const freshMs = 5 * 60_000;

/** Whether something that was checked then needs no new check. A clock that was set back makes everything stale. */
export function isRecent(checkedAt: number): boolean {
  const age = Date.now() - checkedAt;
  return age >= 0 && age < freshMs;
}

/** What this machine has worked out before, of catalogs and their rules. */
export function workedOut({ paths }: Here): OwnCache {
  return ownCache(join(paths.cache, "own"), ownCacheKey(paths));
}

/** The key that seals what lies in the cache. */
export function ownCacheKey({ data }: Here["paths"]): string {
  return join(data, "own-cache.key");
}

interface Files {
  readonly trustFiles: readonly Uint8Array[];
  readonly catalog: CatalogFiles;
  readonly checkpoint?: Uint8Array | undefined;
}

export interface LastBelieved {
  readonly organization: Organization;
  /** Whether it was checked in the last five minutes: then nobody is asked again. */
  readonly recent: boolean;
  /** Local Unix milliseconds of that check. */
  readonly checkedAt: number;
}

/**
 * What this machine believed last, verified anew, however old; `undefined` where it never read any, or where what is stored
 * does not verify: then it counts for nothing, and is asked for again.
 */
export async function lastBelieved(
  context: Context,
  here: Here,
  pinned: Pinned,
): Promise<LastBelieved | undefined> {
  const last = readBelieved(here.places, pinned.text);
  const { location } = pinned;
  if (location.kind === "path") {
    return {
      organization: await judge(context, here, pinned, last, filesAt(location)),
      recent: false,
      checkedAt: Date.now(),
    };
  }
  if (last.signedCatalog === undefined) return undefined;
  const files = { trustFiles: last.trustFiles, catalog: { signed: last.signedCatalog, yaml: undefined } };
  try {
    return {
      organization: await judge(context, here, pinned, last, files),
      recent: isRecent(last.checkedAt),
      checkedAt: last.checkedAt,
    };
  } catch (error) {
    if (isJitError(error)) return undefined;
    throw error;
  }
}

/** Stored trust files, where they are still a chain from the fingerprint; else none, and all are read again. */
function trustFilesKnown(last: Believed, fingerprint: string): readonly Uint8Array[] {
  if (last.trustFiles.length === 0) return [];
  try {
    verifyTrustChain(last.trustFiles, fingerprint);
    return last.trustFiles;
  } catch (error) {
    if (isJitError(error)) return [];
    throw error;
  }
}

/**
 * Reads the organization where it is published, verifies it, and remembers what was seen.
 * @param anew whether files that this machine kept must not stand in for published ones
 */
export async function readOrganization(
  context: Context,
  here: Here,
  pinned: Pinned,
  bucket: (location: BucketLocation) => Pick<RecordStore, "read" | "readCurrent">,
  skew: () => number = () => 0,
  anew = false,
): Promise<Organization> {
  const kept = readBelieved(here.places, pinned.text);
  const last = anew ? { ...kept, trustFiles: [] } : kept;
  const { location } = pinned;
  const files =
    location.kind === "path"
      ? filesAt(location)
      : await filesIn(bucket(location), location, trustFilesKnown(last, pinned.fingerprint));
  const organization = await judge(context, here, pinned, last, files);
  const checkpoint = largerCheckpoint(organization.trust, kept.checkpoint, files.checkpoint);
  await remember(here, pinned, organization, { ...files, checkpoint }, skew());
  return organization;
}

/** Notes the organization as just checked, with how far the clock is off. */
async function remember(
  here: Here,
  pinned: Pinned,
  organization: Organization,
  files: Files,
  skew: number,
): Promise<void> {
  const { trust, catalog } = organization;
  const believed: Believed = {
    seen: { trust: trust?.version ?? 0, catalog: catalog.version },
    trustFiles: files.trustFiles,
    signedCatalog: files.catalog.signed,
    checkpoint: files.checkpoint,
    checkedAt: Date.now(),
    skew,
  };
  await writeBelieved(here.places, pinned.text, believed, catalog.digest, here.lock);
}

async function filesIn(
  store: Pick<RecordStore, "read" | "readCurrent">,
  location: BucketLocation,
  known: readonly Uint8Array[],
): Promise<Files> {
  const published = await readPublished(store, location, known.length);
  return {
    trustFiles: [...known, ...published.trustFiles],
    catalog: { signed: published.signedCatalog, yaml: undefined },
    checkpoint: published.checkpoint,
  };
}

/** Of two checkpoints the larger that counts: whoever puts an old one in place does not make records forget the newer. */
function largerCheckpoint(
  trust: Trust | undefined,
  before: Uint8Array | undefined,
  now: Uint8Array | undefined,
): Uint8Array | undefined {
  const [old, fresh] = [seenIn(trust, before), seenIn(trust, now)];
  if (old === "-") return fresh === "-" ? undefined : now;
  return fresh !== "-" && fresh.size >= old.size ? now : before;
}

/** What records say of the newest checkpoint that this machine has verified: a log key of the trust file signed it. */
export function seenCheckpoint(here: Here, pinned: Pinned, trust: Trust | undefined): Checkpoint | "-" {
  return seenIn(trust, readBelieved(here.places, pinned.text).checkpoint);
}

function seenIn(trust: Trust | undefined, note: Uint8Array | undefined): Checkpoint | "-" {
  const signed = note === undefined ? undefined : readCheckpoint(note, treeKeysOf(trust).logKeys);
  return signed === undefined
    ? "-"
    : { size: signed.size, root: Buffer.from(signed.root).toString("base64") };
}

/** The organization as a copy of its bucket has it; nothing of it is remembered. */
export async function copiedOrganization(
  here: Here,
  pinned: Pinned,
  store: Pick<RecordStore, "read" | "readCurrent">,
  source: string,
): Promise<Organization> {
  const trustFiles: Uint8Array[] = [];
  for (;;) {
    const file = await store.read(`v1/trust/${trustFiles.length + 1}.json`);
    if (file === undefined) break;
    trustFiles.push(file);
  }
  return believe({
    trustFiles,
    catalog: { signed: await store.readCurrent?.("v1/catalog/current.jws"), yaml: undefined },
    fingerprint: pinned.fingerprint,
    seen: { trust: readBelieved(here.places, pinned.text).seen.trust, catalog: 0 },
    allowUnsigned: false,
    source,
    readBefore: readCatalogsIn(workedOut(here), version),
  });
}

function filesAt(location: PathLocation): Files {
  return {
    trustFiles: trustFilesOf(join(dirname(location.catalog), "trust")),
    catalog: { signed: readFileIfThere(location.signed), yaml: readFileIfThere(location.catalog) },
  };
}

function judge(
  context: Context,
  here: Here,
  pinned: Pinned,
  last: Believed,
  { trustFiles, catalog }: Files,
): Promise<Organization> {
  return believe({
    trustFiles,
    catalog: pinned.fingerprint === unsigned ? { signed: undefined, yaml: catalog.yaml } : catalog,
    fingerprint: pinned.fingerprint,
    seen: last.seen,
    allowUnsigned: allLoopback(context.env),
    source: formatLocation(pinned.location),
    readBefore: readCatalogsIn(workedOut(here), version),
  });
}
