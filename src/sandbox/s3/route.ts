import { isIP } from "node:net";
import { AwsError, type Call } from "../service.ts";

/** Which of S3's operations a request asks for, by method, path, host, query and headers. */

type RequestLine = Pick<Call, "method" | "path" | "query" | "headers">;

/** Bucket and key of a request, decoded; `undefined` where it names none. */
export interface Target {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
}

/** The bucket of a virtual-host style Host header: `name.localhost`, `name.s3.localhost`. */
function hostBucket(host: string | undefined): string | undefined {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (isIP(name) !== 0 || name.startsWith("[")) return undefined;
  return /^(.+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost$/.exec(name)?.[1]?.replace(/^s3$/, "") || undefined;
}

/** @throws AwsError InvalidURI */
export function targetOf(call: RequestLine): Target {
  let path: string;
  try {
    path = decodeURIComponent(call.path);
  } catch {
    throw new AwsError("InvalidURI", 400, "Couldn't parse the specified URI.", { URI: call.path });
  }
  const fromHost = hostBucket(call.headers.get("host"));
  if (fromHost !== undefined) return { bucket: fromHost, key: path.slice(1) || undefined };
  const slash = path.indexOf("/", 1);
  if (slash < 0) return { bucket: path.slice(1) || undefined, key: undefined };
  return { bucket: path.slice(1, slash) || undefined, key: path.slice(slash + 1) || undefined };
}

const BUCKET_OPERATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  location: { GET: "GetBucketLocation" },
  policy: { GET: "GetBucketPolicy", PUT: "PutBucketPolicy", DELETE: "DeleteBucketPolicy" },
  versioning: { GET: "GetBucketVersioning", PUT: "PutBucketVersioning" },
  "object-lock": { GET: "GetObjectLockConfiguration", PUT: "PutObjectLockConfiguration" },
  versions: { GET: "ListObjectVersions" },
  uploads: { GET: "ListMultipartUploads" },
  delete: { POST: "DeleteObjects" },
};

const OBJECT_OPERATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  retention: { GET: "GetObjectRetention", PUT: "PutObjectRetention" },
  "legal-hold": { GET: "GetObjectLegalHold", PUT: "PutObjectLegalHold" },
  uploads: { POST: "CreateMultipartUpload" },
  uploadId: {
    PUT: "UploadPart",
    POST: "CompleteMultipartUpload",
    DELETE: "AbortMultipartUpload",
    GET: "ListParts",
  },
};

/** Sub-resources of S3 that this sandbox does not have. */
const UNSUPPORTED = (
  "abac accelerate acl analytics annotation append attributes cors encryption intelligent-tiering inventory " +
  "lifecycle logging metadataAnnotationTable metadataConfiguration metadataInventoryTable " +
  "metadataJournalTable metadataTable metrics notification ownershipControls partNumber policyStatus " +
  "publicAccessBlock renameObject replication requestPayment restore select session tagging torrent website"
).split(" ");

/**
 * The API's name of the operation, e.g. `PutObject`.
 * @throws AwsError NotImplemented for what the sandbox does not have, MethodNotAllowed for what S3 does not have
 */
export function operationOf(call: RequestLine, { bucket, key }: Target): string {
  const { method, query, headers } = call;
  if (bucket === undefined) {
    if (method === "GET" && key === undefined) return "ListBuckets";
    throw notAllowed(method);
  }
  const table = key === undefined ? BUCKET_OPERATIONS : OBJECT_OPERATIONS;
  for (const [name, methods] of Object.entries(table)) {
    if (!query.has(name)) continue;
    const operation = methods[method];
    if (operation === undefined) throw notAllowed(method);
    if (operation === "UploadPart" && headers.has("x-amz-copy-source")) return "UploadPartCopy";
    return operation;
  }
  if (UNSUPPORTED.some((name) => query.has(name))) throw notImplemented();
  return key === undefined ? bucketOperation(method, query) : objectOperation(method, headers);
}

function bucketOperation(method: string, query: URLSearchParams): string {
  switch (method) {
    case "GET":
      return query.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects";
    case "HEAD":
      return "HeadBucket";
    case "PUT":
      return "CreateBucket";
    case "DELETE":
      return "DeleteBucket";
    case "POST":
      throw notImplemented();
    default:
      throw notAllowed(method);
  }
}

function objectOperation(method: string, headers: ReadonlyMap<string, string>): string {
  switch (method) {
    case "GET":
      return "GetObject";
    case "HEAD":
      return "HeadObject";
    case "PUT":
      return headers.has("x-amz-copy-source") ? "CopyObject" : "PutObject";
    case "DELETE":
      return "DeleteObject";
    case "OPTIONS":
      throw notImplemented();
    default:
      throw notAllowed(method);
  }
}

function notAllowed(method: string): AwsError {
  return new AwsError("MethodNotAllowed", 405, "The specified method is not allowed against this resource.", {
    Method: method,
  });
}

/** S3's answer to what it does not have. `header` names the request header that asks for it. */
export function notImplemented(header?: string): AwsError {
  return new AwsError(
    "NotImplemented",
    501,
    "A header you provided implies functionality that is not implemented",
    header === undefined ? {} : { Header: header },
  );
}
