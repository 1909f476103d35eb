import { sessionCalls } from "../audit/reconcile/event.ts";
import type { RawEvent, TrailKey, TrailRange, TrailSource } from "../audit/reconcile/ports.ts";
import { JitError } from "../error.ts";
import type { CloudTrailCall } from "./cloudtrail.ts";
import { nextPage } from "./paging.ts";

/** Calls that begin sessions, narrow them, or change what they and the log rest on. */
const names = [
  ...sessionCalls,
  "GetScopedCredentials",
  "UpdateAssumeRolePolicy",
  "PutRolePolicy",
  "DeleteRolePolicy",
  "AttachRolePolicy",
  "DetachRolePolicy",
  "PutRolePermissionsBoundary",
  "DeleteRolePermissionsBoundary",
  "CreateRole",
  "DeleteRole",
  "UpdateRole",
  "CreatePolicyVersion",
  "SetDefaultPolicyVersion",
  "DeletePolicyVersion",
  "PutBucketPolicy",
  "DeleteBucketPolicy",
  "PutBucketVersioning",
  "PutBucketObjectLockConfiguration",
  "PutBucketPublicAccessBlock",
  "PutBucketAcl",
  "PutBucketLifecycle",
  "DeleteBucket",
  "CreateBucket",
  "StopLogging",
  "StartLogging",
  "DeleteTrail",
  "CreateTrail",
  "UpdateTrail",
  "PutEventSelectors",
];

/**
 * The event history of one account and region: management events of 90 days.
 * @param keyed whether sessions are used in this region, so that their calls are looked for here
 */
export function lookupSource(
  call: CloudTrailCall,
  { account, region, keyed }: { readonly account: string; readonly region: string; readonly keyed: boolean },
): TrailSource {
  const look = (key: string, value: string, range: TrailRange) => lookUp(call, region, key, value, range);
  return {
    name: `LookupEvents of ${account} in ${region}`,
    isCopy: false,
    accounts: () => [account],
    regions: () => [region],
    findings: () => [],
    async *events(range) {
      for (const name of names) yield* look("EventName", name, range);
    },
    async *callsOf(keys, range) {
      if (keyed) for (const key of keys) yield* look("AccessKeyId", key, range);
    },
  };
}

async function* lookUp(
  call: CloudTrailCall,
  region: string,
  AttributeKey: string,
  AttributeValue: string,
  { from, to }: TrailRange,
): AsyncGenerator<RawEvent> {
  let NextToken: string | undefined;
  do {
    const page: Readonly<Record<string, unknown>> = await call("LookupEvents", {
      LookupAttributes: [{ AttributeKey, AttributeValue }],
      StartTime: Math.floor(from.getTime() / 1000),
      EndTime: Math.ceil(to.getTime() / 1000),
      MaxResults: 50,
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    // An answer without its list is no answer that says that there is nothing.
    if (!Array.isArray(page["Events"])) throw unreadable(region);
    for (const event of page["Events"] as readonly unknown[]) {
      const text = own(event, "CloudTrailEvent");
      const place = `${region} ${String(own(event, "EventId") ?? "-").slice(0, 80)}`;
      yield { value: typeof text === "string" ? parsed(text) : undefined, place };
    }
    const next = page["NextToken"];
    if (next !== undefined && next !== null && typeof next !== "string") throw unreadable(region);
    NextToken = nextPage(next ?? undefined, NextToken);
  } while (NextToken !== undefined && NextToken !== "");
}

/** The public keys of CloudTrail's digests in one region. */
export async function publicKeys(
  call: CloudTrailCall,
  region: string,
  { from, to }: TrailRange,
): Promise<readonly TrailKey[]> {
  const keys: TrailKey[] = [];
  let NextToken: string | undefined;
  do {
    const page: Readonly<Record<string, unknown>> = await call("ListPublicKeys", {
      StartTime: Math.floor(from.getTime() / 1000),
      EndTime: Math.ceil(to.getTime() / 1000),
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    const read = readTrailKeys(page);
    if (read === undefined) throw unreadable(region);
    keys.push(...read);
    const next = page["NextToken"];
    NextToken = nextPage(typeof next === "string" && next !== "" ? next : undefined, NextToken);
  } while (NextToken !== undefined);
  return keys;
}

/** The reply of `ListPublicKeys`, from AWS or as `aws cloudtrail list-public-keys` prints it; `undefined` where it is none. */
export function readTrailKeys(value: unknown): readonly TrailKey[] | undefined {
  const list = own(value, "PublicKeyList");
  if (!Array.isArray(list)) return undefined;
  const keys = list.map((each: unknown) => {
    const [key, fingerprint] = [own(each, "Value"), own(each, "Fingerprint")];
    const good = typeof key === "string" && typeof fingerprint === "string" && /^[A-Za-z0-9+/]+=*$/.test(key);
    return good ? { fingerprint, value: new Uint8Array(Buffer.from(key, "base64")) } : undefined;
  });
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function own(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(region: string): JitError {
  return new JitError("TRAIL_REFUSED", `CloudTrail in ${region} answered with something else than events`, {
    hint: "try again; a trail's own files (--trail) need no answer of LookupEvents",
  });
}
