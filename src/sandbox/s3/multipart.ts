import { createHash } from "node:crypto";
import { AwsError, type Reply } from "../service.ts";
import { childText, parseXml } from "../xml.ts";
import {
  type Checksum,
  type ChecksumAlgorithm,
  checksumElement,
  checksumHeader,
  computeChecksum,
  parseAlgorithm,
  verifyBody,
} from "./checksum.ts";
import { checkWrite, rangeOf } from "./conditions.ts";
import { readSource } from "./copy.ts";
import {
  type BucketCall,
  bodyText,
  canonicalId,
  demand,
  emptyReply,
  invalidArgument,
  type S3,
  xmlReply,
} from "./core.ts";
import {
  authorizeWrite,
  md5Tag,
  storedHeaders,
  storeVersion,
  type WriteSettings,
  writtenHeaders,
} from "./write.ts";

/** Multipart uploads. Unfinished ones are kept in memory alone: a restart forgets them, as an abort would. */

const MIN_PART = 5 * 1024 * 1024;
const MAX_PART_NUMBER = 10_000;

interface Part {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly checksum: Checksum;
  readonly modified: Date;
}

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly started: Date;
  readonly settings: WriteSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly algorithm: ChecksumAlgorithm;
  readonly type: Checksum["type"];
  readonly parts: Map<number, Part>;
}

/** The unfinished uploads of one sandbox, by upload id. */
export class Uploads {
  readonly #uploads = new Map<string, Upload>();

