import { resolve } from "node:path";
import type { Catalog, Organization } from "../../access/types.ts";
import { archivedCatalogs } from "../../audit/archived-catalogs.ts";
import type { RecordChecker } from "../../audit/check/checker.ts";
import { claimPrefix } from "../../audit/claim.ts";
import { recordPrefix } from "../../audit/key.ts";
import type { Segments } from "../../audit/log/index/log-index.ts";
import type { MirrorFolder } from "../../audit/mirror/folder.ts";
import { openMirror } from "../../audit/mirror/open.ts";
import type { Clock, RecordStore } from "../../audit/ports.ts";
import type { ApprovalLookups } from "../../audit/rules/approvals.ts";
import type { ProofOptions } from "../../audit/tree/check-proof.ts";
import type { Aws } from "../../aws/clients.ts";
import { openAws } from "../../aws/clients.ts";
import { ServerClock } from "../../aws/server-clock.ts";
import { JitError } from "../../error.ts";
import { readBelieved } from "../../local/believed.ts";
import { checkedRulesIn } from "../../local/checked-rules.ts";
import { fileLock } from "../../local/lock.ts";
import { mirrorFolder } from "../../local/mirror-folder.ts";
import { holdYoungHeap } from "../../local/young-heap.ts";
import type { ReasonStore } from "../../session/sealed-text.ts";
import { type Base, bucketOf, clientName, openBase, reasonsOf, regionOf } from "../compose.ts";
import { type Context, text } from "../context.ts";
import { version } from "../version.ts";
import { type Here, openHere } from "./here.ts";
import { openSegments } from "./log-index.ts";
import { copiedOrganization, lastBelieved, readOrganization, workedOut } from "./organization.ts";
import { allowedHosts, pinnedOf } from "./pinned.ts";
import { openRules } from "./rules.ts";
import { copiedTrails, openTrails, type Trails } from "./trails.ts";

/** The believed organization; asked for where the last check is older than five minutes. */
export async function openOrganization(context: Context): Promise<Organization> {
  return (await openChecked(context)).organization;
}

/** The same, and when it was last checked. */
export async function openChecked(
  context: Context,
): Promise<{ readonly organization: Organization; readonly checkedAt: Date }> {
  const here = openHere(context);
  const pinned = pinnedOf(context, here);
  const believed = await lastBelieved(context, here, pinned);
  if (believed?.recent === true) {
    return { organization: believed.organization, checkedAt: new Date(believed.checkedAt) };
  }
  const organization =
    pinned.location.kind === "path"
      ? await readOrganization(context, here, pinned, noBucket)
      : (await openBase(context, here, pinned)).organization;
  return { organization, checkedAt: new Date() };
}

function noBucket(): never {
  throw new Error("a catalog at a path needs no bucket");
}

/** What `audit` commands need. */
export interface Audit {
  readonly store: RecordStore;
  /** Versions of records, where that is known before they are listed: in a copy. */
  readonly versions?: number;
  readonly fingerprint: string;
  readonly trust: Organization["trust"];
  /** The one in force. */
  readonly catalog: Catalog;
  readonly clock: Clock;
  knowsCatalog(digest: string): Promise<boolean>;
  /** Reasons and tickets that lie apart from their records; a copy of the log has none of them. */
  readonly reasons: ReasonStore | undefined;
  /** Where the catalog in force has them put. */
  readonly reasonsPlace: string | undefined;
  /** The catalog of a digest, where it was published and is signed as the trust file of its time asks. */
  catalogOf(digest: string): Promise<Catalog | undefined>;
  readonly approvals: ApprovalLookups;
  /** What was judged of its records before; of a bucket. */
  readonly segments?: Segments;
}

/** By what is published now, never by what this machine remembers: every machine must find the same. */
export async function openAudit(context: Context): Promise<Audit> {
  const mirror = mirrorIn(context);
  if (mirror !== undefined) return await openCopy(context, mirror);
  return await openBucketAudit(context);
}

/** The bucket itself, and reasons that lie apart; never a copy. */
export async function openBucketAudit(context: Context): Promise<Audit & { readonly reasons: ReasonStore }> {
  const here = openHere(context);
  return auditOf(context, here, await openBase(context, here, pinnedOf(context, here), { anew: true }));
}

function mirrorIn(context: Context): string | undefined {
  const mirror = text(context, "mirror");
  if (mirror !== undefined && text(context, "bucket") !== undefined) {
    throw new JitError("USAGE", "--mirror reads a copy, and no bucket", { hint: "leave --bucket out" });
  }
  return mirror;
}

function auditOf(context: Context, here: Here, { organization, aws, clock }: Base) {
  const { audit } = organization.catalog;
  const bucket = text(context, "bucket");
  const store = bucketOf(aws, bucket ?? audit.bucket, bucket === undefined ? audit.account : undefined);
  const segments = openSegments(here, organization, bucket ?? audit.bucket);
  const place = { store, clock, reasons: reasonsOf(aws), reasonsPlace: audit.reasons };
  return { ...auditIn(here, organization, place), segments };
}

