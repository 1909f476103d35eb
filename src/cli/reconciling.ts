import type { Catalog } from "../access/types.ts";
import { ListedBucket } from "../audit/log/bucket.ts";
import type { Period } from "../audit/log/moment.ts";
import type { RecordStore } from "../audit/ports.ts";
import { withCeilings } from "../audit/reconcile/ceilings.ts";
import type { TrailSource } from "../audit/reconcile/ports.ts";
import { type Reconciled, reconcile } from "../audit/reconcile/reconcile.ts";
import type { KeyLookup } from "../audit/reconcile/trail.ts";
import { watchedOf } from "../audit/reconcile/watched.ts";
import { RecordReader } from "../audit/record-reader.ts";
import { JitError } from "../error.ts";
import type { Audit } from "./compose/audit.ts";
import type { Trails } from "./compose/trails.ts";
import { type Context, text } from "./context.ts";

/** What is opened for comparing CloudTrail with the records. */
export interface ReconcileOpened {
  readonly audit: Audit;
  readonly trails: Trails;
}

/** Compares a time by the sources that the flags name. @throws JitError `TRAIL_TOO_OLD`, as `reconcile` */
export async function reconcilePeriod(
  { audit, trails }: ReconcileOpened,
  chosen: Chosen,
  { period, now, strict }: { readonly period: Period; readonly now: Date; readonly strict: boolean },
): Promise<Reconciled> {
  if (chosen.files.length === 0) refuseTooOld(period.from, now);
  const catalogs = await publishedCatalogs(audit.store, (digest) => audit.catalogOf(digest));
  const store = new ListedBucket(audit.store);
  const reader = new RecordReader(store, {
    log: audit.fingerprint,
    trust: audit.trust,
    // However old a key is: a machine may have had its own for years.
    maximumHours: Number.POSITIVE_INFINITY,
  });
  return await reconcile(sourcesOf(chosen, trails), audit.store, reader, {
    watched: await withCeilings(watchedOf([audit.catalog, ...catalogs], chosen.buckets), trails.ceilings),
    since: period.from,
    until: period.to,
    now,
    strict,
  });
}

/** Where CloudTrail's events are to come from. */
export interface Chosen {
  readonly files: readonly { readonly kind: "bucket" | "directory"; readonly place: string }[];
  readonly buckets: readonly string[];
  readonly regions: readonly string[] | undefined;
  readonly keys: string | undefined;
}

/** What --trail, --trail-dir, --trail-keys and --regions say. */
export function chosenIn(context: Context): Chosen {
  const { flags } = context.invocation;
  const words = (name: string): readonly string[] => {
    const value = flags[name];
    return Array.isArray(value) ? value.filter((word) => word !== "") : [];
  };
  const buckets = words("trail");
  const files = [
    ...buckets.map((place) => ({ kind: "bucket", place }) as const),
    ...words("trailDir").map((place) => ({ kind: "directory", place }) as const),
  ];
  const regions = words("regions");
  const wrong = regions.find((region) => !/^[a-z]{2,}(?:-[a-z]+)+-[0-9]$/.test(region));
  if (wrong !== undefined) {
    throw new JitError("USAGE", `--regions: ${JSON.stringify(wrong.slice(0, 40))} is no region`, {
      hint: "separate them by commas: eu-central-1,us-east-1",
    });
  }
  if (regions.length > 0 && files.length > 0) {
    throw new JitError("USAGE", "--regions is for the event history; a trail's files are read whole", {
      hint: "leave one of them out",
    });
  }
  const keys = text(context, "trailKeys");
  if (keys !== undefined && files.length === 0) {
    throw new JitError("USAGE", "--trail-keys is for the files of a trail", {
      hint: "name them with --trail or --trail-dir",
    });
  }
  return {
    files,
    buckets: buckets.map((place) => /^s3:\/\/([^/]+)/.exec(place)?.[1] ?? ""),
    regions: regions.length === 0 ? undefined : regions,
    keys,
  };
}

function sourcesOf({ files, regions, keys }: Chosen, trails: Trails): readonly TrailSource[] {
  if (files.length === 0) return trails.lookup(regions);
  const given = keys === undefined ? undefined : trails.keysIn(keys);
  // A copy is read without asking AWS for anything of the trail's.
  const none: KeyLookup = async () => undefined;
  return files.map(({ kind, place }) =>
    kind === "bucket" ? trails.bucket(place, given ?? trails.keys) : trails.directory(place, given ?? none),
  );
}

const historyDays = 90;

function refuseTooOld(since: Date, now: Date): void {
  if (since.getTime() >= now.getTime() - historyDays * 86_400_000) return;
  throw new JitError("TRAIL_TOO_OLD", `CloudTrail's event history holds ${historyDays} days`, {
    hint: "for what is older name the trail's files: --trail s3://BUCKET, or --trail-dir",
  });
}

/** Every catalog that was ever signed: what was personal data once is watched still. */
async function publishedCatalogs(
  store: Pick<RecordStore, "list">,
  catalogOf: (digest: string) => Promise<Catalog | undefined>,
): Promise<readonly Catalog[]> {
  const catalogs: Catalog[] = [];
  for await (const { key } of store.list("v1/catalog/")) {
    const digest = /^v1\/catalog\/([0-9a-f]{64})\.jws$/.exec(key)?.[1];
    const catalog = digest === undefined ? undefined : await catalogOf(digest);
    if (catalog !== undefined) catalogs.push(catalog);
  }
  return catalogs;
}
