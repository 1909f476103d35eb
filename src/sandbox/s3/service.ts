import {
  type Authorizer,
  AwsError,
  type BucketSeed,
  type Call,
  type Reply,
  type Service,
} from "../service.ts";
import * as buckets from "./buckets.ts";
import { computeChecksum } from "./checksum.ts";
import { copyObject } from "./copy.ts";
import type { BucketCall, S3 } from "./core.ts";
import { deleteObject, deleteObjects } from "./delete.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./list.ts";
import * as lock from "./lock.ts";
import type { Shelf } from "./model.ts";
import { Uploads } from "./multipart.ts";
import { getObject } from "./read.ts";
import { operationOf, targetOf } from "./route.ts";
import { Storage } from "./storage.ts";
import { newVersionId } from "./versions.ts";
import { md5Tag, putObject } from "./write.ts";

export interface S3Options {
  readonly authorizer: Authorizer;
  readonly shelf: Shelf;
  readonly random: (size: number) => Uint8Array;
}

/** S3 with its buckets: answers calls, and takes what a new sandbox starts with. */
export interface S3Service extends Service {
  readonly seed: BucketSeed;
}

type Operation = (s3: S3, call: BucketCall) => Reply;

function operations(uploads: Uploads): Readonly<Record<string, Operation>> {
  return {
    DeleteBucket: buckets.deleteBucket,
    HeadBucket: buckets.headBucket,
    GetBucketLocation: buckets.getBucketLocation,
    GetBucketPolicy: buckets.getBucketPolicy,
    PutBucketPolicy: buckets.putBucketPolicy,
    DeleteBucketPolicy: buckets.deleteBucketPolicy,
    GetBucketVersioning: buckets.getBucketVersioning,
    PutBucketVersioning: buckets.putBucketVersioning,
    GetObjectLockConfiguration: buckets.getObjectLockConfiguration,
    PutObjectLockConfiguration: buckets.putObjectLockConfiguration,
    ListObjects: listObjects,
    ListObjectsV2: listObjectsV2,
    ListObjectVersions: listObjectVersions,
    PutObject: putObject,
    GetObject: getObject,
    HeadObject: getObject,
    CopyObject: copyObject,
    DeleteObject: deleteObject,
    DeleteObjects: deleteObjects,
    GetObjectRetention: lock.getObjectRetention,
    PutObjectRetention: lock.putObjectRetention,
    GetObjectLegalHold: lock.getObjectLegalHold,
    PutObjectLegalHold: lock.putObjectLegalHold,
    CreateMultipartUpload: (s3, call) => uploads.create(s3, call),
    UploadPart: (s3, call) => uploads.uploadPart(s3, call),
    UploadPartCopy: (s3, call) => uploads.uploadPartCopy(s3, call),
    CompleteMultipartUpload: (s3, call) => uploads.complete(s3, call),
    AbortMultipartUpload: (s3, call) => uploads.abort(s3, call),
    ListParts: (s3, call) => uploads.listParts(s3, call),
    ListMultipartUploads: (s3, call) => uploads.list(s3, call),
  };
}

export function createS3({ authorizer, shelf, random }: S3Options): S3Service {
  const s3: S3 = { storage: new Storage(shelf), authorizer, random };
  const table = operations(new Uploads());
  return {
    seed: seedOf(s3),
    handle(call) {
      const { bucket: name, key = "" } = targetOf(call);
      const operation = operationOf(call, { bucket: name, key: key || undefined });
      if (name === undefined) return buckets.listBuckets(s3, call);
      if (operation === "CreateBucket") return buckets.createBucket(s3, call, name);
      const bucket = s3.storage.bucket(name);
      if (bucket === undefined) {
        throw new AwsError("NoSuchBucket", 404, "The specified bucket does not exist", { BucketName: name });
      }
      checkRegion(call, bucket.region, name);
      const owner = call.headers.get("x-amz-expected-bucket-owner");
      if (owner !== undefined && owner !== bucket.account) {
        throw new AwsError("AccessDenied", 403, "Access Denied");
      }
      const run = table[operation];
      if (run === undefined) throw new AwsError("NotImplemented", 501, `${operation} is not implemented`);
      return run(s3, { ...call, bucket, key });
    },
  };
}

/** S3 answers a request for another region's bucket with where it is; HEAD has only the header. */
function checkRegion(call: Call, region: string, bucket: string): void {
  if (call.caller === undefined || call.region === region) return;
  throw new AwsError(
    "PermanentRedirect",
    301,
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    {
      Endpoint: `${bucket}.s3.${region}.amazonaws.com`,
      Bucket: bucket,
      "x-amz-bucket-region": region,
    },
  );
}

function seedOf(s3: S3): BucketSeed {
  return {
    hasBucket: (name) => s3.storage.bucket(name) !== undefined,
    ownerOf: (name) => s3.storage.bucket(name)?.account,
    createBucket(name, { account, region, created, versioning, objectLock, policy }) {
      if (s3.storage.bucket(name) !== undefined) return;
      const retention =
        objectLock === undefined
          ? undefined
          : ({ mode: objectLock.mode, unit: "Days", amount: objectLock.days } as const);
      s3.storage.putBucket({
        name,
        account,
        region,
        created,
        versioning: versioning || objectLock !== undefined ? "Enabled" : undefined,
        objectLock: objectLock === undefined ? undefined : { retention },
        policy,
      });
    },
    tamper(bucket, key, remove) {
      const [version] = s3.storage.bucket(bucket) === undefined ? [] : s3.storage.versions(bucket, key);
      if (version === undefined || version.body.length === 0) return false;
      if (remove) {
        s3.storage.removeVersion(bucket, version);
        return true;
      }
      const body = Uint8Array.from(version.body);
      const middle = body.length >> 1;
      body[middle] = (body[middle] ?? 0) ^ 1;
      const { checksum } = version;
      const again =
        checksum === undefined
          ? undefined
          : { ...checksum, value: computeChecksum(checksum.algorithm, body) };
      s3.storage.putVersion(bucket, { ...version, body, etag: md5Tag(body), checksum: again });
      return true;
    },
    putObject(bucket, key, content, modified, metadata = {}) {
      const body = typeof content === "string" ? Buffer.from(content) : content;
      const settings = s3.storage.bucket(bucket);
      s3.storage.putVersion(bucket, {
        key,
        versionId: settings?.versioning === "Enabled" ? newVersionId(s3) : "null",
        sequence: s3.storage.nextSequence(),
        deleteMarker: false,
        modified,
        body,
        etag: md5Tag(body),
        checksum: { algorithm: "CRC64NVME", value: computeChecksum("CRC64NVME", body), type: "FULL_OBJECT" },
        headers: {
          "content-type": "binary/octet-stream",
          ...Object.fromEntries(
            Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
          ),
        },
        tags: undefined,
        retention: undefined,
        legalHold: false,
        parts: undefined,
        owner: settings?.account ?? "",
      });
    },
  };
}
