import { createHash } from "node:crypto";
import type { ContextValue, Evaluation } from "../../policy/types.ts";
import { type Authorizer, AwsError, type Call, type Reply } from "../service.ts";
import { parseTimestamp } from "../sigv4.ts";
import { type XmlElements, xmlDocument } from "../xml.ts";
import type { Bucket } from "./model.ts";
import type { Storage } from "./storage.ts";

/** What every operation of S3 works with. */
export interface S3 {
  readonly storage: Storage;
  readonly authorizer: Authorizer;
  /** Fresh random bytes, for version and upload ids. */
  readonly random: (size: number) => Uint8Array;
}

/** A request for a bucket that exists. `key` is empty where the operation has none. */
export interface BucketCall extends Call {
  readonly bucket: Bucket;
  readonly key: string;
}

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export function xmlReply(
  root: string,
  content: XmlElements,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: xmlDocument(root, content, NAMESPACE),
  };
}

export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: "" };
}

/** ARN of a bucket, or of an object in it, in the partition of the region. */
export function s3Arn(region: string, bucket: string, key = ""): string {
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:s3:::${bucket}${key === "" ? "" : `/${key}`}`;
}

/** The 64 hexadecimal digits by which S3 names an account. */
export function canonicalId(account: string): string {
  const known = canonicalIds.get(account);
  if (known !== undefined) return known;
  const id = createHash("sha256").update(`canonical:${account}`).digest("hex");
  canonicalIds.set(account, id);
  return id;
}

const canonicalIds = new Map<string, string>();

/** Condition keys that every S3 request has. */
function requestContext(call: Call): Record<string, ContextValue> {
  const presigned = call.query.has("X-Amz-Signature");
  const context: Record<string, ContextValue> = {};
  if (call.caller !== undefined) {
    context["s3:authType"] = presigned ? "REST-QUERY-STRING" : "REST-HEADER";
    context["s3:signatureversion"] = "AWS4-HMAC-SHA256";
    const signed = call.query.get("X-Amz-Date") ?? call.headers.get("x-amz-date") ?? "";
    const age = call.now.getTime() - parseTimestamp(signed);
    if (!Number.isNaN(age)) context["s3:signatureAge"] = String(Math.max(0, age));
  }
  const hash = call.headers.get("x-amz-content-sha256");
  if (hash !== undefined) context["s3:x-amz-content-sha256"] = hash;
  const version = call.query.get("versionId");
  if (version !== null) context["s3:VersionId"] = version;
  return context;
}

function evaluate(
  s3: S3,
  call: Call,
  action: string,
  bucket: Bucket,
  key: string,
  context: Readonly<Record<string, ContextValue>>,
): Evaluation {
  return s3.authorizer.authorize(call, action, s3Arn(bucket.region, bucket.name, key), {
    resourceAccount: bucket.account,
    resourcePolicies: bucket.policy === undefined ? [] : [bucket.policy],
    context: {
      ...requestContext(call),
      "s3:ResourceAccount": bucket.account,
      "aws:ResourceAccount": bucket.account,
      ...context,
    },
  });
}

/** Does the caller have that permission on the bucket (`key` empty) or object? */
export function may(s3: S3, call: BucketCall, action: string, key: string, context = {}): boolean {
  return evaluate(s3, call, action, call.bucket, key, context).verdict === "allow";
}

/** @throws AwsError AccessDenied, saying which kind of policy refused, as S3 does */
export function demand(
  s3: S3,
  call: BucketCall,
  action: string,
  key: string,
  context: Readonly<Record<string, ContextValue>> = {},
): void {
  const evaluation = evaluate(s3, call, action, call.bucket, key, context);
  if (evaluation.verdict !== "allow") {
    throw accessDenied(call, action, s3Arn(call.bucket.region, call.bucket.name, key), evaluation);
  }
}

const LAYERS: Readonly<Record<string, string>> = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  boundary: "permissions boundary",
  session: "session policy",
  organization: "service control policy",
};

/** The refusal in S3's words: who, what, on what, and the kind of policy that said no. */
export function accessDenied(call: Call, action: string, arn: string, evaluation: Evaluation): AwsError {
  const principal = call.caller?.principal;
  if (principal === undefined) return new AwsError("AccessDenied", 403, "Access Denied");
  const who = `User: ${principal.arn} is not authorized to perform: ${action} on resource: "${arn}"`;
  if (evaluation.verdict === "explicitDeny") {
    const layer = LAYERS[evaluation.reasons[0]?.layer ?? "identity"];
    const article = layer?.startsWith("i") ? "an" : "a";
    return new AwsError("AccessDenied", 403, `${who} with an explicit deny in ${article} ${layer}`);
  }
  const layer = LAYERS[evaluation.missing ?? "identity"];
  return new AwsError("AccessDenied", 403, `${who} because no ${layer} allows the ${action} action`);
}

export function invalidArgument(name: string, value: string, message: string): AwsError {
  return new AwsError("InvalidArgument", 400, message, { ArgumentName: name, ArgumentValue: value });
}

/** The body's text. @throws AwsError MalformedXML where it is no UTF-8 */
export function bodyText(call: Call): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(call.body);
  } catch {
    throw new AwsError("MalformedXML", 400, "The XML you provided was not well-formed");
  }
}
