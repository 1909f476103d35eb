import { AwsError, type Reply } from "../service.ts";
import { childText, parseXml, type XmlElements } from "../xml.ts";
import { verifyBody } from "./checksum.ts";
import { type BucketCall, bodyText, demand, emptyReply, type S3, xmlReply } from "./core.ts";
import { checkDeletable } from "./lock.ts";
import type { Version } from "./model.ts";
import { newVersionId, versionIdOf } from "./versions.ts";

/** DeleteObject and DeleteObjects: a version is destroyed, or a delete marker put on top. */

const MAX_DELETES = 1000;

interface Deleted {
  /** A delete marker was made, or was what the call destroyed. */
  readonly marker: boolean;
  /** Id of the version destroyed or of the marker made. */
  readonly versionId: string | undefined;
}

function removeOne(s3: S3, call: BucketCall): Deleted {
  const { bucket, key } = call;
  const id = versionIdOf(call);
  demand(s3, call, id === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion", key);
  const versions = s3.storage.versions(bucket.name, key);
  const match = call.headers.get("if-match");
  const target = id === undefined ? versions[0] : versions.find((each) => each.versionId === id);
  if (
    match !== undefined &&
    match !== "*" &&
    match.replaceAll('"', "") !== target?.etag.replaceAll('"', "")
  ) {
    throw new AwsError(
      "PreconditionFailed",
      412,
      "At least one of the pre-conditions you specified did not hold",
      {
        Condition: "If-Match",
      },
    );
  }
  if (id !== undefined) {
    if (target !== undefined) destroy(s3, call, target);
    return { marker: target?.deleteMarker ?? false, versionId: id };
  }
  if (bucket.versioning === undefined) {
    if (target !== undefined) destroy(s3, call, target);
    return { marker: false, versionId: undefined };
  }
  const versionId = bucket.versioning === "Enabled" ? newVersionId(s3) : "null";
  const replaced = versions.find((each) => each.versionId === versionId);
  if (replaced !== undefined) checkDeletable(s3, call, replaced);
  s3.storage.putVersion(bucket.name, {
    key,
    versionId,
    sequence: s3.storage.nextSequence(),
    deleteMarker: true,
    modified: call.now,
    body: new Uint8Array(),
    etag: "",
    checksum: undefined,
    headers: {},
    tags: undefined,
    retention: undefined,
    legalHold: false,
    parts: undefined,
    owner: call.caller?.principal.account ?? "anonymous",
  });
  return { marker: true, versionId };
}

function destroy(s3: S3, call: BucketCall, version: Version): void {
  checkDeletable(s3, call, version);
  s3.storage.removeVersion(call.bucket.name, version);
}

export function deleteObject(s3: S3, call: BucketCall): Reply {
  const { marker, versionId } = removeOne(s3, call);
  const headers: Record<string, string> = {};
  if (marker) headers["x-amz-delete-marker"] = "true";
  if (versionId !== undefined) headers["x-amz-version-id"] = versionId;
  return emptyReply(204, headers);
}

export function deleteObjects(s3: S3, call: BucketCall): Reply {
  const protectedBody =
    call.headers.has("content-md5") ||
    [...call.headers.keys()].some((name) => name.startsWith("x-amz-checksum-"));
  if (!protectedBody) {
    throw new AwsError("InvalidRequest", 400, "Missing required header for this request: Content-MD5");
  }
  verifyBody(call.headers, call.body);
  const root = parseXml(bodyText(call));
  const wanted = root.children.filter(({ name }) => name === "Object");
  if (root.name !== "Delete" || wanted.length === 0 || wanted.length > MAX_DELETES) {
    throw new AwsError(
      "MalformedXML",
      400,
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  const quiet = childText(root, "Quiet") === "true";
  const deleted: XmlElements[] = [];
  const errors: XmlElements[] = [];
  for (const entry of wanted) {
    const key = entry.children.find(({ name }) => name === "Key")?.text ?? "";
    const id = childText(entry, "VersionId") || undefined;
    const query = new URLSearchParams(id === undefined ? {} : { versionId: id });
    const headers = new Map(call.headers);
    headers.delete("if-match");
    const etag = childText(entry, "ETag");
    if (etag !== undefined) headers.set("if-match", etag);
    try {
      const { marker, versionId } = removeOne(s3, { ...call, key, query, headers });
      if (quiet) continue;
      deleted.push({
        Key: key,
        VersionId: id,
        DeleteMarker: marker ? true : undefined,
        DeleteMarkerVersionId: marker ? versionId : undefined,
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ Key: key, VersionId: id, Code: error.code, Message: error.message });
    }
  }
  return xmlReply("DeleteResult", { Deleted: deleted, Error: errors });
}
