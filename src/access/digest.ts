import { hash } from "node:crypto";

/** SHA-256 (FIPS 180-4) in lower-case hexadecimal, 64 characters. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

/** Whether a text is a SHA-256 digest as `sha256Hex` writes it. */
export function isSha256Hex(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
