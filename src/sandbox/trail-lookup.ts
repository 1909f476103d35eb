import { AwsError, type Call, type Reply } from "./service.ts";
import type { Entry } from "./trail-record.ts";

/**
 * `LookupEvents` over JSON 1.1.
 * Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export interface LookupInput {
  readonly LookupAttributes?: unknown;
  readonly StartTime?: unknown;
  readonly EndTime?: unknown;
  readonly MaxResults?: unknown;
  readonly NextToken?: unknown;
}

/** @throws AwsError `SerializationException` for a body that is no JSON object */
export function readLookup(call: Call): LookupInput {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(call.body) || "{}");
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Falls through to AWS's own error for a body that does not parse.
  }
  throw new AwsError("SerializationException", 400, "");
}

/** Newest first, 50 a page; one attribute at most, as AWS allows. */
export function lookup(entries: readonly Entry[], input: LookupInput): Reply {
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
