import { parsePolicy } from "../../policy/parse.ts";
import type { Policy } from "../../policy/types.ts";
import { AwsError, type Call, type Reply } from "../service.ts";
import { child, childText, parseXml, type XmlNode } from "../xml.ts";
import {
  accessDenied,
  type BucketCall,
  bodyText,
  canonicalId,
  demand,
  emptyReply,
  invalidArgument,
  type S3,
  s3Arn,
  xmlReply,
} from "./core.ts";
import type { Bucket, DefaultRetention } from "./model.ts";

/** Operations on buckets and their settings. */

const MAX_BUCKETS = 10_000;

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes("..") && !/^[\d.]+$/.test(name);
}

export function listBuckets(s3: S3, call: Call): Reply {
  const arn = s3Arn(call.region, "*");
  const account = call.caller?.principal.account;
  if (account === undefined) throw new AwsError("AccessDenied", 403, "Access Denied");
  const evaluation = s3.authorizer.authorize(call, "s3:ListAllMyBuckets", arn, {
    resourceAccount: account,
    resourcePolicies: [],
    context: {},
  });
  if (evaluation.verdict !== "allow") throw accessDenied(call, "s3:ListAllMyBuckets", arn, evaluation);
  const prefix = call.query.get("prefix") ?? "";
  const region = call.query.get("bucket-region") ?? undefined;
  const token = call.query.get("continuation-token") ?? "";
  const max = Math.min(Number(call.query.get("max-buckets") ?? MAX_BUCKETS), MAX_BUCKETS);
  if (!(max >= 1))
    throw invalidArgument(
      "max-buckets",
      String(max),
      "Argument max-buckets must be an integer between 1 and 10000",
    );
  const after = Buffer.from(token, "base64").toString();
  const found = s3.storage
    .buckets()
    .filter((bucket) => bucket.account === account && bucket.name.startsWith(prefix))
    .filter((bucket) => bucket.name > after && (region === undefined || bucket.region === region));
  const own = found.slice(0, max);
  const last = found.length > own.length ? own.at(-1) : undefined;
  return xmlReply("ListAllMyBucketsResult", {
    Owner: { ID: canonicalId(account) },
    Buckets: {
      Bucket: own.map((bucket) => ({
        Name: bucket.name,
        CreationDate: bucket.created.toISOString(),
        BucketRegion: bucket.region,
      })),
    },
    Prefix: prefix || undefined,
    ContinuationToken: last === undefined ? undefined : Buffer.from(last.name).toString("base64"),
  });
}

