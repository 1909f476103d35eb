import type { Trail } from "./cloudtrail.ts";
import { operationOf, targetOf } from "./s3/route.ts";
import { AwsError, type Call, type Service } from "./service.ts";
import type { TrailEvent } from "./trail-record.ts";

/** Changes of a bucket's configuration, by S3's operation, under CloudTrail's name for them. */
const EVENTS: Readonly<Record<string, string>> = {
  CreateBucket: "CreateBucket",
  DeleteBucket: "DeleteBucket",
  PutBucketPolicy: "PutBucketPolicy",
  DeleteBucketPolicy: "DeleteBucketPolicy",
  PutBucketVersioning: "PutBucketVersioning",
  PutObjectLockConfiguration: "PutBucketObjectLockConfiguration",
};

/** Calls on objects and listings, under CloudTrail's name for them, and whether they read. */
const OBJECT_EVENTS: Readonly<Record<string, { readonly name: string; readonly readOnly: boolean }>> = {
  GetObject: { name: "GetObject", readOnly: true },
  HeadObject: { name: "HeadObject", readOnly: true },
  PutObject: { name: "PutObject", readOnly: false },
  CopyObject: { name: "CopyObject", readOnly: false },
  DeleteObject: { name: "DeleteObject", readOnly: false },
  ListObjects: { name: "ListObjects", readOnly: true },
  ListObjectsV2: { name: "ListObjects", readOnly: true },
  ListObjectVersions: { name: "ListObjectVersions", readOnly: true },
};

/** Whose a bucket is. */
export type BucketOwner = (bucket: string) => string | undefined;

/** Records bucket configuration in the trail, and objects where the trail asks for data events: by default none does. */
export function recordedS3(service: Service, trail: Trail, ownerOf: BucketOwner): Service {
  return {
    async handle(call) {
      const event = changeOf(call, ownerOf) ?? objectEventOf(call, trail, ownerOf);
      if (event === undefined) return service.handle(call);
      try {
        const reply = await service.handle(call);
        trail.record(event);
        return reply;
      } catch (error) {
        if (error instanceof AwsError) trail.record({ ...event, error });
        throw error;
      }
    },
  };
}

function changeOf(call: Call, ownerOf: BucketOwner): TrailEvent | undefined {
  if (call.method !== "PUT" && call.method !== "DELETE") return undefined;
  const target = targetOf(call);
  if (target.bucket === undefined || (target.key ?? "") !== "") return undefined;
  const name = EVENTS[operationOf(call, { bucket: target.bucket, key: undefined })];
  if (name === undefined) return undefined;
  return {
    call,
    name,
    source: "s3.amazonaws.com",
    parameters: { bucketName: target.bucket, Host: call.headers.get("host") ?? "" },
    resources: [{ type: "AWS::S3::Bucket", name: `arn:aws:s3:::${target.bucket}` }],
    readOnly: false,
    owner: ownerOf(target.bucket),
  };
}

function objectEventOf(call: Call, trail: Trail, ownerOf: BucketOwner): TrailEvent | undefined {
  const { bucket, key = "" } = targetOf(call);
  if (bucket === undefined) return undefined;
  const arn = `arn:aws:s3:::${bucket}/${key}`;
  if (!trail.wantsObject(arn)) return undefined;
  const operation = OBJECT_EVENTS[operationOf(call, { bucket, key: key || undefined })];
  if (operation === undefined) return undefined;
  const object = key === "" ? [] : [{ type: "AWS::S3::Object", name: arn }];
  return {
    call,
    ...operation,
    source: "s3.amazonaws.com",
    parameters: {
      bucketName: bucket,
      Host: call.headers.get("host") ?? "",
      ...(key === "" ? { prefix: call.query.get("prefix") ?? "" } : { key }),
    },
    resources: [...object, { type: "AWS::S3::Bucket", name: `arn:aws:s3:::${bucket}` }],
    owner: ownerOf(bucket),
    isData: true,
  };
}
