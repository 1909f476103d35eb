import { AwsError } from "../service.ts";
import { type BucketCall, invalidArgument, may, type S3 } from "./core.ts";
import type { Version } from "./model.ts";

/** Finding one version of an object, and S3's several ways to say that there is none. */

const VERSION_ID = /^(null|[A-Za-z0-9._-]{1,1024})$/;

/** The version id of the query; `undefined` for the current version. @throws AwsError InvalidArgument */
export function versionIdOf(call: BucketCall): string | undefined {
  const id = call.query.get("versionId");
  if (id === null) return undefined;
  if (!VERSION_ID.test(id)) throw invalidArgument("versionId", id, "Invalid version id specified");
  return id;
}

/** A fresh version id in the alphabet of S3's. */
export function newVersionId(s3: S3): string {
  return Buffer.from(s3.random(24)).toString("base64url").replace(/-/g, ".");
}

/**
 * What a caller without s3:ListBucket is told of a key that is not there: nothing.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Permissions)
 */
function missing(s3: S3, call: BucketCall, error: AwsError): AwsError {
  if (may(s3, call, "s3:ListBucket", "")) return error;
  return new AwsError("AccessDenied", 403, "Access Denied");
}

/**
 * The version that the request names, which may not be a delete marker.
 * @throws AwsError NoSuchKey, NoSuchVersion, MethodNotAllowed, AccessDenied
 */
export function pickVersion(s3: S3, call: BucketCall): Version {
  const versions = s3.storage.versions(call.bucket.name, call.key);
  const id = versionIdOf(call);
  const version = id === undefined ? versions[0] : versions.find((each) => each.versionId === id);
  if (version === undefined && id !== undefined) {
    const detail = { Key: call.key, VersionId: id };
    const error = new AwsError("NoSuchVersion", 404, "The specified version does not exist.", detail);
    throw missing(s3, call, error);
  }
  const noKey = { Key: call.key };
  if (version === undefined) {
    throw missing(s3, call, new AwsError("NoSuchKey", 404, "The specified key does not exist.", noKey));
  }
  if (!version.deleteMarker) return version;
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": version.versionId };
  if (id === undefined) {
    const detail = { ...noKey, ...headers };
    throw missing(s3, call, new AwsError("NoSuchKey", 404, "The specified key does not exist.", detail));
  }
  throw new AwsError("MethodNotAllowed", 405, "The specified method is not allowed against this resource.", {
    Method: call.method,
    ResourceType: "DeleteMarker",
    allow: "DELETE",
    "last-modified": version.modified.toUTCString(),
    ...headers,
  });
}
