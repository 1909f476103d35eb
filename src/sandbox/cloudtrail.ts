import type { WorldAuthorizer } from "./authorize.ts";
import { isoSeconds, type Parameters, type Xml } from "./iam/query.ts";
import { AwsError, type Call, type Reply, type Service } from "./service.ts";
import { accountOf, sessionOf, type World } from "./world.ts";

/**
 * What happened in the sandbox, in CloudTrail's record format, and `LookupEvents` over it.
 * Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export interface Trail {
  record(event: TrailEvent): void;
}

export interface TrailEvent {
  readonly call: Call;
  /** `sts.amazonaws.com` */
  readonly source: string;
  /** `AssumeRole` */
  readonly name: string;
  /** `requestParameters`, in camel case. */
  readonly parameters: TrailValue | undefined;
  /** The reply, spelled as the API does; secrets in it are left out of the record. */
  readonly response?: Xml | undefined;
  readonly error?: AwsError;
  readonly readOnly: boolean;
  /** Further resources, ARN by type (`AWS::S3::Bucket`). */
  readonly resources?: readonly { readonly type: string; readonly name: string }[];
}

export type TrailValue =
  | string
  | number
  | boolean
  | readonly TrailValue[]
  | { readonly [name: string]: TrailValue };

interface Entry {
  readonly id: string;
  /** Accounts whose trail holds the event: the caller's, and the role's where that is another. */
  readonly accounts: readonly string[];
  readonly time: Date;
  readonly name: string;
  readonly source: string;
  readonly userName: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly readOnly: boolean;
  readonly resources: readonly { readonly type: string; readonly name: string }[];
  readonly record: Readonly<Record<string, unknown>>;
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
      const caller = authorizer.demand(call, "cloudtrail:LookupEvents", "*");
      const input = readJson(call);
      const own = entries.filter((entry) => entry.accounts.includes(caller.principal.account));
      return lookup(own, input);
    },
  };
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

function entryOf(world: World, event: TrailEvent): Entry {
  const { call, error } = event;
  const caller = call.caller;
  const response = error === undefined && !isRead(event) ? responseOf(event.response) : null;
  const resources = [...(event.resources ?? []), ...resourcesOf(event.parameters, response)];
  const role = resources.find((resource) => resource.type === "AWS::IAM::Role");
  const accounts = new Set<string>();
  if (caller !== undefined) accounts.add(caller.principal.account);
  if (role !== undefined && error === undefined) accounts.add(accountOf(role.name));
  const id = Buffer.from(world.random(16))
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const record = {
    eventVersion: "1.11",
    userIdentity: userIdentity(world, call),
    eventTime: isoSeconds(call.now),
    eventSource: event.source,
    eventName: event.name,
    awsRegion: call.region,
    sourceIPAddress: call.sourceIp,
    userAgent: call.userAgent,
    ...(error === undefined ? {} : { errorCode: error.code, errorMessage: error.message }),
    requestParameters: event.parameters ?? null,
    responseElements: response,
    requestID: call.requestId,
    eventID: id,
    readOnly: event.readOnly,
    ...(resources.length === 0
      ? {}
      : {
          resources: resources
            .filter((resource) => resource.name.startsWith("arn:"))
            .map(({ type, name }) => ({ accountId: accountOf(name), type, ARN: name })),
        }),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: caller?.principal.account ?? [...accounts][0] ?? "",
    eventCategory: "Management",
  };
  return {
    id,
    accounts: [...accounts],
    time: call.now,
    name: event.name,
    source: event.source,
    userName: caller === undefined ? undefined : nameOf(caller.principal.arn),
    accessKeyId: caller?.accessKeyId,
    readOnly: event.readOnly,
    resources,
    record,
  };
}

/** Reading calls have no response elements; those that hand out credentials do, though they are read-only. */
function isRead(event: TrailEvent): boolean {
  return event.readOnly && !/^(Assume|GetScopedCredentials|GetSessionToken)/.test(event.name);
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
function userIdentity(world: World, call: Call): Record<string, unknown> {
  const caller = call.caller;
  if (caller === undefined) return { type: "Unknown" };
  const { principal, accessKeyId, userid } = caller;
  const session = sessionOf(world, caller);
  const identity = { principalId: userid, arn: principal.arn, accountId: principal.account, accessKeyId };
  const attributes =
    session === undefined
      ? undefined
      : { creationDate: isoSeconds(session.issuedAt), mfaAuthenticated: String(session.mfa) };
  if (session === undefined || session.kind === "user") {
    return {
      type: "IAMUser",
      ...identity,
      userName: nameOf(principal.arn),
      ...(attributes === undefined ? {} : { sessionContext: { attributes } }),
    };
  }
  return {
    type: "AssumedRole",
    ...identity,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: session.roleId,
        arn: session.roleArn,
        accountId: session.account,
        userName: nameOf(session.roleArn),
      },
      webIdFederationData: {},
      attributes,
      ...(session.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
    },
  };
}

/** Camel case throughout, without keys and tokens: AWS records the session token, the sandbox no secret at all. */
function responseOf(value: Xml | undefined): TrailValue | null {
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Xml) => responseOf(item) ?? "");
  const secret = ["SecretAccessKey", "SessionToken", "WebIdentityToken"];
  const entries = Object.entries(value).flatMap(([name, child]) =>
    child === undefined || secret.includes(name)
      ? []
      : [[camel(name), responseOf(child as Xml) ?? ""] as const],
  );
  return Object.fromEntries(entries);
}