/** A copy of the log in a folder: nobody is asked, and what this machine has seen of the organization is not older. */
async function openCopy(context: Context, folder: string): Promise<Audit> {
  const here = openHere(context);
  const pinned = pinnedOf(context, here);
  const store = openMirror(openMirrorFolder(context, folder));
  const organization = await copiedOrganization(here, pinned, store, folder);
  const days = store.parts.filter(({ first }) => first.startsWith(recordPrefix));
  return auditIn(here, organization, {
    store,
    versions: days.reduce((sum, part) => sum + part.versions, 0),
    clock: { now: () => new Date() },
    reasons: undefined,
    reasonsPlace: undefined,
  });
}

/** The log in a place, judged by an organization and the catalogs that lie in that place. */
function auditIn<P extends Pick<Audit, "store" | "versions" | "clock" | "reasons" | "reasonsPlace">>(
  here: Here,
  organization: Organization,
  place: P,
): Audit & P {
  const { fingerprint, trust, catalog } = organization;
  const catalogOf = archivedCatalogs(place.store, organization);
  return {
    ...place,
    fingerprint,
    trust,
    catalog,
    catalogOf,
    approvals: { rules: rulesFor(here), claimOf: (request) => place.store.read(`${claimPrefix}${request}`) },
    knowsCatalog: async (wanted) => (await catalogOf(wanted)) !== undefined,
  };
}

function rulesFor(here: Here): ReturnType<typeof openRules> {
  return openRules("the catalog", checkedRulesIn(workedOut(here), version));
}

export function openMirrorFolder(context: Context, folder: string): MirrorFolder {
  return mirrorFolder(resolve(context.cwd, folder));
}

/** Runs `work` while no other process can write to the mirror in a folder. */
export async function holdMirror<T>(
  context: Context,
  folder: string,
  work: (folder: MirrorFolder) => Promise<T>,
): Promise<T> {
  const lock = fileLock(resolve(context.cwd, folder));
  return await lock.hold("lock", async () => await work(openMirrorFolder(context, folder)));
}

/** Where a whole log is read, which has more records than are to be held in memory. @returns to be called as it goes on */
export function holdMemory(): () => void {
  return holdYoungHeap();
}

/** Checks records of a log on all cores. */
export async function openChecker(fingerprint: string): Promise<RecordChecker> {
  const { openCheckPool } = await import("../../local/check-pool.ts");
  return openCheckPool(fingerprint);
}

/** What a proof is checked by: the pinned fingerprint and what this machine remembers; nobody is asked. */
export function openProofOptions(
  context: Context,
): Pick<ProofOptions, "fingerprint" | "trustSeen" | "now" | "rules"> {
  const here = openHere(context);
  const pinned = pinnedOf(context, here);
  return {
    fingerprint: pinned.fingerprint,
    trustSeen: readBelieved(here.places, pinned.text).seen.trust,
    now: new Date(),
    rules: rulesFor(here),
  };
}

/** The log, and CloudTrail as the caller's own credentials see it; of copies, where they are to do: then nobody is asked. */
export async function openReconcile(
  context: Context,
): Promise<{ readonly audit: Audit; readonly trails: Trails }> {
  if (mirrorIn(context) !== undefined) return { audit: await openAudit(context), trails: copiedTrails };
  const here = openHere(context);
  const base = await openBase(context, here, pinnedOf(context, here), { anew: true });
  const { catalog } = base.organization;
  const hosts = allowedHosts(context, catalog.endpoints);
  const { aws, clock, identity } = base;
  const region = regionOf(context, here, catalog);
  const open = () =>
    openAws({
      region,
      bucketRegion: catalog.audit.region,
      profile: here.profile,
      client: clientName,
      clock,
      hosts,
      // A trail's bucket can be anywhere.
      followRegion: true,
    }).s3;
  const trails = openTrails({ env: context.env, aws, clock, identity, catalog, hosts, region, s3: open });
  return { audit: auditOf(context, here, base), trails };
}

/** The audit bucket of a catalog that an administrator holds in hand, to publish it there. */
export async function openBucket(context: Context, catalog: Catalog): Promise<RecordStore> {
  const here = openHere(context);
  const aws = openAws({
    region: regionOf(context, here, catalog),
    bucketRegion: catalog.audit.region,
    profile: here.profile,
    client: clientName,
    clock: new ServerClock(Date.now),
    hosts: allowedHosts(context, catalog.endpoints),
  });
  return bucketOf(aws, catalog.audit.bucket, catalog.audit.account);
}

/** AWS for who holds keys of an organization that this machine need not have pinned. */
export function openPlainAws(context: Context, region: string): Aws {
  return openAws({
    region,
    bucketRegion: region,
    profile: openHere(context).profile,
    client: clientName,
    clock: new ServerClock(Date.now),
    hosts: allowedHosts(context, []),
  });
}
