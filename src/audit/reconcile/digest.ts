import { createPublicKey, verify } from "node:crypto";
import { parseStrictJson } from "../../access/canonical.ts";
import { sha256Hex } from "../../access/digest.ts";
import type { TrailKey } from "./ports.ts";

/**
 * A digest file of CloudTrail: which log files it wrote in an hour, and the digest before.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 */
export interface Digest {
  readonly start: string;
  readonly end: string;
  readonly bucket: string;
  readonly object: string;
  readonly fingerprint: string;
  readonly algorithm: string;
  /** The digest before; `undefined` in the first after logging began. */
  readonly previous:
    | { readonly object: string; readonly sha256: string; readonly signature: string }
    | undefined;
  readonly files: readonly { readonly object: string; readonly sha256: string }[];
  /** Of the unpacked bytes. */
  readonly sha256: string;
}

const hash = /^[0-9a-f]{64}$/;
const hex = /^(?:[0-9a-f]{2}){64,1024}$/;
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** @param bytes unpacked, hostile. @returns `undefined` for what is no digest file */
export function parseDigest(bytes: Uint8Array): Digest | undefined {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const of = new Map<string, unknown>(Object.entries(value));
  const text = (name: string): string => {
    const found = of.get(name);
    return typeof found === "string" ? found : "";
  };
  const [start, end] = [text("digestStartTime"), text("digestEndTime")];
  const files = filesOf(of.get("logFiles"));
  if (!time.test(start) || !time.test(end) || text("digestS3Object") === "" || files === undefined) {
    return undefined;
  }
  const previous = {
    object: text("previousDigestS3Object"),
    sha256: text("previousDigestHashValue"),
    signature: text("previousDigestSignature"),
  };
  const isFirst =
    of.get("previousDigestSignature") === null || of.get("previousDigestSignature") === undefined;
  if (!isFirst && (previous.object === "" || !hash.test(previous.sha256) || !hex.test(previous.signature))) {
    return undefined;
  }
  return {
    start,
    end,
    files,
    bucket: text("digestS3Bucket"),
    object: text("digestS3Object"),
    fingerprint: text("digestPublicKeyFingerprint"),
    algorithm: text("digestSignatureAlgorithm"),
    previous: isFirst ? undefined : previous,
    sha256: sha256Hex(bytes),
  };
}

function filesOf(value: unknown): Digest["files"] | undefined {
  if (!Array.isArray(value)) return undefined;
  const files = value.map((each: unknown) => {
    const of = new Map<string, unknown>(
      typeof each === "object" && each !== null ? Object.entries(each) : [],
    );
    const [object, sha256] = [of.get("s3Object"), of.get("hashValue")];
    const good = typeof object === "string" && typeof sha256 === "string" && hash.test(sha256);
    return good && of.get("hashAlgorithm") === "SHA-256" ? { object, sha256 } : undefined;
  });
  return files.every((file) => file !== undefined) ? files : undefined;
}

export type SignatureVerdict = "good" | "bad" | "key unknown";

/**
 * Checks a digest file's RSA signature (PKCS #1 v1.5 over SHA-256).
 * @param signature hexadecimal, as the object's metadata or the next digest has it
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
 */
export function judgeDigest(digest: Digest, signature: string, keys: readonly TrailKey[]): SignatureVerdict {
  const key = keys.find(({ fingerprint }) => fingerprint === digest.fingerprint);
  if (key === undefined) return "key unknown";
  if (digest.algorithm !== "SHA256withRSA" || !hex.test(signature)) return "bad";
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key.value), format: "der", type: "pkcs1" });
    const isRight = verify("sha256", signedText(digest), publicKey, Buffer.from(signature, "hex"));
    return isRight ? "good" : "bad";
  } catch {
    return "bad";
  }
}

/** The text that CloudTrail signs; the first digest of a chain has `null` for the signature before. */
export function signedText(digest: Digest): Uint8Array {
  const { end, bucket, object, sha256, previous } = digest;
  return Buffer.from(`${end}\n${bucket}/${object}\n${sha256}\n${previous?.signature ?? "null"}`);
}
