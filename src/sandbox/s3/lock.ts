import { AwsError, type Call } from "../service.ts";
import { childText, parseXml } from "../xml.ts";
import {
  type BucketCall,
  bodyText,
  demand,
  emptyReply,
  invalidArgument,
  may,
  type S3,
  xmlReply,
} from "./core.ts";
import type { Bucket, LockMode, Retention, Version } from "./model.ts";
import { pickVersion } from "./versions.ts";

/**
 * Object Lock: what may be deleted, and how retention may change.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */

const DAY_MS = 86_400_000;

function noLock(): AwsError {
  return new AwsError("InvalidRequest", 400, "Bucket is missing Object Lock Configuration");
}

function parseMode(text: string): LockMode {
  if (text === "COMPLIANCE" || text === "GOVERNANCE") return text;
  throw invalidArgument("x-amz-object-lock-mode", text, "Unknown wormMode directive.");
}

function parseUntil(text: string, now: Date): Date {
  const until = new Date(text);
  if (Number.isNaN(until.getTime()) || !/^\d{4}-/.test(text)) {
    throw invalidArgument(
      "x-amz-object-lock-retain-until-date",
      text,
      "The retain until date must be provided in ISO 8601 format",
    );
  }
  if (until.getTime() <= now.getTime()) {
    throw invalidArgument(
      "x-amz-object-lock-retain-until-date",
      text,
      "The retain until date must be in the future!",
    );
  }
  return until;
}

/** Retention that the request's headers ask for. @throws AwsError InvalidArgument, InvalidRequest */
export function requestedRetention(call: Call, bucket: Bucket): Retention | undefined {
  const mode = call.headers.get("x-amz-object-lock-mode");
  const until = call.headers.get("x-amz-object-lock-retain-until-date");
  if (mode === undefined && until === undefined) return undefined;
  if (bucket.objectLock === undefined) throw noLock();
  if (mode === undefined || until === undefined) {
    const missing = mode === undefined ? "x-amz-object-lock-mode" : "x-amz-object-lock-retain-until-date";
    throw invalidArgument(
      missing,
      "",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  }
  return { mode: parseMode(mode), until: parseUntil(until, call.now) };
}

/** Retention that the bucket gives by default to what is written at `now`. */
export function defaultRetention(bucket: Bucket, now: Date): Retention | undefined {
  const rule = bucket.objectLock?.retention;
  if (rule === undefined) return undefined;
  if (rule.unit === "Days") return { mode: rule.mode, until: new Date(now.getTime() + rule.amount * DAY_MS) };
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + rule.amount);
  return { mode: rule.mode, until };
}

/** Does the request ask for a legal hold? @throws AwsError InvalidArgument, InvalidRequest */
export function requestedHold(call: Call, bucket: Bucket): boolean {
  const status = call.headers.get("x-amz-object-lock-legal-hold");
  if (status === undefined) return false;
  if (bucket.objectLock === undefined) throw noLock();
  if (status !== "ON" && status !== "OFF") {
    throw invalidArgument(
      "x-amz-object-lock-legal-hold",
      status,
      "Legal Hold must be either of 'ON' or 'OFF'",
    );
  }
  return status === "ON";
}

/** Condition keys of Object Lock for a write that sets this retention. */
export function lockContext(retention: Retention | undefined, hold: string | undefined, now: Date) {
  const context: Record<string, string> = {};
  if (retention !== undefined) {
    context["s3:object-lock-mode"] = retention.mode;
    context["s3:object-lock-retain-until-date"] = retention.until.toISOString();
    const days = Math.ceil((retention.until.getTime() - now.getTime()) / DAY_MS);
    context["s3:object-lock-remaining-retention-days"] = String(days);
  }
  if (hold !== undefined) context["s3:object-lock-legal-hold"] = hold;
  return context;
}

/** Headers that tell of a version's lock. */
export function lockHeaders(version: Version): Record<string, string> {
  const headers: Record<string, string> = {};
  if (version.retention !== undefined) {
    headers["x-amz-object-lock-mode"] = version.retention.mode;
    headers["x-amz-object-lock-retain-until-date"] = version.retention.until.toISOString();
  }
  if (version.legalHold) headers["x-amz-object-lock-legal-hold"] = "ON";
  return headers;
}

