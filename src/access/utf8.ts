import { isUtf8 } from "node:buffer";

/** The text of UTF-8 bytes, a byte order mark included; `undefined` where they are none. A `TextDecoder` loads Unicode tables for 4 ms first. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
