import { hash } from "node:crypto";

/** SHA-256 (FIPS 180-4) of bytes, or of a text in UTF-8, in lower-case hexadecimal, 64 characters. */
export function sha256Hex(message: Uint8Array | string): string {
  return hash("sha256", message, "hex");
}

/** Whether a text is a SHA-256 digest as `sha256Hex` writes it. */
export function isSha256Hex(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
