import {
  type CallEvent,
  type LeaseEvent,
  type ParameterName,
  parameterNames,
  type SessionEvent,
  sessionCalls,
  type TrailEvent,
  type Who,
} from "./event.ts";

/**
 * Reads one record of CloudTrail into its closed shape. Whatever it does not know is left out; of what it needs nothing
 * may be missing or of another type.
 * @param value parsed JSON, hostile
 * @returns `undefined` for what is no such record
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function parseEvent(value: unknown): TrailEvent | undefined {
  const record = objectOf(value);
  if (record === undefined) return undefined;
  const [id, name, source] = [
    text(record, "eventID"),
    text(record, "eventName"),
    text(record, "eventSource"),
  ];
  const at = timeOf(text(record, "eventTime"));
  if (id === undefined || name === undefined || source === undefined || at === undefined) return undefined;
  const who = whoOf(record);
  const region = text(record, "awsRegion") ?? "";
  const account = text(record, "recipientAccountId") ?? who.account;
  const head = { id, at, region, account, name, who };
  const error = text(record, "errorCode");
  if (source === "sts.amazonaws.com" && error === undefined) {
    if (sessionCalls.some((call) => call === name)) return sessionOf(record, head);
    if (name === "GetScopedCredentials") return leaseOf(record, head);
  }
  const parameters = member(record, "requestParameters") ?? {};
  return {
    ...head,
    kind: "call",
    source,
    error,
    readOnly: own(record, "readOnly") === true || own(record, "readOnly") === "true",
    isData: own(record, "eventCategory") === "Data" || own(record, "managementEvent") === false,
    resources: resourcesOf(record, parameters),
    parameters: Object.fromEntries(
      parameterNames.map((each) => [each, text(parameters, each) ?? ""]),
    ) as Readonly<Record<ParameterName, string>>,
  } satisfies CallEvent;
}

type Head = Pick<TrailEvent, "id" | "at" | "region" | "account" | "name" | "who">;
type Fields = Readonly<Record<string, unknown>>;

/** STS's default, where no duration was asked for (AssumeRole, API reference). */
const defaultDuration = 3600;

function sessionOf(record: Fields, head: Head): SessionEvent | undefined {
  const asked = member(record, "requestParameters") ?? {};
  const answered = member(record, "responseElements") ?? {};
  const credentials = member(answered, "credentials") ?? {};
  const accessKeyId = text(credentials, "accessKeyId");
  const role = text(asked, "roleArn");
  const tags = tagsOf(own(asked, "tags"));
  if (accessKeyId === undefined || role === undefined || tags === undefined) return undefined;
  const durationSeconds = numberOf(own(asked, "durationSeconds")) ?? defaultDuration;
  const policy = own(asked, "policy");
  const assumed = member(answered, "assumedRoleUser") ?? {};
  return {
    ...head,
    kind: "session",
    role,
    accessKeyId,
    tags,
    durationSeconds,
    sessionName: text(asked, "roleSessionName") ?? "",
    sourceIdentity: text(asked, "sourceIdentity"),
    hasTransitiveTags: listOf(own(asked, "transitiveTagKeys")).length > 0,
    // A policy that is there and no text is none that a record can tell.
    policy: policy === undefined || policy === null ? undefined : typeof policy === "string" ? policy : "?",
    policyArns: listOf(own(asked, "policyArns")).map((each) => text(objectOf(each) ?? {}, "arn") ?? "?"),
    assumedRoleId: text(assumed, "assumedRoleId") ?? "",
    expiration: timeOf(text(credentials, "expiration")) ?? head.at + durationSeconds,
  };
}

function leaseOf(record: Fields, head: Head): LeaseEvent | undefined {
  const credentials = member(member(record, "responseElements") ?? {}, "credentials") ?? {};
  const accessKeyId = text(credentials, "accessKeyId");
  if (accessKeyId === undefined) return undefined;
  const asked = member(record, "requestParameters") ?? {};
  return { ...head, kind: "lease", accessKeyId, description: text(asked, "scopedSessionDescription") ?? "" };
}

function whoOf(record: Fields): Who {
  const identity = member(record, "userIdentity") ?? {};
  const issuer = member(member(identity, "sessionContext") ?? {}, "sessionIssuer") ?? {};
  return {
    userid: text(identity, "principalId") ?? text(identity, "invokedBy") ?? "",
    arn: text(identity, "arn") ?? "",
    account: text(identity, "accountId") ?? "",
    accessKeyId: text(identity, "accessKeyId") ?? "",
    role: text(issuer, "type") === "Role" ? (text(issuer, "arn") ?? "") : "",
  };
}

/** `undefined` where they are no list of pairs, or name one key twice. */
function tagsOf(value: unknown): ReadonlyMap<string, string> | undefined {
  const tags = new Map<string, string>();
  for (const each of listOf(value)) {
    const pair = objectOf(each) ?? {};
    const key = own(pair, "key");
    const tag = own(pair, "value");
    if (typeof key !== "string" || typeof tag !== "string" || tags.has(key)) return undefined;
    tags.set(key, tag);
  }
  return tags;
}

/** Most of one event: a batch write names hundreds. */
const maximumResources = 100;

function resourcesOf(record: Fields, parameters: Fields): readonly string[] {
  const all = listOf(own(record, "resources")).map((each) => objectOf(each) ?? {});
  const objects = all.filter((resource) => own(resource, "type") === "AWS::S3::Object");
  // Beside an object stands its bucket, which was not touched as such; a listing has a prefix (`ARNPrefix`).
  const named = (objects.length > 0 ? objects : all).flatMap(
    (resource) => text(resource, "ARN") ?? text(resource, "ARNPrefix") ?? [],
  );
  const found = named.length > 0 ? named : spelledOut(parameters);
  return [...new Set(found)].slice(0, maximumResources);
}

function spelledOut(parameters: Fields): readonly string[] {
  const bucket = text(parameters, "bucketName");
  const key = text(parameters, "key");
  if (bucket !== undefined) return [`arn:aws:s3:::${bucket}${key === undefined ? "" : `/${key}`}`];
  const name = text(parameters, "tableName") ?? text(parameters, "secretId");
  return name === undefined ? [] : [name];
}

/**
 * Unix seconds. CloudTrail writes `2026-11-24T08:16:36Z`, and expirations as Java prints dates in English, in two ways:
 * `Nov 24, 2026 9:16:36 AM`, and with a comma before the time and a narrow space before AM.
 */
export function timeOf(spelled: string | undefined): number | undefined {
  if (spelled === undefined) return undefined;
  const isIso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/.test(spelled);
  const isJava = /^[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d{2}:\d{2}[ \u202f][AP]M$/.test(spelled);
  if (!isIso && !isJava) return undefined;
  const ms = Date.parse(isIso ? spelled : `${spelled.replace("\u202f", " ").replace(/(\d{4}),/, "$1")} UTC`);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

function own(of: Fields, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function member(of: Fields, name: string): Fields | undefined {
  return objectOf(own(of, name));
}

function objectOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Longer than anything that AWS lets a caller send in one parameter. */
const maximumText = 131_072;

function text(of: Fields, name: string): string | undefined {
  const value = own(of, name);
  return typeof value === "string" && value !== "" && value.length <= maximumText ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,7}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
