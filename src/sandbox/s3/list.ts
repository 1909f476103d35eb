import { createHash } from "node:crypto";
import type { ContextValue } from "../../policy/types.ts";
import type { Reply } from "../service.ts";
import { encodeRfc3986 } from "../sigv4.ts";
import type { XmlElements } from "../xml.ts";
import { type BucketCall, canonicalId, demand, invalidArgument, type S3, xmlReply } from "./core.ts";
import type { Version } from "./model.ts";
import { compareKeys } from "./storage.ts";

/** ListObjectsV2, ListObjects and ListObjectVersions: keys in UTF-8 order, at most 1,000 a page. */

const PAGE = 1000;

interface Paging {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly maxKeys: number;
  /** Writes a key as the client wants it. */
  readonly encode: (key: string) => string;
  readonly encoding: "url" | undefined;
}

function pagingOf({ query }: BucketCall): Paging {
  const max = query.get("max-keys") ?? String(PAGE);
  if (!/^\d{1,10}$/.test(max)) {
    throw invalidArgument("max-keys", max, "Provided max-keys not an integer or within integer range");
  }
  const encoding = query.get("encoding-type") ?? undefined;
  if (encoding !== undefined && encoding !== "url") {
    throw invalidArgument("encoding-type", encoding, "Invalid Encoding Method specified in Request");
  }
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") || undefined,
    maxKeys: Math.min(Number(max), PAGE),
    encode: encoding === "url" ? urlEncode : (key) => key,
    encoding,
  };
}

/** S3's own URL encoding of keys: a space is a plus, slashes stay. */
function urlEncode(key: string): string {
  return encodeRfc3986(key).replaceAll("%20", "+").replaceAll("%2F", "/").replaceAll("%2A", "*");
}

function listContext({ query }: BucketCall): Record<string, ContextValue> {
  const context: Record<string, ContextValue> = {};
  for (const name of ["prefix", "delimiter", "max-keys"]) {
    const value = query.get(name);
    if (value !== null) context[`s3:${name}`] = value;
  }
  return context;
}

/** One thing of a page: an object's versions, or a common prefix. */
type Item =
  | { readonly prefix: string }
  | { readonly prefix: undefined; readonly key: string; readonly versions: readonly Version[] };

/**
 * Keys with the prefix, common prefixes rolled up, in order.
 * @param after keys up to and including this one are left out, and so is a common prefix equal to it
 * @param including start at `after` itself
 */
function* items(
  s3: S3,
  bucket: string,
  { prefix, delimiter }: Paging,
  after: string,
  including: boolean,
  visible: (versions: readonly Version[]) => boolean,
): Generator<Item> {
  let last: string | undefined;
  const from = compareKeys(after, prefix) > 0 ? after : prefix;
  for (const key of s3.storage.keysFrom(bucket, from)) {
    if (!key.startsWith(prefix)) return;
    if (!including && after !== "" && key === after) continue;
    const versions = s3.storage.versions(bucket, key);
    if (!visible(versions)) continue;
    const at = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    if (at < 0 || delimiter === undefined) {
      yield { prefix: undefined, key, versions };
      continue;
    }
    const common = key.slice(0, at + delimiter.length);
    if (common === last || (common === after && !including)) continue;
    last = common;
    yield { prefix: common };
  }
}

function isCurrent(versions: readonly Version[]): boolean {
  return versions[0] !== undefined && !versions[0].deleteMarker;
}

function owner(version: Version): XmlElements {
  return { ID: canonicalId(version.owner) };
}

function checksumOf({ checksum }: Version): XmlElements {
  return { ChecksumAlgorithm: checksum?.algorithm, ChecksumType: checksum?.type };
}

interface Page {
  readonly contents: readonly Version[];
  readonly prefixes: readonly string[];
  /** Last key or common prefix of the page, where more follow. */
  readonly next: string | undefined;
}

function page(s3: S3, call: BucketCall, paging: Paging, after: string): Page {
  const contents: Version[] = [];
  const prefixes: string[] = [];
  let last = "";
  if (paging.maxKeys === 0) return { contents, prefixes, next: undefined };
  for (const item of items(s3, call.bucket.name, paging, after, false, isCurrent)) {
    if (contents.length + prefixes.length === paging.maxKeys) return { contents, prefixes, next: last };
    const [current] = item.prefix === undefined ? item.versions : [];
    if (item.prefix !== undefined) prefixes.push(item.prefix);
    else if (current !== undefined) contents.push(current);
    last = item.prefix ?? current?.key ?? last;
  }
  return { contents, prefixes, next: undefined };
}

function contentsXml({ contents }: Page, { encode }: Paging, withOwner: boolean): XmlElements[] {
  return contents.map((version) => ({
    Key: encode(version.key),
    LastModified: version.modified.toISOString(),
    ETag: version.etag,
    ...checksumOf(version),
    Size: version.body.length,
    Owner: withOwner ? owner(version) : undefined,
    StorageClass: "STANDARD",
  }));
}

function prefixesXml(prefixes: readonly string[], { encode }: Paging): XmlElements[] {
  return prefixes.map((prefix) => ({ Prefix: encode(prefix) }));
}

