import type { Finding, FindingCode } from "../reconcile/finding.ts";
import { type Alert, isPast } from "./alert.ts";

/** Sessions that no record accounts for; an abort alone is the word of whoever had the keys. */
const bypasses: ReadonlySet<FindingCode> = new Set(["SESSION_UNRECORDED", "SESSION_ABORTED"]);

/** @param findings of `reconcile` */
export function bypassAlerts(findings: readonly Finding[], deadline: number, now: Date): readonly Alert[] {
  return findings.flatMap(({ code, at, object, message, request }) => {
    if (!bypasses.has(code)) return [];
    const since = at === undefined ? new Date(0) : new Date(at * 1000);
    if (!isPast(since, deadline, now)) return [];
    return [{ kind: "bypass", id: `bypass ${code} ${object}`, since, deadline, message, request, object }];
  });
}
