import { JitError } from "../error.ts";

/** Base64url without padding (RFC 4648, section 5; RFC 7515, section 2). */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/**
 * The bytes of a base64url text. There is one spelling of every byte string: padding, white space, characters of
 * the standard alphabet and unused bits that are not zero (RFC 4648, section 3.5) are refused.
 * @throws JitError `ENCODING_INVALID`
 */
export function decodeBase64url(text: string): Uint8Array {
  const buffer = Buffer.from(text, "base64url");
  // Node's decoder skips what it does not know, so only a text that it would write itself is taken.
  if (buffer.toString("base64url") !== text) {
    throw new JitError("ENCODING_INVALID", "the text is not strict base64url without padding");
  }
  return new Uint8Array(buffer);
}