function bypassAsked(call: Call): boolean {
  return call.headers.get("x-amz-bypass-governance-retention")?.toLowerCase() === "true";
}

/** Is retention in force now, and for this caller? */
function heldBy(s3: S3, call: BucketCall, version: Version): LockMode | undefined {
  const { retention } = version;
  if (retention === undefined || retention.until.getTime() <= call.now.getTime()) return undefined;
  if (retention.mode === "COMPLIANCE") return "COMPLIANCE";
  const bypassed = bypassAsked(call) && may(s3, call, "s3:BypassGovernanceRetention", version.key);
  return bypassed ? undefined : "GOVERNANCE";
}

/** @throws AwsError AccessDenied where a lock forbids to destroy this version */
export function checkDeletable(s3: S3, call: BucketCall, version: Version): void {
  if (version.deleteMarker) return;
  if (version.legalHold || heldBy(s3, call, version) !== undefined) {
    throw new AwsError("AccessDenied", 403, "Access Denied because object protected by object lock.");
  }
}

function lockedVersion(s3: S3, call: BucketCall): Version {
  const version = pickVersion(s3, call);
  if (call.bucket.objectLock === undefined) throw noLock();
  return version;
}

export function getObjectRetention(s3: S3, call: BucketCall) {
  demand(s3, call, "s3:GetObjectRetention", call.key);
  const { retention } = lockedVersion(s3, call);
  if (retention === undefined) throw noConfiguration(call);
  return xmlReply("Retention", { Mode: retention.mode, RetainUntilDate: retention.until.toISOString() });
}

function noConfiguration(call: BucketCall): AwsError {
  return new AwsError(
    "NoSuchObjectLockConfiguration",
    404,
    "The specified object does not have a ObjectLock configuration",
    { Key: call.key },
  );
}

export function putObjectRetention(s3: S3, call: BucketCall) {
  const root = parseXml(bodyText(call));
  const mode = childText(root, "Mode");
  const until = childText(root, "RetainUntilDate");
  if ((mode === undefined) !== (until === undefined)) throw malformedRetention();
  const wanted =
    mode === undefined || until === undefined
      ? undefined
      : { mode: parseMode(mode), until: parseUntil(until, call.now) };
  demand(s3, call, "s3:PutObjectRetention", call.key, lockContext(wanted, undefined, call.now));
  const version = lockedVersion(s3, call);
  if (version.retention !== undefined && !strengthens(version.retention, wanted)) {
    if (heldBy(s3, call, version) !== undefined) {
      throw new AwsError("AccessDenied", 403, "Access Denied because object protected by object lock.");
    }
  }
  s3.storage.putVersion(call.bucket.name, { ...version, retention: wanted });
  return emptyReply(200);
}

function malformedRetention(): AwsError {
  return new AwsError(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

/** Longer, and not from COMPLIANCE to GOVERNANCE: that much everybody with the permission may do. */
function strengthens(present: Retention, wanted: Retention | undefined): boolean {
  if (wanted === undefined || wanted.until.getTime() < present.until.getTime()) return false;
  return wanted.mode === present.mode || wanted.mode === "COMPLIANCE";
}

export function getObjectLegalHold(s3: S3, call: BucketCall) {
  demand(s3, call, "s3:GetObjectLegalHold", call.key);
  const version = lockedVersion(s3, call);
  return xmlReply("LegalHold", { Status: version.legalHold ? "ON" : "OFF" });
}

export function putObjectLegalHold(s3: S3, call: BucketCall) {
  const status = childText(parseXml(bodyText(call)), "Status");
  if (status !== "ON" && status !== "OFF") throw malformedRetention();
  demand(s3, call, "s3:PutObjectLegalHold", call.key, { "s3:object-lock-legal-hold": status });
  const version = lockedVersion(s3, call);
  s3.storage.putVersion(call.bucket.name, { ...version, legalHold: status === "ON" });
  return emptyReply(200);
}
