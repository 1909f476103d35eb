import { formatDuration } from "../../access/duration.ts";
import { withoutProofs } from "../../audit/attested.ts";
import { extendsOf } from "../../audit/extends.ts";
import type { StoryEntry } from "../../audit/story.ts";
import { formatTime, secondsOf } from "../../audit/time.ts";
import type { AuditRecord, SealedText } from "../../audit/types.ts";
import { windowOf } from "../../audit/window.ts";
import { withoutLinks } from "./claims.ts";
import { type KeptTexts, textsLine } from "./texts.ts";

/** What a record says, in words; not yet escaped. */
export function entryText({ record, notices = [] }: StoryEntry, texts?: KeptTexts): string[] {
  switch (record?.type) {
    case "request":
      return [
        `asks for ${record.targets.join(" ")} for ${formatDuration(record.duration)}, purpose ${record.purpose}`,
        ...opening(record),
        ...extending(record),
        texts === undefined
          ? `reason: ${sealed(record.reason)}${record.ticket === "-" ? "" : `   ticket: ${sealed(record.ticket)}`}`
          : textsLine(texts),
        ...circumstances(
          notices.length === 0 ? "proven" : "stated without proof",
          withoutProofs(record.attested),
        ),
        ...circumstances("claimed", withoutLinks(record.claimed)),
      ];
    case "issue":
      return [
        `${record.renews === "-" ? "session" : "renewed session"} ${record.sessionName} of ${record.role}`,
        `access key ${record.accessKeyId}, grant until ${record.notAfter}, policy of ${record.policy.length} characters`,
      ];
    case "end":
      return [
        record.outcome === "forgotten"
          ? "forgotten by the requester"
          : `a command ended with exit code ${record.exitCode} after ${formatDuration(record.seconds)}`,
      ];
    case "abort":
      return [
        `did not go on: ${record.code} at ${record.step}`,
        ...(record.accessKeyId === "-" ? [] : [`the session ${record.accessKeyId} was handed to nobody`]),
      ];
    case "approval":
    case "denial":
      return record.comment === "-" ? [] : [sealed(record.comment)];
    case "revoke":
      return [`revokes ${record.sessionName} of ${record.role}: ${record.reason}`];
    case "review":
      return [`breaking the glass was ${record.verdict}: ${sealed(record.comment)}`];
    case "notice":
      return [`${record.to} was not told (${record.event}): ${record.code}`];
    default:
      return [];
  }
}

function opening(record: AuditRecord<"request">): string[] {
  const window = windowOf(record, secondsOf(record.at));
  if (window === undefined) return [];
  if (window === "invalid") return ["names a window that cannot be"];
  const [opens, ends] = [window.opens, window.ends].map((at) => formatTime(new Date(at * 1000)));
  return [`for a window from ${opens} to ${ends}`];
}

function extending(record: Parameters<typeof extendsOf>[0]): string[] {
  const named = extendsOf(record);
  return named === undefined ? [] : [`extends ${named}`];
}

function sealed(text: SealedText): string {
  return "text" in text ? text.text : `kept elsewhere (SHA-256 ${text.sha256.slice(0, 12)}…)`;
}

function circumstances(label: string, of: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(of);
  return entries.length === 0
    ? []
    : [`${label}: ${entries.map(([name, value]) => `${name} ${value}`).join(", ")}`];
}

/** One record of a story, for programs. */
export function entryJson({ key, record, reason, grade, lastModified, name, sha256 }: StoryEntry) {
  return {
    type: key.type,
    at: record?.at ?? null,
    by: record?.by ?? { userid: key.userid },
    verified: reason === undefined,
    reason: reason ?? null,
    grade: grade ?? null,
    object: name,
    sha256: sha256 ?? null,
    arrived: lastModified,
    record: record ?? null,
  };
}
