/**
 * The text of UTF-8 bytes, a byte order mark included; `undefined` where they are none. What is read is compared with
 * what it would be written as: a `TextDecoder` would do, but loads Unicode tables for 4 ms first.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  return Buffer.from(text, "utf8").equals(buffer) ? text : undefined;
}
