import { stateOf } from "../story-state.ts";
import type { AuditRecord, RecordType } from "../types.ts";

/**
 * What came of a request. `granted`: there was a session, and it was not ended otherwise; `scheduled`: granted for a window,
 * and not issued yet; `pending`: neither issued nor closed; `expired`: nobody issued it in time; `refused`: AWS or the catalog said no after the request was recorded (what
 * rules refuse at once leaves no record); `aborted`: it failed, or its session was handed to nobody.
 */
export const outcomes = [
  "granted",
  "scheduled",
  "pending",
  "denied",
  "refused",
  "expired",
  "aborted",
  "revoked",
  "forgotten",
] as const;
export type Outcome = (typeof outcomes)[number];

/** Codes of abort records that mean a no, and not an accident. */
const refusals = /^(?:STS_DENIED|STS_REFUSED|STS_DURATION|ISSUE_REFUSED|REFUSED|POLICY_[A-Z_]+)$/;

/**
 * @param records the valid ones that count, in order of time
 * @param closesAt when a request that waits is over; `undefined` where nobody knows
 * @param scheduledUntil of one that was granted for a window, until when it can be issued
 */
export function outcomeOf(
  records: readonly AuditRecord[],
  {
    closesAt,
    scheduledUntil,
  }: { readonly closesAt?: Date | undefined; readonly scheduledUntil?: Date | undefined },
  now: Date,
): Outcome | undefined {
  const state = stateOf(records, now);
  switch (state) {
    case "issued":
      return "granted";
    case "expired":
      return endedEarly(records) ?? "granted";
    case "open":
      if (scheduledUntil !== undefined) return scheduledUntil <= now ? "expired" : "scheduled";
      return closesAt !== undefined && closesAt <= now ? "expired" : "pending";
    case "aborted": {
      const isIssued = records.some(({ type }) => type === "issue");
      const last = records.findLast(({ type }) => type === "abort");
      return !isIssued && last?.type === "abort" && refusals.test(last.code) ? "refused" : "aborted";
    }
    case "absent":
      return undefined;
    default:
      return state;
  }
}

/** What ended a grant before its time still says so after it. */
function endedEarly(records: readonly AuditRecord[]): Outcome | undefined {
  const state = stateOf(records, new Date(0));
  return state === "aborted" || state === "forgotten" || state === "revoked" ? state : undefined;
}

/** Names that a request must have to come to an outcome: what is not there nobody can have put aside. */
const needs: Readonly<Record<Outcome, readonly RecordType[]>> = {
  granted: ["issue"],
  scheduled: [],
  pending: [],
  denied: ["denial"],
  refused: ["abort"],
  expired: [],
  aborted: ["abort"],
  revoked: ["issue", "revoke"],
  forgotten: ["issue", "end"],
};

/** Whether a request with records of these types can have come to one of the outcomes. */
export function mayBe(wanted: readonly Outcome[], types: ReadonlySet<RecordType>): boolean {
  return wanted.some((outcome) => needs[outcome].every((type) => types.has(type)));
}
