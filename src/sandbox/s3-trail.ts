import type { Trail } from "./cloudtrail.ts";
import { operationOf, targetOf } from "./s3/route.ts";
import { AwsError, type Call, type Service } from "./service.ts";

/** Changes of a bucket's configuration, by S3's operation, under CloudTrail's name for them. */
const EVENTS: Readonly<Record<string, string>> = {
  CreateBucket: "CreateBucket",
  DeleteBucket: "DeleteBucket",
  PutBucketPolicy: "PutBucketPolicy",
  DeleteBucketPolicy: "DeleteBucketPolicy",
  PutBucketVersioning: "PutBucketVersioning",
  PutObjectLockConfiguration: "PutBucketObjectLockConfiguration",
};

/** Records bucket configuration in the trail. Objects are data events, which CloudTrail leaves out by default. */
export function recordedS3(service: Service, trail: Trail): Service {
  return {
    async handle(call) {
      const change = changeOf(call);
      if (change === undefined) return service.handle(call);
      const event = {
        call,
        source: "s3.amazonaws.com",
        name: change.name,
        parameters: { bucketName: change.bucket },
        resources: [{ type: "AWS::S3::Bucket", name: `arn:aws:s3:::${change.bucket}` }],
        readOnly: false,
      } as const;
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

function changeOf(call: Call): { readonly name: string; readonly bucket: string } | undefined {
  if (call.method !== "PUT" && call.method !== "DELETE") return undefined;
  const target = targetOf(call);
  if (target.bucket === undefined || (target.key ?? "") !== "") return undefined;
  const name = EVENTS[operationOf(call, { bucket: target.bucket, key: undefined })];
  return name === undefined ? undefined : { name, bucket: target.bucket };
}
