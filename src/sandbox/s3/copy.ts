import { AwsError, type Reply } from "../service.ts";
import { checksumElement, computeChecksum, parseAlgorithm } from "./checksum.ts";
import { checkCopySource, checkWrite } from "./conditions.ts";
import { type BucketCall, demand, invalidArgument, type S3, xmlReply } from "./core.ts";
import type { Version } from "./model.ts";
import { pickVersion } from "./versions.ts";
import { authorizeWrite, md5Tag, storedHeaders, storeVersion, writtenHeaders } from "./write.ts";

/** CopyObject. */

/** A request that reads what `x-amz-copy-source` names, in place of the destination. */
export function sourceCall(s3: S3, call: BucketCall): BucketCall {
  const header = call.headers.get("x-amz-copy-source") ?? "";
  const [path = "", parameters = ""] = header.split("?");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw invalidArgument("x-amz-copy-source", header, "Invalid copy source encoding.");
  }
  const slash = decoded.indexOf("/");
  if (slash < 1 || slash === decoded.length - 1) {
    throw invalidArgument("x-amz-copy-source", header, "Invalid copy source object key");
  }
  const name = decoded.slice(0, slash);
  const bucket = s3.storage.bucket(name);
  if (bucket === undefined) {
    throw new AwsError("NoSuchBucket", 404, "The specified bucket does not exist", { BucketName: name });
  }
  const owner = call.headers.get("x-amz-source-expected-bucket-owner");
  if (owner !== undefined && owner !== bucket.account)
    throw new AwsError("AccessDenied", 403, "Access Denied");
  return { ...call, bucket, key: decoded.slice(slash + 1), query: new URLSearchParams(parameters) };
}

/** The version to copy, if the caller may read it and its conditions hold. */
export function readSource(s3: S3, call: BucketCall): Version {
  const source = sourceCall(s3, call);
  demand(s3, source, source.query.has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject", source.key);
  const version = pickVersion(s3, source);
  checkCopySource(call, version);
  return version;
}

export function copyObject(s3: S3, call: BucketCall): Reply {
  const settings = authorizeWrite(s3, call, true);
  const source = readSource(s3, call);
  const replace = call.headers.get("x-amz-metadata-directive") === "REPLACE";
  const same = sourceCall(s3, call);
  if (
    !replace &&
    same.bucket.name === call.bucket.name &&
    same.key === call.key &&
    !same.query.has("versionId")
  ) {
    throw new AwsError(
      "InvalidRequest",
      400,
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  checkWrite(call, call.key, s3.storage.versions(call.bucket.name, call.key)[0]);
  const asked = call.headers.get("x-amz-checksum-algorithm");
  const algorithm = asked === undefined ? (source.checksum?.algorithm ?? "CRC64NVME") : parseAlgorithm(asked);
  const value = computeChecksum(algorithm, source.body);
  const version = storeVersion(
    s3,
    call,
    {
      body: source.body,
      etag: md5Tag(source.body),
      checksum: { algorithm, value, type: "FULL_OBJECT" },
      headers: replace ? storedHeaders(call) : source.headers,
    },
    { ...settings, tags: settings.tags ?? source.tags },
  );
  const headers = writtenHeaders(call, version);
  if (same.bucket.versioning !== undefined) headers["x-amz-copy-source-version-id"] = source.versionId;
  return xmlReply(
    "CopyObjectResult",
    {
      ETag: version.etag,
      LastModified: version.modified.toISOString(),
      ChecksumType: "FULL_OBJECT",
      [checksumElement(algorithm)]: value,
    },
    headers,
  );
}
