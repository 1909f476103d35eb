import type { WorldAuthorizer } from "./authorize.ts";
import type { Parameters } from "./iam/query.ts";
import { AwsError, type Call, type Service } from "./service.ts";
import { lookup, readLookup } from "./trail-lookup.ts";
import { camel, type Entry, entryOf, type TrailEvent, type TrailValue } from "./trail-record.ts";
import type { World } from "./world.ts";

/**
 * What happened in the sandbox, in CloudTrail's record format, and `LookupEvents` over it. Services record every
 * call that they answer, refused ones too.
 */
export interface Trail {
  record(event: TrailEvent): void;
}

/** Older events fall out, as AWS's do after 90 days. */
const MAX_EVENTS = 50_000;

export interface CloudTrail extends Trail, Service {}

export function createCloudTrail(world: World, authorizer: WorldAuthorizer): CloudTrail {
  const entries: Entry[] = [];
  return {
    record(event) {
      entries.push(entryOf(world, event));
      if (entries.length > MAX_EVENTS) entries.splice(0, entries.length - MAX_EVENTS);
    },
    handle(call) {
      const target = call.headers.get("x-amz-target") ?? "";
      if (!target.endsWith("CloudTrail_20131101.LookupEvents")) {
        throw new AwsError("UnknownOperationException", 400, "");
      }
      const account = demandLookup(authorizer, call);
      const input = readLookup(call);
      const own = entries.filter((entry) => entry.accounts.includes(account));
      return lookup(own, input);
    },
  };
}

/** The account whose trail the caller may read. JSON services have a name and status of their own for a refusal. */
function demandLookup(authorizer: WorldAuthorizer, call: Call): string {
  try {
    return authorizer.demand(call, "cloudtrail:LookupEvents", "*").principal.account;
  } catch (error) {
    if (error instanceof AwsError && error.code === "AccessDenied") {
      throw new AwsError("AccessDeniedException", 400, error.message);
    }
    throw error;
  }
}

/**
 * `requestParameters` of a query call: names in camel case, lists as arrays.
 * @param omit parameters that are secret or no parameters of the action
 */
export function trailParameters(input: Parameters, omit: readonly string[]): TrailValue {
  const root: Record<string, TrailValue> = {};
  const lists = new Map<string, TrailValue[]>();
  for (const [name, value] of input.entries()) {
    const list = /^(\w+)\.member\.(\d+)(?:\.(\w+))?$/.exec(name);
    if (list === null) {
      if (!omit.includes(name)) root[camel(name)] = name.endsWith("Seconds") ? Number(value) : value;
      continue;
    }
    const [, field = "", index = "1", member] = list;
    const items = lists.get(field) ?? [];
    lists.set(field, items);
    const position = Number(index) - 1;
    if (position >= 1000) continue;
    const known = items[position];
    items[position] =
      member === undefined ? value : { ...(typeof known === "object" ? known : {}), [camel(member)]: value };
  }
  for (const [field, items] of lists) root[camel(field)] = items.filter((item) => item !== undefined);
  return root;
}