/** A continuation token hides where the next page starts, and fails where it was not ours. */
function tokenOf(key: string): string {
  const bytes = Buffer.from(key);
  const check = createHash("sha256").update("token:").update(bytes).digest().subarray(0, 6);
  return Buffer.concat([check, bytes]).toString("base64");
}

function keyOf(token: string): string {
  const key = Buffer.from(token, "base64").subarray(6).toString();
  if (tokenOf(key) === token) return key;
  throw invalidArgument("continuation-token", token, "The continuation token provided is incorrect");
}

export function listObjectsV2(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:ListBucket", "", listContext(call));
  const paging = pagingOf(call);
  const { prefix, delimiter, maxKeys, encode, encoding } = paging;
  const token = call.query.get("continuation-token") ?? undefined;
  const startAfter = call.query.get("start-after") ?? undefined;
  const found = page(s3, call, paging, token === undefined ? (startAfter ?? "") : keyOf(token));
  return xmlReply("ListBucketResult", {
    Name: call.bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: encoding,
    KeyCount: found.contents.length + found.prefixes.length,
    IsTruncated: found.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: found.next === undefined ? undefined : tokenOf(found.next),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    Contents: contentsXml(found, paging, call.query.get("fetch-owner") === "true"),
    CommonPrefixes: prefixesXml(found.prefixes, paging),
  });
}

export function listObjects(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:ListBucket", "", listContext(call));
  const paging = pagingOf(call);
  const { prefix, delimiter, maxKeys, encode, encoding } = paging;
  const marker = call.query.get("marker") ?? "";
  const found = page(s3, call, paging, marker);
  const next = delimiter === undefined ? undefined : found.next;
  return xmlReply("ListBucketResult", {
    Name: call.bucket.name,
    Prefix: encode(prefix),
    Marker: encode(marker),
    NextMarker: next === undefined ? undefined : encode(next),
    MaxKeys: maxKeys,
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    EncodingType: encoding,
    IsTruncated: found.next !== undefined,
    Contents: contentsXml(found, paging, true),
    CommonPrefixes: prefixesXml(found.prefixes, paging),
  });
}

interface Listed {
  readonly version: Version;
  readonly latest: boolean;
}

interface VersionsPage {
  readonly listed: readonly Listed[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
  readonly nextKey: string | undefined;
  readonly nextVersion: string | undefined;
}

function versionsPage(
  s3: S3,
  call: BucketCall,
  paging: Paging,
  keyMarker: string,
  idMarker?: string,
): VersionsPage {
  const listed: Listed[] = [];
  const prefixes: string[] = [];
  let nextKey: string | undefined;
  let nextVersion: string | undefined;
  const end = (truncated: boolean) => ({ listed, prefixes, truncated, nextKey, nextVersion });
  if (paging.maxKeys === 0) return end(false);
  const including = idMarker !== undefined;
  for (const item of items(s3, call.bucket.name, paging, keyMarker, including, () => true)) {
    if (item.prefix !== undefined) {
      if (listed.length + prefixes.length === paging.maxKeys) return end(true);
      prefixes.push(item.prefix);
      nextKey = item.prefix;
      nextVersion = undefined;
      continue;
    }
    const marker = item.key === keyMarker ? item.versions.findIndex((v) => v.versionId === idMarker) : -1;
    for (const [index, version] of item.versions.entries()) {
      if (index <= marker) continue;
      if (listed.length + prefixes.length === paging.maxKeys) return end(true);
      listed.push({ version, latest: index === 0 });
      nextKey = version.key;
      nextVersion = version.versionId;
    }
  }
  return end(false);
}

export function listObjectVersions(s3: S3, call: BucketCall): Reply {
  demand(s3, call, "s3:ListBucketVersions", "", listContext(call));
  const paging = pagingOf(call);
  const { prefix, delimiter, maxKeys, encode, encoding } = paging;
  const keyMarker = call.query.get("key-marker") ?? "";
  const idMarker = call.query.get("version-id-marker") || undefined;
  if (idMarker !== undefined && keyMarker === "") {
    throw invalidArgument(
      "version-id-marker",
      idMarker,
      "A version-id marker cannot be specified without a key marker.",
    );
  }
  const found = versionsPage(s3, call, paging, keyMarker, idMarker);
  const xml = ({ version, latest }: Listed): XmlElements => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: latest,
    LastModified: version.modified.toISOString(),
    ...(version.deleteMarker
      ? {}
      : { ETag: version.etag, ...checksumOf(version), Size: version.body.length, StorageClass: "STANDARD" }),
    Owner: owner(version),
  });
  const next = found.truncated ? found : undefined;
  return xmlReply("ListVersionsResult", {
    Name: call.bucket.name,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: idMarker ?? "",
    NextKeyMarker: next?.nextKey === undefined ? undefined : encode(next.nextKey),
    NextVersionIdMarker: next?.nextVersion,
    MaxKeys: maxKeys,
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    EncodingType: encoding,
    IsTruncated: found.truncated,
    // The schema lets Version and DeleteMarker come in any order; S3 mixes them, every client sorts them apart.
    Version: found.listed.filter(({ version }) => !version.deleteMarker).map(xml),
    DeleteMarker: found.listed.filter(({ version }) => version.deleteMarker).map(xml),
    CommonPrefixes: prefixesXml(found.prefixes, paging),
  });
}
