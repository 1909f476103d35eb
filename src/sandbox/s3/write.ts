import { createHash } from "node:crypto";
import type { ContextValue } from "../../policy/types.ts";
import { AwsError, type Call, type Reply } from "../service.ts";
import { type Checksum, checksumHeader, verifyBody } from "./checksum.ts";
import { checkWrite } from "./conditions.ts";
import { type BucketCall, demand, emptyReply, type S3 } from "./core.ts";
import { defaultRetention, lockContext, requestedHold, requestedRetention } from "./lock.ts";
import type { Retention, Version } from "./model.ts";
import { notImplemented } from "./route.ts";
import { newVersionId } from "./versions.ts";

/** Writing objects: PutObject, and what CopyObject and multipart uploads share with it. */

const STORED = [
  "content-type",
  "content-encoding",
  "content-disposition",
  "content-language",
  "cache-control",
  "expires",
  "x-amz-website-redirect-location",
];

/** Headers that ask for what the sandbox does not have. */
const UNSUPPORTED = /^x-amz-(server-side-encryption-(?!$)|grant-|write-offset-bytes|object-size$)/;
const MAX_METADATA = 2048;
const MAX_KEY_BYTES = 1024;

/** The headers that are kept with the object. @throws AwsError MetadataTooLarge */
export function storedHeaders(call: Call): Record<string, string> {
  const kept: Record<string, string> = {};
  let metadata = 0;
  for (const [name, value] of call.headers) {
    if (name.startsWith("x-amz-meta-")) metadata += name.length - "x-amz-meta-".length + value.length;
    else if (!STORED.includes(name)) continue;
    kept[name] = value;
  }
  if (metadata > MAX_METADATA) {
    throw new AwsError(
      "MetadataTooLarge",
      400,
      "Your metadata headers exceed the maximum allowed metadata size",
    );
  }
  const encoding = (kept["content-encoding"] ?? "").split(",").map((each) => each.trim());
  const real = encoding.filter((each) => each !== "" && each !== "aws-chunked").join(",");
  if (real === "") delete kept["content-encoding"];
  else kept["content-encoding"] = real;
  return { "content-type": "binary/octet-stream", ...kept };
}

/** What a write's headers ask for beyond bytes, checked for form. */
export interface WriteSettings {
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
  readonly tags: string | undefined;
}

/**
 * Reads a write's settings and demands every permission that they need.
 * @param creates value of `s3:ObjectCreationOperation`: does this call itself create the object?
 */
export function authorizeWrite(s3: S3, call: BucketCall, creates: boolean): WriteSettings {
  if (Buffer.byteLength(call.key) > MAX_KEY_BYTES) {
    throw new AwsError("KeyTooLongError", 400, "Your key is too long", {
      Size: String(Buffer.byteLength(call.key)),
      MaxSizeAllowed: String(MAX_KEY_BYTES),
    });
  }
  const { headers } = call;
  for (const name of headers.keys()) if (UNSUPPORTED.test(name)) throw notImplemented(name);
  const encryption = headers.get("x-amz-server-side-encryption");
  if (encryption !== undefined && encryption !== "AES256") {
    throw notImplemented("x-amz-server-side-encryption");
  }
  const storageClass = headers.get("x-amz-storage-class");
  if (storageClass !== undefined && storageClass !== "STANDARD") throw notImplemented("x-amz-storage-class");
  const retention = requestedRetention(call, call.bucket);
  const legalHold = requestedHold(call, call.bucket);
  const context = writeContext(call, retention, creates);
  demand(s3, call, "s3:PutObject", call.key, context);
  if (headers.has("if-match")) demand(s3, call, "s3:GetObject", call.key);
  if (retention !== undefined) demand(s3, call, "s3:PutObjectRetention", call.key, context);
  if (headers.has("x-amz-object-lock-legal-hold"))
    demand(s3, call, "s3:PutObjectLegalHold", call.key, context);
  const tags = headers.get("x-amz-tagging");
  if (tags !== undefined) demand(s3, call, "s3:PutObjectTagging", call.key, context);
  const acl = headers.get("x-amz-acl");
  if (acl !== undefined) demand(s3, call, "s3:PutObjectAcl", call.key, context);
  if (acl !== undefined && acl !== "private" && acl !== "bucket-owner-full-control") {
    throw new AwsError("AccessControlListNotSupported", 400, "The bucket does not allow ACLs");
  }
  return { retention, legalHold, tags };
}

