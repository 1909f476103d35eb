import { setTimeout as wait } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Catalog, Identity } from "../../access/types.ts";
import type { RolePolicyLookup, TrailKey, TrailSource } from "../../audit/reconcile/ports.ts";
import { type KeyLookup, trailFileSource } from "../../audit/reconcile/trail.ts";
import type { Aws } from "../../aws/clients.ts";
import { type CloudTrailCall, cloudTrail } from "../../aws/cloudtrail.ts";
import { defaultRegions } from "../../aws/regions.ts";
import { roleCeilings } from "../../aws/role-ceilings.ts";
import type { ServerClock } from "../../aws/server-clock.ts";
import { trailBucket } from "../../aws/trail-bucket.ts";
import { lookupSource, publicKeys, readTrailKeys } from "../../aws/trail-lookup.ts";
import { JitError } from "../../error.ts";
import { trailDirectory } from "../../local/trail-directory.ts";
import type { Context } from "../context.ts";
import { readFile } from "./admin-files.ts";

/** Where CloudTrail's events can be had. */
export interface Trails {
  /** The event history of the caller's account. @param regions those of the account alone, or all that are enabled everywhere */
  lookup(regions: readonly string[] | undefined): readonly TrailSource[];
  /** @param place `s3://bucket/prefix` */
  bucket(place: string, keys: KeyLookup): TrailSource;
  directory(path: string, keys: KeyLookup): TrailSource;
  /** What the roles of the caller's account rest on. */
  readonly ceilings: RolePolicyLookup;
  /** CloudTrail's public keys, from AWS. */
  readonly keys: KeyLookup;
  /** The same from a file, as `aws cloudtrail list-public-keys` prints them. */
  keysIn(path: string): KeyLookup;
}

export interface TrailPorts {
  readonly env: Context["env"];
  readonly aws: Aws;
  readonly clock: ServerClock;
  readonly identity: Identity;
  readonly catalog: Catalog;
  readonly hosts: readonly string[];
  /** The region that jit asks AWS in. */
  readonly region: string;
  readonly s3: () => S3Client;
}

export function openTrails(ports: TrailPorts): Trails {
  const { env, aws, clock, identity, catalog, hosts } = ports;
  const endpoint = endpointOf(env);
  const callIn = (region: string): CloudTrailCall =>
    cloudTrail({ aws, region, endpoint, hosts, clock, wait: (ms) => wait(ms) });
  const used = regionsOf(catalog, ports.region);
  return {
    lookup(chosen) {
      const partition = identity.arn.split(":")[1] ?? "aws";
      const known = defaultRegions(partition);
      // IAM's events are in one region of the partition alone, whichever others are looked at.
      const regions = new Set([...known.slice(0, 1), ...(chosen ?? [...known, ...used])]);
      return [...regions].map((region) => {
        const keyed = used.includes(region) || (chosen ?? []).includes(region);
        return lookupSource(callIn(region), { account: identity.account, region, keyed });
      });
    },
    bucket(place, keys) {
      const [, bucket, prefix = ""] =
        /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(place) ?? [];
      if (bucket === undefined) {
        throw new JitError("USAGE", `--trail: ${JSON.stringify(place.slice(0, 80))} is no place in S3`, {
          hint: "write s3://BUCKET or s3://BUCKET/PREFIX, what stands before AWSLogs/",
        });
      }
      return trailFileSource(trailBucket(ports.s3(), bucket, prefix), keys);
    },
    ceilings: roleCeilings(aws, identity.account),
    directory: copiedTrails.directory,
    keys: async (regions, range) => {
      const found = await Promise.all(regions.map((region) => publicKeys(callIn(region), region, range)));
      return found.flat();
    },
    keysIn: copiedTrails.keysIn,
  };
}

/** Copies of trails alone: nobody is asked. */
export const copiedTrails: Trails = {
  lookup: refuseToAsk,
  bucket: refuseToAsk,
  directory: (path, keys) => trailFileSource(trailDirectory(path), keys),
  // No account's: what roles rest on is then not known.
  ceilings: { account: "-", managedPolicies: async () => undefined },
  keys: async () => undefined,
  keysIn: (path) => {
    const keys = keysOf(path);
    return async () => keys;
  },
};

function refuseToAsk(): never {
  throw new JitError("USAGE", "--mirror asks nobody: CloudTrail's events must be a copy, too", {
    hint: "name a folder with the trail's files: --trail-dir DIRECTORY",
  });
}

function keysOf(path: string): readonly TrailKey[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(readFile(path)).toString());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const keys = readTrailKeys(value);
  if (keys !== undefined) return keys;
  throw new JitError("FILE_INVALID", `${path} holds no public keys of CloudTrail`, {
    hint: "save what `aws cloudtrail list-public-keys` prints, in the trail's region",
  });
}

/** Where the catalog's stores and records are: sessions of them are made and used there. */
function regionsOf({ audit, defaults, stores }: Catalog, region: string): readonly string[] {
  const own = [...stores.values()].map((store) => store.region);
  return [...new Set([region, audit.region, defaults.region, ...own].filter((each) => each !== undefined))];
}

function endpointOf(env: Context["env"]): string | undefined {
  if ((env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] ?? "").toLowerCase() === "true") return undefined;
  const [own, all] = [env["AWS_ENDPOINT_URL_CLOUDTRAIL"], env["AWS_ENDPOINT_URL"]];
  return own !== undefined && own !== "" ? own : all !== undefined && all !== "" ? all : undefined;
}
