import { createHmac } from "node:crypto";
import type { Secret } from "../types.ts";

/**
 * `jit-signature: t=<Unix seconds>,v1=<HMAC-SHA256 in hexadecimal>` over `<t>.<body>`: who receives a message compares it,
 * and refuses one whose time is long past.
 */
export function signatureHeader(secret: Secret, sentAt: number, body: string): string {
  const v1 = createHmac("sha256", secret.reveal()).update(`${sentAt}.${body}`, "utf8").digest("hex");
  return `t=${sentAt},v1=${v1}`;
}