const CONTEXT_HEADERS: Readonly<Record<string, string>> = {
  "if-none-match": "s3:if-none-match",
  "if-match": "s3:if-match",
  "x-amz-acl": "s3:x-amz-acl",
  "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
  "x-amz-storage-class": "s3:x-amz-storage-class",
  "x-amz-copy-source": "s3:x-amz-copy-source",
  "x-amz-metadata-directive": "s3:x-amz-metadata-directive",
};

function writeContext(
  call: Call,
  retention: Retention | undefined,
  creates: boolean,
): Record<string, ContextValue> {
  const hold = call.headers.get("x-amz-object-lock-legal-hold");
  const context: Record<string, ContextValue> = {
    "s3:ObjectCreationOperation": String(creates),
    ...lockContext(retention, hold, call.now),
  };
  for (const [header, name] of Object.entries(CONTEXT_HEADERS)) {
    const value = call.headers.get(header);
    if (value !== undefined) context[name] = value;
  }
  for (const [name, value] of new URLSearchParams(call.headers.get("x-amz-tagging") ?? "")) {
    context[`s3:RequestObjectTag/${name}`] = value;
  }
  return context;
}

/** The bytes of a new version and what is derived from them. */
export interface Content {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts?: readonly number[];
}

/** Puts a new current version on top, with the bucket's default retention where none was asked for. */
export function storeVersion(s3: S3, call: BucketCall, content: Content, settings: WriteSettings): Version {
  const { bucket, key } = call;
  const version: Version = {
    key,
    versionId: bucket.versioning === "Enabled" ? newVersionId(s3) : "null",
    sequence: s3.storage.nextSequence(),
    deleteMarker: false,
    modified: call.now,
    body: content.body,
    etag: content.etag,
    checksum: content.checksum,
    headers: content.headers,
    tags: settings.tags,
    retention: settings.retention ?? defaultRetention(bucket, call.now),
    legalHold: settings.legalHold,
    parts: content.parts,
    owner: call.caller?.principal.account ?? "anonymous",
  };
  s3.storage.putVersion(bucket.name, version);
  return version;
}

/** Headers that tell a writer what was stored. */
export function writtenHeaders(call: BucketCall, version: Version): Record<string, string> {
  const headers: Record<string, string> = { "x-amz-server-side-encryption": "AES256" };
  if (call.bucket.versioning !== undefined) headers["x-amz-version-id"] = version.versionId;
  if (version.checksum !== undefined) {
    headers[checksumHeader(version.checksum.algorithm)] = version.checksum.value;
    headers["x-amz-checksum-type"] = version.checksum.type;
  }
  return headers;
}

export function md5Tag(body: Uint8Array): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

export function putObject(s3: S3, call: BucketCall): Reply {
  const settings = authorizeWrite(s3, call, true);
  const locks = settings.retention ?? defaultRetention(call.bucket, call.now);
  const checksum = verifyBody(call.headers, call.body);
  if (
    locks !== undefined &&
    !call.headers.has("content-md5") &&
    !call.headers.has(checksumHeader(checksum.algorithm))
  ) {
    throw new AwsError(
      "InvalidRequest",
      400,
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  }
  checkWrite(call, call.key, s3.storage.versions(call.bucket.name, call.key)[0]);
  const content = { body: call.body, etag: md5Tag(call.body), checksum, headers: storedHeaders(call) };
  const version = storeVersion(s3, call, content, settings);
  return emptyReply(200, { etag: version.etag, ...writtenHeaders(call, version) });
}
