import { AwsError, type Reply } from "../service.ts";
import { checksumHeader } from "./checksum.ts";
import { notModified, rangeOf } from "./conditions.ts";
import { type BucketCall, demand, emptyReply, invalidArgument, type S3 } from "./core.ts";
import { lockHeaders } from "./lock.ts";
import type { Version } from "./model.ts";
import { notImplemented } from "./route.ts";
import { pickVersion } from "./versions.ts";

/** GetObject and HeadObject. */

const OVERRIDES: Readonly<Record<string, string>> = {
  "response-content-type": "content-type",
  "response-content-language": "content-language",
  "response-expires": "expires",
  "response-cache-control": "cache-control",
  "response-content-disposition": "content-disposition",
  "response-content-encoding": "content-encoding",
};

function objectHeaders(call: BucketCall, version: Version): Record<string, string> {
  const headers: Record<string, string> = {
    ...version.headers,
    etag: version.etag,
    "last-modified": version.modified.toUTCString(),
    "accept-ranges": "bytes",
    "x-amz-server-side-encryption": "AES256",
    ...lockHeaders(version),
  };
  if (call.bucket.versioning !== undefined) headers["x-amz-version-id"] = version.versionId;
  if (version.tags !== undefined) {
    headers["x-amz-tagging-count"] = String(new URLSearchParams(version.tags).size);
  }
  for (const [parameter, header] of Object.entries(OVERRIDES)) {
    const value = call.query.get(parameter);
    if (value === null) continue;
    if (call.caller === undefined) {
      throw new AwsError(
        "InvalidRequest",
        400,
        "Request specific response headers cannot be used for anonymous GET requests.",
      );
    }
    if (!/^[\x20-\x7e]*$/.test(value)) {
      throw invalidArgument(parameter, value, "Header value cannot be represented using ISO-8859-1.");
    }
    headers[header] = value;
  }
  return headers;
}

function checksumHeaders(call: BucketCall, version: Version): Record<string, string> {
  const wanted = call.headers.get("x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  if (!wanted || version.checksum === undefined) return {};
  const { algorithm, value, type } = version.checksum;
  return { [checksumHeader(algorithm)]: value, "x-amz-checksum-type": type };
}

/** GetObject; for HeadObject the server leaves out the body and keeps its length. */
export function getObject(s3: S3, call: BucketCall): Reply {
  if (call.headers.has("x-amz-server-side-encryption-customer-algorithm")) {
    throw notImplemented("x-amz-server-side-encryption-customer-algorithm");
  }
  demand(s3, call, call.query.has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject", call.key);
  const version = pickVersion(s3, call);
  const headers = objectHeaders(call, version);
  if (notModified(call, version)) {
    const { "content-type": _, ...rest } = headers;
    return emptyReply(304, rest);
  }
  const range = rangeOf(call.headers.get("range"), version.body.length);
  if (range === undefined) {
    return { status: 200, headers: { ...headers, ...checksumHeaders(call, version) }, body: version.body };
  }
  const { start, end } = range;
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${start}-${end}/${version.body.length}` },
    body: version.body.subarray(start, end + 1),
  };
}
