import type { WorldAuthorizer } from "./authorize.ts";
import type { Parameters } from "./iam/query.ts";
import { AwsError, type Call, type Reply, type Service } from "./service.ts";
import { type DeliveredFile, OrganizationTrail } from "./trail-files.ts";
import { lookup, readLookup } from "./trail-lookup.ts";
import { camel, type Entry, entriesOf, type TrailEvent, type TrailValue } from "./trail-record.ts";
import type { World } from "./world.ts";

/**
 * What happened in the sandbox, in CloudTrail's record format: `LookupEvents` over it, and one trail of the whole
 * organization that delivers files. Services record every call that they answer, refused ones too.
 */
export interface Trail {
  record(event: TrailEvent): void;
  /** Whether calls on this object are recorded as data events. */
  wantsObject(arn: string): boolean;
}

/** Older events fall out, as AWS's do after 90 days. */
const MAX_EVENTS = 50_000;

export interface CloudTrail extends Trail, Service {
  /** Writes what happened since the last time as log files, and a digest for each account and region. */
  deliver(now: Date): readonly DeliveredFile[];
}

export function createCloudTrail(world: World, authorizer: WorldAuthorizer): CloudTrail {
  const entries: Entry[] = [];
  const trail = new OrganizationTrail(world.organization.id, (size) => world.random(size));
  const history = (call: Call) => {
    const account = demand(authorizer, call, "LookupEvents");
    const own = entries.filter((entry) => entry.account === account && entry.region === call.region);
    return lookup(
      own.filter(({ isData }) => !isData),
      readLookup(call),
    );
  };
  const act = (call: Call, name: string, change: () => void): Reply => {
    const event = {
      call,
      source: "cloudtrail.amazonaws.com",
      name,
      parameters: parametersOf(call),
      readOnly: false,
    };
    try {
      demand(authorizer, call, name);
      change();
    } catch (error) {
      if (error instanceof AwsError) record({ ...event, error });
      throw error;
    }
    record(event);
    return jsonReply({});
  };
  const record = (event: TrailEvent): void => {
    const made = entriesOf(world, event);
    entries.push(...made);
    trail.take(made);
    if (entries.length > MAX_EVENTS) entries.splice(0, entries.length - MAX_EVENTS);
  };
  return {
    record,
    wantsObject: (arn) => trail.wantsObject(arn),
    deliver: (now) => trail.deliver(now, world.accounts.keys()),
    handle(call) {
      const target = call.headers.get("x-amz-target") ?? "";
      const name = /CloudTrail_20131101\.(\w+)$/.exec(target)?.[1];
      switch (name) {
        case "LookupEvents":
          return history(call);
        case "ListPublicKeys":
          demand(authorizer, call, name);
          return jsonReply({ PublicKeyList: [trail.publicKey(call.now)] });
        case "PutEventSelectors":
          return act(call, name, () => trail.select(readLookup(call)));
        case "StopLogging":
        case "DeleteTrail":
          return act(call, name, () => trail.stop());
        case "StartLogging":
          return act(call, name, () => trail.start());
        case "UpdateTrail":
          return act(call, name, () => undefined);
        default:
          throw new AwsError("UnknownOperationException", 400, "");
      }
    },
  };
}

function jsonReply(body: object): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify(body),
  };
}

/** The parameters of a change as records have them, but for lists of objects, whose names would change too. */
function parametersOf(call: Call): TrailValue {
  const texts = Object.entries(readLookup(call)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(texts.map(([name, value]) => [camel(name), value]));
}

/** The account whose trail the caller may use. JSON services have a name and status of their own for a refusal. */
function demand(authorizer: WorldAuthorizer, call: Call, action: string): string {
  try {
    return authorizer.demand(call, `cloudtrail:${action}`, "*").principal.account;
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