  create(s3: S3, call: BucketCall): Reply {
    const settings = authorizeWrite(s3, call, false);
    const asked = call.headers.get("x-amz-checksum-algorithm");
    const algorithm = asked === undefined ? "CRC64NVME" : parseAlgorithm(asked);
    const full = call.headers.get("x-amz-checksum-type") === "FULL_OBJECT" || algorithm === "CRC64NVME";
    if (full && !algorithm.startsWith("CRC")) {
      throw new AwsError(
        "InvalidRequest",
        400,
        `The FULL_OBJECT checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
      );
    }
    const type = full ? "FULL_OBJECT" : "COMPOSITE";
    const id = Buffer.from(s3.random(48)).toString("base64url");
    const headers = storedHeaders(call);
    const { name } = call.bucket;
    this.#uploads.set(id, {
      bucket: name,
      key: call.key,
      started: call.now,
      settings,
      headers,
      algorithm,
      type,
      parts: new Map(),
    });
    return xmlReply(
      "InitiateMultipartUploadResult",
      { Bucket: name, Key: call.key, UploadId: id },
      asked === undefined ? {} : { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": type },
    );
  }

  uploadPart(s3: S3, call: BucketCall): Reply {
    authorizeWrite(s3, call, false);
    const upload = this.#find(call);
    const checksum = verifyBody(call.headers, call.body);
    const part = { body: call.body, etag: md5Tag(call.body), checksum, modified: call.now };
    upload.parts.set(partNumber(call), part);
    return emptyReply(200, { etag: part.etag, [checksumHeader(checksum.algorithm)]: checksum.value });
  }

  uploadPartCopy(s3: S3, call: BucketCall): Reply {
    authorizeWrite(s3, call, false);
    const upload = this.#find(call);
    const source = readSource(s3, call);
    const range = rangeOf(call.headers.get("x-amz-copy-source-range"), source.body.length);
    const body = range === undefined ? source.body : source.body.subarray(range.start, range.end + 1);
    const value = computeChecksum(upload.algorithm, body);
    const checksum: Checksum = { algorithm: upload.algorithm, value, type: "FULL_OBJECT" };
    const part = { body, etag: md5Tag(body), checksum, modified: call.now };
    upload.parts.set(partNumber(call), part);
    return xmlReply("CopyPartResult", {
      ETag: part.etag,
      LastModified: call.now.toISOString(),
      [checksumElement(upload.algorithm)]: value,
    });
  }

  complete(s3: S3, call: BucketCall): Reply {
    const written = authorizeWrite(s3, call, true);
    const upload = this.#find(call);
    const parts = chosenParts(call, upload);
    checkWrite(call, call.key, s3.storage.versions(call.bucket.name, call.key)[0]);
    const body = Buffer.concat(parts.map((part) => part.body));
    const digests = parts.map((part) => Buffer.from(part.etag.replaceAll('"', ""), "hex"));
    const etag = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${parts.length}"`;
    const checksum = combined(upload, parts, body);
    const sent = call.headers.get(checksumHeader(checksum.algorithm));
    if (sent !== undefined && sent !== checksum.value) {
      throw new AwsError(
        "BadDigest",
        400,
        `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
      );
    }
    const settings = { ...upload.settings, retention: upload.settings.retention ?? written.retention };
    const content = {
      body,
      etag,
      checksum,
      headers: upload.headers,
      parts: parts.map((part) => part.body.length),
    };
    const version = storeVersion(s3, call, content, settings);
    this.#uploads.delete(call.query.get("uploadId") ?? "");
    return xmlReply(
      "CompleteMultipartUploadResult",
      {
        Location: `${call.origin}${call.path}`,
        Bucket: call.bucket.name,
        Key: call.key,
        ETag: etag,
        ChecksumType: checksum.type,
        [checksumElement(checksum.algorithm)]: checksum.value,
      },
      writtenHeaders(call, version),
    );
  }

  abort(s3: S3, call: BucketCall): Reply {
    demand(s3, call, "s3:AbortMultipartUpload", call.key);
    this.#find(call);
    this.#uploads.delete(call.query.get("uploadId") ?? "");
    return emptyReply(204);
  }

  listParts(s3: S3, call: BucketCall): Reply {
    demand(s3, call, "s3:ListMultipartUploadParts", call.key);
    const upload = this.#find(call);
    const after = Number(call.query.get("part-number-marker") ?? 0);
    const max = Math.min(Number(call.query.get("max-parts") ?? 1000), 1000);
    const sorted = [...upload.parts].sort(([a], [b]) => a - b).filter(([number]) => number > after);
    const shown = sorted.slice(0, max);
    return xmlReply("ListPartsResult", {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: call.query.get("uploadId") ?? "",
      PartNumberMarker: after,
      NextPartNumberMarker: shown.at(-1)?.[0] ?? 0,
      MaxParts: max,
      IsTruncated: shown.length < sorted.length,
      StorageClass: "STANDARD",
      Part: shown.map(([number, part]) => ({
        PartNumber: number,
        LastModified: part.modified.toISOString(),
        ETag: part.etag,
        Size: part.body.length,
        [checksumElement(part.checksum.algorithm)]: part.checksum.value,
      })),
    });
  }

  list(s3: S3, call: BucketCall): Reply {
    demand(s3, call, "s3:ListBucketMultipartUploads", "");
    const prefix = call.query.get("prefix") ?? "";
    const open = [...this.#uploads].filter(
      ([, upload]) => upload.bucket === call.bucket.name && upload.key.startsWith(prefix),
    );
    return xmlReply("ListMultipartUploadsResult", {
      Bucket: call.bucket.name,
      Prefix: prefix,
      MaxUploads: 1000,
      IsTruncated: false,
      Upload: open
        .sort(([, a], [, b]) => (a.key < b.key ? -1 : 1))
        .map(([id, upload]) => ({
          Key: upload.key,
          UploadId: id,
          Initiator: { ID: canonicalId(call.bucket.account) },
          Owner: { ID: canonicalId(call.bucket.account) },
          StorageClass: "STANDARD",
          Initiated: upload.started.toISOString(),
        })),
    });
  }

  /** Does the bucket have unfinished uploads? */
  #find(call: BucketCall): Upload {
    const upload = this.#uploads.get(call.query.get("uploadId") ?? "");
    if (upload === undefined || upload.bucket !== call.bucket.name || upload.key !== call.key) {
      throw new AwsError(
        "NoSuchUpload",
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
      );
    }
    return upload;
  }
}

function partNumber(call: BucketCall): number {
  const text = call.query.get("partNumber") ?? "";
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > MAX_PART_NUMBER) {
    throw invalidArgument(
      "partNumber",
      text,
      "Part number must be an integer between 1 and 10000, inclusive",
    );
  }
  return number;
}

function chosenParts(call: BucketCall, upload: Upload): Part[] {
  const wanted = parseXml(bodyText(call)).children.filter(({ name }) => name === "Part");
  if (wanted.length === 0)
    throw new AwsError("MalformedXML", 400, "The XML you provided was not well-formed");
  let last = 0;
  const parts = wanted.map((entry) => {
    const number = Number(childText(entry, "PartNumber"));
    if (!(number > last))
      throw new AwsError("InvalidPartOrder", 400, "The list of parts was not in ascending order.");
    last = number;
    const part = upload.parts.get(number);
    const etag = childText(entry, "ETag")?.replaceAll('"', "");
    if (part === undefined || etag !== part.etag.replaceAll('"', "")) {
      throw new AwsError("InvalidPart", 400, "One or more of the specified parts could not be found.");
    }
    return part;
  });
  if (parts.slice(0, -1).some((part) => part.body.length < MIN_PART)) {
    throw new AwsError(
      "EntityTooSmall",
      400,
      "Your proposed upload is smaller than the minimum allowed size",
    );
  }
  return parts;
}

/** A composite checksum is that of the parts' checksums; a full one that of all bytes. */
function combined({ algorithm, type }: Upload, parts: readonly Part[], body: Uint8Array): Checksum {
  if (type === "FULL_OBJECT") return { algorithm, type, value: computeChecksum(algorithm, body) };
  const each = parts.map((part) => Buffer.from(computeChecksum(algorithm, part.body), "base64"));
  return { algorithm, type, value: `${computeChecksum(algorithm, Buffer.concat(each))}-${parts.length}` };
}
