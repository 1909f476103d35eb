import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AwsError } from "../service.ts";

/**
 * S3's additional checksums.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */

export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "MD5" | "SHA1" | "SHA256" | "SHA512";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64, big-endian; a composite one ends in `-<parts>`. */
  readonly value: string;
  readonly type: "FULL_OBJECT" | "COMPOSITE";
}

/** S3's XXHASH family is not here: a request that names it is refused. */
const ALGORITHMS: readonly ChecksumAlgorithm[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "MD5",
  "SHA1",
  "SHA256",
  "SHA512",
];

/** Header that carries a checksum of that algorithm: `x-amz-checksum-crc32`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Element of S3's XML that carries it: `ChecksumCRC32`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** Checksum of the bytes in base64. */
export function computeChecksum(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  switch (algorithm) {
    case "MD5":
    case "SHA1":
    case "SHA256":
    case "SHA512":
      return createHash(algorithm.toLowerCase()).update(bytes).digest("base64");
    case "CRC32":
      return base64OfWords(crc32(bytes));
    case "CRC32C":
      return base64OfWords(crc32c(bytes));
    case "CRC64NVME":
      return base64OfWords(...crc64nvme(bytes));
  }
}

function base64OfWords(...words: number[]): string {
  const buffer = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    buffer.writeUInt32BE(word >>> 0, index * 4);
  });
  return buffer.toString("base64");
}

function table32(polynomial: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    table[index] = value;
  }
  return table;
}

const CRC32C = table32(0x82f63b78);

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC32C[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Reflected polynomial of CRC-64/NVME, as two words: JavaScript's numbers hold 32 bits in bit operations. */
const NVME_HIGH = 0x9a6c9329;
const NVME_LOW = 0xac4bc9b5;
const TABLE_HIGH = new Uint32Array(256);
const TABLE_LOW = new Uint32Array(256);
for (let index = 0; index < 256; index++) {
  let high = 0;
  let low = index;
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (carry) {
      high ^= NVME_HIGH;
      low ^= NVME_LOW;
    }
  }
  TABLE_HIGH[index] = high;
  TABLE_LOW[index] = low;
}

function crc64nvme(bytes: Uint8Array): [high: number, low: number] {
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (TABLE_LOW[index] ?? 0);
    high = (high >>> 8) ^ (TABLE_HIGH[index] ?? 0);
  }
  return [~high, ~low];
}

const LENGTHS: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  CRC64NVME: 8,
};

/** Parses the name of an algorithm as the SDKs send it. @throws AwsError InvalidRequest */
export function parseAlgorithm(text: string): ChecksumAlgorithm {
  const found = ALGORITHMS.find((algorithm) => algorithm === text.toUpperCase());
  if (found !== undefined) return found;
  throw invalid("Checksum algorithm provided is unsupported. Please try again with any of the valid types");
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidRequest", 400, message);
}

/** The checksum that the headers carry, checked for form. @throws AwsError InvalidRequest */
export function sentChecksum(headers: ReadonlyMap<string, string>): Checksum | undefined {
  const names = [...headers.keys()].filter(
    (name) =>
      name.startsWith("x-amz-checksum-") && !["x-amz-checksum-mode", "x-amz-checksum-type"].includes(name),
  );
  const [name, ...others] = names.filter((each) => each !== "x-amz-checksum-algorithm");
  if (name === undefined) return undefined;
  if (others.length > 0) {
    throw invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  }
  const algorithm = parseAlgorithm(name.slice("x-amz-checksum-".length));
  const value = headers.get(name) ?? "";
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== LENGTHS[algorithm] || bytes.toString("base64") !== value) {
    throw invalid(`Value for ${name} header is invalid.`);
  }
  return { algorithm, value, type: "FULL_OBJECT" };
}

/**
 * Verifies Content-MD5 and the checksum header or trailer of a body.
 * @returns the checksum to store: the one sent, else CRC64NVME as S3 adds by itself
 * @throws AwsError InvalidDigest, BadDigest, InvalidRequest
 */
export function verifyBody(headers: ReadonlyMap<string, string>, body: Uint8Array): Checksum {
  const md5 = headers.get("content-md5");
  if (md5 !== undefined) {
    if (!/^[A-Za-z0-9+/]{22}==$/.test(md5)) {
      throw new AwsError("InvalidDigest", 400, "The Content-MD5 you specified is not valid.");
    }
    if (createHash("md5").update(body).digest("base64") !== md5) {
      throw new AwsError("BadDigest", 400, "The Content-MD5 you specified did not match what we received.");
    }
  }
  const sent = sentChecksum(headers);
  if (sent === undefined) {
    return { algorithm: "CRC64NVME", value: computeChecksum("CRC64NVME", body), type: "FULL_OBJECT" };
  }
  if (computeChecksum(sent.algorithm, body) !== sent.value) {
    throw new AwsError(
      "BadDigest",
      400,
      `The ${sent.algorithm} you specified did not match the calculated checksum.`,
    );
  }
  return sent;
}
