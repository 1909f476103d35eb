import { isoSeconds, type Xml } from "./iam/query.ts";
import type { AwsError, Call } from "./service.ts";
import { accountOf, sessionOf, type World } from "./world.ts";

/**
 * CloudTrail's record of one call.
 * Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
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
  /** The resource's account, whose trail has the event, too. */
  readonly owner?: string | undefined;
  /** A data event: in the files of trails that ask for it, and not in the event history. */
  readonly isData?: boolean;
}

export type TrailValue =
  | string
  | number
  | boolean
  | readonly TrailValue[]
  | { readonly [name: string]: TrailValue };

/** A record in one account's trail, and what LookupEvents finds it by. */
export interface Entry {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly isData: boolean;
  readonly time: Date;
  readonly name: string;
  readonly source: string;
  readonly userName: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly readOnly: boolean;
  readonly resources: readonly { readonly type: string; readonly name: string }[];
  readonly record: Readonly<Record<string, unknown>>;
}

/** The event as each account's trail has it: the caller's, and the role's or bucket's where that is another. */
export function entriesOf(world: World, event: TrailEvent): readonly Entry[] {
  const { call, error } = event;
  const caller = call.caller;
  const response = error === undefined && !isRead(event) ? responseOf(event.response) : null;
  const resources = [...(event.resources ?? []), ...resourcesOf(event.parameters, response)];
  const role = resources.find(
    (resource) => resource.type === "AWS::IAM::Role" && resource.name.includes(":"),
  );
  const accounts = new Set<string>();
  if (caller !== undefined) accounts.add(caller.principal.account);
  if (role !== undefined && error === undefined) accounts.add(accountOf(role.name));
  if (event.owner !== undefined) accounts.add(event.owner);
  const shared = accounts.size > 1 ? { sharedEventID: uuid(world) } : {};
  return [...accounts].map((account) => {
    const isOwn = caller === undefined || caller.principal.account === account;
    const id = uuid(world);
    const isData = event.isData === true;
    const record = {
      eventVersion: "1.11",
      userIdentity: isOwn ? userIdentity(world, call) : strangerIdentity(call),
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
      ...recordedResources(resources),
      eventType: "AwsApiCall",
      managementEvent: !isData,
      recipientAccountId: account,
      ...shared,
      eventCategory: isData ? "Data" : "Management",
    };
    return {
      id,
      account,
      isData,
      region: call.region,
      time: call.now,
      name: event.name,
      source: event.source,
      userName: caller === undefined || !isOwn ? undefined : nameOf(caller.principal.arn),
      accessKeyId: isOwn ? caller?.accessKeyId : undefined,
      readOnly: event.readOnly,
      resources,
      record,
    };
  });
}

function recordedResources(resources: Entry["resources"]) {
  const named = resources.filter((resource) => resource.name.startsWith("arn:"));
  if (named.length === 0) return {};
  return { resources: named.map(({ type, name }) => ({ accountId: accountOf(name), type, ARN: name })) };
}

function uuid(world: World): string {
  const hex = Buffer.from(world.random(16)).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** All that the account of a role is told of a caller from another account. */
function strangerIdentity({ caller }: Call): Record<string, unknown> {
  return { type: "AWSAccount", principalId: caller?.userid, accountId: caller?.principal.account };
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
  if (value instanceof Date) return javaDate(value);
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

/** `Nov 24, 2026, 9:16:36 AM`, with a narrow space: as Java prints dates in English, in UTC. */
function javaDate(date: Date): string {
  const month = date.toLocaleString("en-US", { month: "short", timeZone: "UTC" });
  const hour = date.getUTCHours();
  const two = (number: number) => String(number).padStart(2, "0");
  const time = `${hour % 12 === 0 ? 12 : hour % 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${month} ${date.getUTCDate()}, ${date.getUTCFullYear()}, ${time}\u202f${hour < 12 ? "AM" : "PM"}`;
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

/** `RoleArn` as `roleArn`, as records spell names. */
export function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
