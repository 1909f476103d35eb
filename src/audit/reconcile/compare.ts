import { sha256Hex } from "../../access/digest.ts";
import type { SessionEvent } from "./event.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
import type { IssueEntry } from "./records.ts";
import { roleKey } from "./watched.ts";

/** Seconds by which the times of STS and of CloudTrail may differ. */
const tolerance = 5;
/** Later than this a record was not there when its session could be used; as LATE_ARRIVAL of the log itself. */
export const lateAfter = 900;

/** In what a session that AWS made differs from the record that names its access key: each part by its own code. */
export function differences(event: SessionEvent, entry: IssueEntry): readonly Finding[] {
  const { record } = entry;
  const found: Finding[] = [];
  const say = (code: FindingCode, message: string): void => {
    found.push(finding(code, event.id, message, { at: event.at, request: record.request }));
  };
  const differs = (code: FindingCode, what: string, aws: string, told: string): void =>
    say(code, `${what}: AWS had ${quoted(aws)}, the record says ${quoted(told)}`);

  if (event.name !== "AssumeRole") {
    say("SESSION_CALLER_DIFFERS", `the session was made by ${event.name}, which jit never calls`);
  } else if (event.who.userid !== record.by.userid) {
    differs("SESSION_CALLER_DIFFERS", "who called AssumeRole", event.who.userid, record.by.userid);
  }
  if (roleKey(event.role) !== roleKey(record.role)) {
    differs("SESSION_ROLE_DIFFERS", "the role", event.role, record.role);
  }
  const isNamed = event.sessionName === record.sessionName;
  if (!isNamed || (event.assumedRoleId !== "" && event.assumedRoleId !== record.assumedRoleId)) {
    const [aws, told] = isNamed
      ? [event.assumedRoleId, record.assumedRoleId]
      : [event.sessionName, record.sessionName];
    differs("SESSION_NAME_DIFFERS", "the session's name", aws, told);
  }
  const tags = tagDifference(event, record.tags);
  if (tags !== undefined) say("SESSION_TAGS_DIFFER", tags);
  if ((event.sourceIdentity ?? "-") !== record.sourceIdentity) {
    differs(
      "SESSION_SOURCE_IDENTITY_DIFFERS",
      "the source identity",
      event.sourceIdentity ?? "-",
      record.sourceIdentity,
    );
  }
  if (event.durationSeconds !== record.durationSeconds) {
    differs(
      "SESSION_DURATION_DIFFERS",
      "the duration in seconds",
      String(event.durationSeconds),
      String(record.durationSeconds),
    );
  }
  if (Math.abs(event.expiration - entry.expiration) > tolerance) {
    differs("SESSION_EXPIRATION_DIFFERS", "the end", when(event.expiration), when(entry.expiration));
  }
  const isPolicy = isPolicyOf(event, record);
  if (!isPolicy) say("SESSION_POLICY_DIFFERS", policyDifference(event));
  // The recorded policy ends the session with its grant; without it the credentials' own end counts.
  if (!isPolicy && event.expiration > entry.notAfter + 60) {
    say(
      "SESSION_OUTLIVES_GRANT",
      `the session can be used until ${when(event.expiration)}, the grant ended ${when(entry.notAfter)}`,
    );
  }
  if (entry.arrived - event.at > lateAfter) {
    const minutes = Math.round((entry.arrived - event.at) / 60);
    say("RECORD_LATE", `the record came ${minutes} minutes after its session began`);
  }
  return found;
}

function isPolicyOf(event: SessionEvent, record: IssueEntry["record"]): boolean {
  const { policy, policyArns } = event;
  if (policy === undefined || policyArns.length > 0) return false;
  if (sha256Hex(new TextEncoder().encode(policy)) === record.policySha256) return true;
  // Should CloudTrail print JSON anew, the same members in the same order are the same policy.
  return minified(policy) !== undefined && minified(policy) === minified(record.policy);
}

function minified(policy: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(policy));
  } catch {
    return undefined;
  }
}

function policyDifference({ policy, policyArns }: SessionEvent): string {
  if (policy === undefined) return "the session has no session policy: it may do all that its role may";
  if (policyArns.length > 0) return `the session has managed policies that no record tells: ${policyArns[0]}`;
  return "the session's policy is not the one of the record";
}

function tagDifference(event: SessionEvent, told: Readonly<Record<string, string>>): string | undefined {
  if (event.hasTransitiveTags)
    return "the session's tags are passed on to further sessions, which jit never asks for";
  const names = new Set([...event.tags.keys(), ...Object.keys(told)]);
  for (const name of [...names].sort()) {
    const aws = event.tags.get(name);
    const said = Object.hasOwn(told, name) ? told[name] : undefined;
    if (aws !== said) {
      return `the tag ${quoted(name)}: AWS had ${quoted(aws ?? "-")}, the record says ${quoted(said ?? "-")}`;
    }
  }
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** `2026-11-24 08:16:36Z` */
export function when(seconds: number): string {
  const ms = seconds * 1000;
  return Math.abs(ms) <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z` : "-";
}
