import { gunzipSync } from "node:zlib";

/** CloudTrail closes a file at some MB; what unpacks to more than this is none of its files. */
const maximumBytes = 256 * 1024 * 1024;

/** What is in a file, unpacked where it is gzip; `undefined` where it cannot be unpacked. */
export function unzip(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maximumBytes });
  } catch {
    return undefined;
  }
}