/** Roles, users and keys that the record speaks of, as LookupEvents finds them. */
function resourcesOf(
  parameters: TrailValue | undefined,
  response: TrailValue | null,
): { type: string; name: string }[] {
  const found: { type: string; name: string }[] = [];
  const add = (type: string, name: TrailValue | undefined): void => {
    if (typeof name === "string") found.push({ type, name });
  };
  const asked = fields(parameters);
  const answered = fields(response);
  add("AWS::IAM::Role", asked["roleArn"]);
  add("AWS::IAM::Role", asked["roleName"]);
  add("AWS::IAM::User", asked["userName"]);
  add("AWS::IAM::Policy", asked["policyArn"]);
  add("AWS::IAM::AccessKey", fields(answered["credentials"])["accessKeyId"]);
  add("AWS::STS::AssumedRole", fields(answered["assumedRoleUser"])["assumedRoleId"]);
  add("AWS::STS::AssumedRole", fields(answered["assumedRoleUser"])["arn"]);
  return found;
}

function fields(value: TrailValue | null | undefined): Readonly<Record<string, TrailValue | undefined>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, TrailValue>)
    : {};
}

function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

interface LookupInput {
  readonly LookupAttributes?: unknown;
  readonly StartTime?: unknown;
  readonly EndTime?: unknown;
  readonly MaxResults?: unknown;
  readonly NextToken?: unknown;
}

function readJson(call: Call): LookupInput {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(call.body) || "{}");
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Falls through to AWS's own error for a body that does not parse.
  }
  throw new AwsError("SerializationException", 400, "");
}

/** Newest first, 50 a page; one attribute at most, as AWS allows. */
function lookup(entries: readonly Entry[], input: LookupInput): Reply {
  const matches = attributeFilter(input.LookupAttributes);
  const start = readTime(input.StartTime) ?? 0;
  const end = readTime(input.EndTime) ?? Number.POSITIVE_INFINITY;
  if (start > end) {
    throw new AwsError("InvalidTimeRangeException", 400, "The start time must not be after the end time");
  }
  const size = readPageSize(input.MaxResults);
  const from = readNextToken(input.NextToken, entries);
  const found = entries
    .slice(0, from)
    .filter((entry) => entry.time.getTime() >= start && entry.time.getTime() <= end && matches(entry))
    .reverse();
  const page = found.slice(0, size);
  const last = page.at(-1);
  const more = found.length > size && last !== undefined;
  const body = {
    Events: page.map(shown),
    ...(more ? { NextToken: last.id } : {}),
  };
  return {
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify(body),
  };
}

function shown(entry: Entry): Record<string, unknown> {
  return {
    EventId: entry.id,
    EventName: entry.name,
    ReadOnly: String(entry.readOnly),
    ...(entry.accessKeyId === undefined ? {} : { AccessKeyId: entry.accessKeyId }),
    EventTime: Math.floor(entry.time.getTime() / 1000),
    EventSource: entry.source,
    ...(entry.userName === undefined ? {} : { Username: entry.userName }),
    Resources: entry.resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: JSON.stringify(entry.record),
  };
}

const ATTRIBUTES: Readonly<Record<string, (entry: Entry, value: string) => boolean>> = {
  EventId: (entry, value) => entry.id === value,
  EventName: (entry, value) => entry.name === value,
  ReadOnly: (entry, value) => String(entry.readOnly) === value,
  Username: (entry, value) => entry.userName === value,
  ResourceType: (entry, value) => entry.resources.some((resource) => resource.type === value),
  ResourceName: (entry, value) => entry.resources.some((resource) => resource.name === value),
  EventSource: (entry, value) => entry.source === value,
  AccessKeyId: (entry, value) => entry.accessKeyId === value,
};

function attributeFilter(attributes: unknown): (entry: Entry) => boolean {
  const list: unknown[] = Array.isArray(attributes) ? attributes : [];
  if (list.length === 0) return () => true;
  const [first] = list;
  const key =
    typeof first === "object" && first !== null && "AttributeKey" in first ? first.AttributeKey : "";
  const value =
    typeof first === "object" && first !== null && "AttributeValue" in first ? first.AttributeValue : "";
  const test = typeof key === "string" && Object.hasOwn(ATTRIBUTES, key) ? ATTRIBUTES[key] : undefined;
  if (list.length > 1 || test === undefined || typeof value !== "string" || value === "") {
    throw new AwsError("InvalidLookupAttributesException", 400, "One valid lookup attribute is allowed");
  }
  return (entry) => test(entry, value);
}

/** Seconds since the epoch, as JSON 1.1 sends times; answers milliseconds. */
function readTime(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw new AwsError("SerializationException", 400, "");
  return value * 1000;
}

function readPageSize(value: unknown): number {
  if (value === undefined || value === null) return 50;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 50) return value;
  throw new AwsError("InvalidMaxResultsException", 400, "MaxResults must be between 1 and 50");
}

/** The token is the id of the last event shown, so that events that arrive meanwhile do not shift the pages. */
function readNextToken(value: unknown, entries: readonly Entry[]): number {
  if (value === undefined || value === null) return entries.length;
  const position = entries.findIndex((entry) => entry.id === value);
  if (position < 0) throw new AwsError("InvalidNextTokenException", 400, "The next token is not valid");
  return position;
}
