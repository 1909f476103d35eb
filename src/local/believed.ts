import { join } from "node:path";
import type { SeenVersions } from "../access/load.ts";
import { unsigned } from "../access/location.ts";
import type { Identity } from "../access/types.ts";
import { type PinnedOrganization, withCurrentCatalog } from "../session/current-catalog.ts";
import type { Lock } from "../session/ports.ts";
import { privateDirectory, readPrivate, writePrivate } from "./files.ts";
import { segmentOf } from "./paths.ts";

/**
 * What this machine has seen of an organization. The highest versions protect from rollback and lie in the state
 * folder; all else can be asked for again. Whoever deletes the state folder gives that protection up.
 */
export interface Believed {
  /** Highest versions ever believed, 0 for none, and the digest of that catalog. */
  readonly seen: SeenVersions;
  /** Trust files 1 to n, as they were verified; verified again at each use. */
  readonly trustFiles: readonly Uint8Array[];
  readonly signedCatalog: Uint8Array | undefined;
  /** The largest checkpoint of the log that was seen; verified again at each use. */
  readonly checkpoint?: Uint8Array | undefined;
  /** Local Unix milliseconds when they were last asked for. */
  readonly checkedAt: number;
  /** Milliseconds by which the server's clock was ahead. */
  readonly skew: number;
}

/** Who calls, as AWS said not long ago; by access key id. */
export interface KnownIdentity {
  readonly identity: Identity;
  readonly inheritedSourceIdentity: string | undefined;
  /** AWS's statement for keys of this machine; `-` where the account offers none, `undefined` where it was not asked for. */
  readonly statement: string | undefined;
  readonly checkedAt: number;
}

export interface BelievedPlaces {
  readonly state: string;
  readonly cache: string;
}

const nothing: Believed = {
  seen: { trust: 0, catalog: 0 },
  trustFiles: [],
  signedCatalog: undefined,
  checkedAt: 0,
  skew: 0,
};

export function readBelieved(places: BelievedPlaces, of: PinnedOrganization): Believed {
  const { v, location, seen, trustFiles, signedCatalog, checkpoint, checkedAt, skew } = readJson(
    fileOf(places, of),
  );
  const versions = isObject(seen) ? seen : {};
  if (v !== 1 || !isCount(versions["trust"]) || !isCount(versions["catalog"])) return nothing;
  const known = {
    trust: versions["trust"],
    catalog: versions["catalog"],
    catalogDigest: digestOf(versions["catalogDigest"]),
  };
  // From another place of the same organization (a bucket, its mirror) only the versions carry over.
  if (location !== of.location) return { ...nothing, seen: known };
  return {
    seen: known,
    trustFiles: Array.isArray(trustFiles) ? trustFiles.flatMap((text) => bytesOf(text) ?? []) : [],
    signedCatalog: bytesOf(signedCatalog),
    ...(typeof checkpoint === "string" ? { checkpoint: bytesOf(checkpoint) } : {}),
    checkedAt: isCount(checkedAt) ? checkedAt : 0,
    skew: typeof skew === "number" && Number.isFinite(skew) ? skew : 0,
  };
}

/**
 * Versions only ever go up, whoever writes last, and of two catalogs of one version the first stays; the catalog's digest
 * goes to where warm calls look.
 */
export async function writeBelieved(
  places: BelievedPlaces,
  of: PinnedOrganization,
  now: Believed,
  digest: string,
  lock: Lock,
): Promise<void> {
  privateDirectory(folderOf(places, of));
  privateDirectory(places.cache);
  await lock.hold("believed", async (fence) => {
    const { seen } = readBelieved(places, of);
    // What nobody signs may be changed by anybody, too.
    const isFree = seen.catalogDigest === undefined || of.fingerprint === unsigned;
    const isNewer = now.seen.catalog > seen.catalog || (now.seen.catalog === seen.catalog && isFree);
    const highest = {
      trust: Math.max(seen.trust, now.seen.trust),
      catalog: Math.max(seen.catalog, now.seen.catalog),
      catalogDigest: isNewer ? digest : seen.catalogDigest,
    };
    // Another process believed a newer version, or another catalog of this one, while this one was asking: older files
    // beside it would be refused at every later start. Without files, the next run asks again.
    const overtaken =
      now.seen.trust < highest.trust ||
      now.seen.catalog < highest.catalog ||
      digest !== highest.catalogDigest;
    const files = overtaken ? { ...nothing, skew: now.skew } : now;
    const text = JSON.stringify({
      v: 1,
      location: of.location,
      seen: highest,
      trustFiles: files.trustFiles.map(base64),
      signedCatalog: files.signedCatalog === undefined ? undefined : base64(files.signedCatalog),
      checkpoint: files.checkpoint === undefined ? undefined : base64(files.checkpoint),
      checkedAt: files.checkedAt,
      skew: files.skew,
    });
    const beforePublish = () => fence.check();
    // Durable though mostly nothing rises: a power loss must not take the versions of before with it.
    writePrivate(fileOf(places, of), text, { beforePublish });
    if (overtaken) return;
    const current = join(places.cache, "current.json");
    const before = textOf(readPrivate(current));
    const after = withCurrentCatalog(before, of, digest);
    if (after !== before) writePrivate(current, after, { beforePublish, durable: false });
  });
}

export function readIdentity(places: BelievedPlaces, accessKeyId: string): KnownIdentity | undefined {
  const { v, arn, userid, account, inherited, statement, checkedAt } = readJson(
    identityFile(places, accessKeyId),
  );
  if (v !== 1 || typeof arn !== "string" || typeof userid !== "string" || typeof account !== "string")
    return undefined;
  if (!isCount(checkedAt)) return undefined;
  const inheritedSourceIdentity = typeof inherited === "string" ? inherited : undefined;
  return {
    identity: { arn, userid, account },
    inheritedSourceIdentity,
    statement: typeof statement === "string" ? statement : undefined,
    checkedAt,
  };
}

export function writeIdentity(places: BelievedPlaces, accessKeyId: string, known: KnownIdentity): void {
  const { identity, inheritedSourceIdentity, statement, checkedAt } = known;
  privateDirectory(join(places.cache, "identities"));
  const text = JSON.stringify({
    v: 1,
    ...identity,
    inherited: inheritedSourceIdentity,
    statement,
    checkedAt,
  });
  writePrivate(identityFile(places, accessKeyId), text, { durable: false });
}

function folderOf({ state }: BelievedPlaces, { fingerprint }: PinnedOrganization): string {
  return join(state, "organizations", segmentOf(fingerprint));
}

function fileOf(places: BelievedPlaces, of: PinnedOrganization): string {
  return join(folderOf(places, of), "believed.json");
}

function identityFile({ cache }: BelievedPlaces, accessKeyId: string): string {
  return join(cache, "identities", `${segmentOf(accessKeyId)}.json`);
}

/** A damaged file is as none: what it held is asked for again. */
function readJson(path: string): Record<string, unknown> {
  const bytes = readPrivate(path);
  if (bytes === undefined) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function digestOf(text: unknown): string | undefined {
  return typeof text === "string" && /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function bytesOf(text: unknown): Uint8Array | undefined {
  return typeof text === "string" ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
}
