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
}

export type TrailValue =
  | string
  | number
  | boolean
  | readonly TrailValue[]
  | { readonly [name: string]: TrailValue };

/** A record, and what LookupEvents finds it by. */
export interface Entry {
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

export function entryOf(world: World, event: TrailEvent): Entry {
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

/** `RoleArn` as `roleArn`, as records spell names. */
export function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
