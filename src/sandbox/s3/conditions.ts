import { AwsError, type Call } from "../service.ts";
import type { Version } from "./model.ts";
import { notImplemented } from "./route.ts";

/** Conditional requests and byte ranges: RFC 9110 sections 13 and 14, as S3 has them. */

function failed(condition: string): AwsError {
  return new AwsError(
    "PreconditionFailed",
    412,
    "At least one of the pre-conditions you specified did not hold",
    { Condition: condition },
  );
}

/** Entity tags compare without their quotes: clients send them both ways. */
function matches(header: string, etag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^"|"$/g, "");
  return header.split(",").some((tag) => tag.trim() === "*" || bare(tag) === bare(etag));
}

function wholeSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1000) * 1000;
}

interface ConditionNames {
  readonly match: string;
  readonly noneMatch: string;
  readonly modified: string;
  readonly unmodified: string;
}

const READ: ConditionNames = {
  match: "if-match",
  noneMatch: "if-none-match",
  modified: "if-modified-since",
  unmodified: "if-unmodified-since",
};

const COPY_SOURCE: ConditionNames = {
  match: "x-amz-copy-source-if-match",
  noneMatch: "x-amz-copy-source-if-none-match",
  modified: "x-amz-copy-source-if-modified-since",
  unmodified: "x-amz-copy-source-if-unmodified-since",
};

/** @returns whether the version is unchanged for the client. @throws AwsError PreconditionFailed */
function unchanged({ headers }: Call, version: Version, names: ConditionNames): boolean {
  const match = headers.get(names.match);
  const noneMatch = headers.get(names.noneMatch);
  const modified = Date.parse(headers.get(names.modified) ?? "");
  const unmodified = Date.parse(headers.get(names.unmodified) ?? "");
  if (match !== undefined) {
    if (!matches(match, version.etag)) throw failed("If-Match");
  } else if (wholeSeconds(version.modified) > unmodified) {
    throw failed("If-Unmodified-Since");
  }
  if (noneMatch !== undefined) return matches(noneMatch, version.etag);
  return wholeSeconds(version.modified) <= modified;
}

/** @returns true where the answer is 304. @throws AwsError PreconditionFailed */
export function notModified(call: Call, version: Version): boolean {
  return unchanged(call, version, READ);
}

/** @throws AwsError PreconditionFailed */
export function checkCopySource(call: Call, version: Version): void {
  if (unchanged(call, version, COPY_SOURCE)) throw failed("x-amz-copy-source-If-None-Match");
}

/**
 * Conditional writes. `current` is the key's current version; a delete marker counts as none.
 * @throws AwsError PreconditionFailed; NoSuchKey for If-Match on nothing; NotImplemented for If-None-Match with a tag
 */
export function checkWrite(call: Call, key: string, current: Version | undefined): void {
  const noneMatch = call.headers.get("if-none-match");
  const match = call.headers.get("if-match");
  const exists = current !== undefined && !current.deleteMarker;
  if (noneMatch !== undefined) {
    if (noneMatch !== "*" || match !== undefined) throw notImplemented("If-None-Match");
    if (exists) throw failed("If-None-Match");
  }
  if (match === undefined) return;
  if (!exists) throw new AwsError("NoSuchKey", 404, "The specified key does not exist.", { Key: key });
  if (!matches(match, current.etag)) throw failed("If-Match");
}

export interface Range {
  readonly start: number;
  /** Last byte, included. */
  readonly end: number;
}

/**
 * The one range that the header asks for; `undefined` where there is none or S3 would ignore it.
 * @throws AwsError InvalidRange
 */
export function rangeOf(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, from = "", to = ""] = match ?? [];
  if (match === null || (from === "" && to === "")) return undefined;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(from) > Number(to)) return undefined;
  if (start >= size || (from === "" && Number(to) === 0)) {
    throw new AwsError("InvalidRange", 416, "The requested range is not satisfiable", {
      RangeRequested: header ?? "",
      ActualObjectSize: String(size),
    });
  }
  return { start, end };
}
