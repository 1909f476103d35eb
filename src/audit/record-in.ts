import type { AuditRecord } from "./types.ts";

const before = '{"payload":"'.length;

/** What bytes say that are known to be a record in its one spelling: of all others nothing is to be asked. */
export function recordIn(bytes: Uint8Array): AuditRecord {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const payload = text.slice(before, text.indexOf('"', before));
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as AuditRecord;
}
