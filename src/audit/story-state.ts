import { secondsOf } from "./time.ts";
import type { AuditRecord, RecordType } from "./types.ts";

/**
 * Where a request stands. `open`: neither issued nor closed; `issued` and `expired` by the grant's end; `aborted` also
 * where the last session was never handed over; `forgotten` where the requester gave it up.
 */
export type StoryState =
  | "absent"
  | "open"
  | "denied"
  | "aborted"
  | "issued"
  | "revoked"
  | "forgotten"
  | "expired";

/** @param records the valid ones of one request, in order of time */
export function stateOf(records: readonly AuditRecord[], now: Date): StoryState {
  const issued = records.findLast((record) => record.type === "issue");
  const has = (type: RecordType) => records.some((record) => record.type === type);
  if (issued === undefined) {
    if (has("denial")) return "denied";
    if (has("abort")) return "aborted";
    return has("request") ? "open" : "absent";
  }
  if (has("revoke")) return "revoked";
  if (secondsOf(issued.notAfter) * 1000 <= now.getTime()) return "expired";
  const after = records.slice(records.indexOf(issued) + 1);
  if (after.some((record) => record.type === "abort" && record.accessKeyId === issued.accessKeyId))
    return "aborted";
  return after.some((record) => record.type === "end" && record.outcome === "forgotten")
    ? "forgotten"
    : "issued";
}