export function createBucket(s3: S3, call: Call, name: string): Reply {
  if (!isBucketName(name)) {
    throw new AwsError("InvalidBucketName", 400, "The specified bucket is not valid.", { BucketName: name });
  }
  const account = call.caller?.principal.account;
  if (account === undefined) throw new AwsError("AccessDenied", 403, "Access Denied");
  const constraint =
    call.body.length === 0 ? undefined : childText(parseXml(bodyText(call)), "LocationConstraint");
  const region = constraint === "EU" ? "eu-west-1" : constraint || "us-east-1";
  if (region !== call.region && call.region !== "us-east-1") {
    throw new AwsError(
      "IllegalLocationConstraintException",
      400,
      `The ${constraint ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  const locked = call.headers.get("x-amz-bucket-object-lock-enabled")?.toLowerCase() === "true";
  const arn = s3Arn(call.region, name);
  const context = constraint === undefined ? {} : { "s3:LocationConstraint": constraint };
  const actions = ["s3:CreateBucket"];
  if (locked) actions.push("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning");
  for (const action of actions) {
    const resource = { resourceAccount: account, resourcePolicies: [], context };
    const evaluation = s3.authorizer.authorize(call, action, arn, resource);
    if (evaluation.verdict !== "allow") throw accessDenied(call, action, arn, evaluation);
  }
  const present = s3.storage.bucket(name);
  if (present !== undefined && present.account !== account) {
    throw new AwsError(
      "BucketAlreadyExists",
      409,
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
      { BucketName: name },
    );
  }
  // In us-east-1 S3 answers a second creation by the owner as it did the first.
  if (present !== undefined && present.region === "us-east-1") {
    return emptyReply(200, { location: `/${name}` });
  }
  if (present !== undefined) {
    throw new AwsError(
      "BucketAlreadyOwnedByYou",
      409,
      "Your previous request to create the named bucket succeeded and you already own it.",
      { BucketName: name },
    );
  }
  s3.storage.putBucket({
    name,
    account,
    region,
    created: call.now,
    versioning: locked ? "Enabled" : undefined,
    objectLock: locked ? { retention: undefined } : undefined,
    policy: undefined,
  });
  return emptyReply(200, { location: `/${name}` });
}

export function deleteBucket(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:DeleteBucket", "");
  if (!s3.storage.isEmpty(call.bucket.name)) {
    throw new AwsError("BucketNotEmpty", 409, "The bucket you tried to delete is not empty", {
      BucketName: call.bucket.name,
    });
  }
  s3.storage.removeBucket(call.bucket.name);
  return emptyReply(204);
}

export function headBucket(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:ListBucket", "");
  return emptyReply(200, { "x-amz-bucket-region": call.bucket.region, "content-type": "application/xml" });
}

export function getBucketLocation(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:GetBucketLocation", "");
  const { region } = call.bucket;
  const reply = xmlReply("LocationConstraint", {});
  if (region === "us-east-1") return reply;
  return { ...reply, body: String(reply.body).replace("></", `>${region}</`) };
}

export function getBucketVersioning(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:GetBucketVersioning", "");
  return xmlReply("VersioningConfiguration", { Status: call.bucket.versioning });
}

export function putBucketVersioning(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:PutBucketVersioning", "");
  const root = parseXml(bodyText(call));
  const status = childText(root, "Status");
  if (root.name !== "VersioningConfiguration" || (status !== "Enabled" && status !== "Suspended")) {
    throw malformed();
  }
  if (status === "Suspended" && call.bucket.objectLock !== undefined) {
    throw new AwsError(
      "InvalidBucketState",
      409,
      "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
    );
  }
  s3.storage.putBucket({ ...call.bucket, versioning: status });
  return emptyReply(200);
}

function malformed(): AwsError {
  return new AwsError(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

export function getObjectLockConfiguration(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:GetBucketObjectLockConfiguration", "");
  const lock = call.bucket.objectLock;
  if (lock === undefined) {
    throw new AwsError(
      "ObjectLockConfigurationNotFoundError",
      404,
      "Object Lock configuration does not exist for this bucket",
      { BucketName: call.bucket.name },
    );
  }
  const { retention } = lock;
  const rule =
    retention === undefined
      ? undefined
      : { DefaultRetention: { Mode: retention.mode, [retention.unit]: retention.amount } };
  return xmlReply("ObjectLockConfiguration", { ObjectLockEnabled: "Enabled", Rule: rule });
}

function parseDefault(node: XmlNode): DefaultRetention {
  const mode = childText(node, "Mode");
  const days = childText(node, "Days");
  const years = childText(node, "Years");
  const amount = Number(days ?? years);
  if ((mode !== "COMPLIANCE" && mode !== "GOVERNANCE") || (days === undefined) === (years === undefined)) {
    throw malformed();
  }
  if (!Number.isInteger(amount) || amount < 1 || amount > (days === undefined ? 100 : 36_500)) {
    throw new AwsError("InvalidArgument", 400, "Default retention period must be a positive integer value.");
  }
  return { mode, unit: days === undefined ? "Years" : "Days", amount };
}

export function putObjectLockConfiguration(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:PutBucketObjectLockConfiguration", "");
  const root = parseXml(bodyText(call));
  if (root.name !== "ObjectLockConfiguration" || childText(root, "ObjectLockEnabled") !== "Enabled") {
    throw malformed();
  }
  if (call.bucket.versioning !== "Enabled") {
    throw new AwsError(
      "InvalidBucketState",
      409,
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  const rule = child(root, "Rule");
  const retention = rule === undefined ? undefined : child(rule, "DefaultRetention");
  if (rule !== undefined && retention === undefined) throw malformed();
  const objectLock = { retention: retention === undefined ? undefined : parseDefault(retention) };
  s3.storage.putBucket({ ...call.bucket, objectLock });
  return emptyReply(200);
}

/** Only the owner's account works on a bucket policy, whatever the policy says. */
function demandOwner(call: BucketCall): void {
  const account = call.caller?.principal.account;
  if (account !== undefined && account !== call.bucket.account) {
    throw new AwsError(
      "MethodNotAllowed",
      405,
      "The specified method is not allowed against this resource.",
      {
        Method: call.method,
        ResourceType: "BUCKETPOLICY",
      },
    );
  }
}

export function getBucketPolicy(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:GetBucketPolicy", "");
  demandOwner(call);
  const { policy } = call.bucket;
  if (policy === undefined) {
    throw new AwsError("NoSuchBucketPolicy", 404, "The bucket policy does not exist", {
      BucketName: call.bucket.name,
    });
  }
  return { status: 200, headers: { "content-type": "application/json" }, body: policy };
}

export function putBucketPolicy(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:PutBucketPolicy", "");
  demandOwner(call);
  const text = bodyText(call);
  checkBucketPolicy(text, call.bucket);
  s3.storage.putBucket({ ...call.bucket, policy: text });
  return emptyReply(204);
}

export function deleteBucketPolicy(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:DeleteBucketPolicy", "");
  demandOwner(call);
  s3.storage.putBucket({ ...call.bucket, policy: undefined });
  return emptyReply(204);
}

const MAX_POLICY_BYTES = 20 * 1024;

/** @throws AwsError MalformedPolicy, PolicyTooLarge */
function checkBucketPolicy(text: string, bucket: Bucket): void {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    throw new AwsError("PolicyTooLarge", 400, "The policy exceeds the maximum allowed document size.");
  }
  const bad = (message: string) => new AwsError("MalformedPolicy", 400, message);
  let policy: Policy;
  try {
    policy = parsePolicy(text, "resource");
  } catch (error) {
    throw bad(error instanceof Error ? error.message : "Invalid policy syntax.");
  }
  const own = s3Arn(bucket.region, bucket.name);
  for (const { resources, notResources } of policy.statements) {
    for (const arn of [...(resources ?? []), ...(notResources ?? [])]) {
      if (arn !== own && !arn.startsWith(`${own}/`) && !arn.startsWith(`${own}*`)) {
        throw bad("Policy has invalid resource");
      }
    }
  }
}
