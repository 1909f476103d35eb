import type { FindingCode as RecordFault } from "../finding.ts";
import { type LogEntry, nameOf } from "../log/entry.ts";
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

/** What is wrong with a session that nobody gave: whoever went past jit can sign a record of that, and CloudTrail's event then has one. */
const ungiven: ReadonlySet<RecordFault> = new Set([
  "REQUEST_MISSING",
  "WRITER_DIFFERS",
  "DECISION_UNKNOWN",
  "ISSUE_UNAPPROVED",
  "ISSUE_DENIED",
  "ISSUE_UNCLAIMED",
  "ISSUE_EARLY",
  "ISSUE_ROLE",
]);

/** @param entries requests with a session in the time, judged with all their records */
export function ungivenAlerts(entries: readonly LogEntry[], deadline: number, now: Date): readonly Alert[] {
  return entries.flatMap((entry) => {
    const codes = entry.problems.filter((code) => ungiven.has(code));
    const sessions = entry.records.filter(({ key }) => key.type === "issue");
    const [first] = sessions.toSorted((a, b) => a.lastModified.getTime() - b.lastModified.getTime());
    if (codes.length === 0 || first === undefined) return [];
    const { name: object, lastModified: since } = first;
    if (!isPast(since, deadline, now)) return [];
    const { request } = entry;
    const message = `a record tells of a session that nobody gave ${nameOf(entry)}: ${codes.join(", ")}`;
    return [{ kind: "bypass", id: `bypass ${request}`, since, deadline, message, request, object }];
  });
}
