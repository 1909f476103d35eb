import type { AuditRecord, RecordType } from "../types.ts";
import type { FeedEvent, RecordEvent } from "./event.ts";

/** What an event is called, and how grave it is: the same in every format. */

export const gravities = ["informational", "low", "medium", "high"] as const;
export type Gravity = (typeof gravities)[number];

const titles: Readonly<Record<RecordType, string>> = {
  enrol: "Key enrolled",
  request: "Access requested",
  approval: "Access approved",
  denial: "Access denied",
  issue: "Session issued",
  end: "Session ended",
  abort: "Request aborted",
  revoke: "Session revoked",
  review: "Emergency reviewed",
  notice: "Notification failed",
};

/** A few words of ours. */
export function titleOf(event: FeedEvent): string {
  if (event.kind === "finding") return `Finding ${event.code}`;
  const { record, key } = event;
  if (record?.type === "issue" && record.renews !== "-") return "Session renewed";
  if (record?.type === "end" && record.outcome === "forgotten") return "Session forgotten";
  return titles[key.type];
}

export function gravityOf(event: FeedEvent): Gravity {
  if (event.kind === "finding") {
    if (event.severity === "invalid") return "high";
    return event.code === "REVIEW_MISSING" ? "medium" : "low";
  }
  const { record, key, asked, verified } = event;
  if (!verified) return "high";
  if (asked?.breakGlass === true && (key.type === "request" || key.type === "issue")) return "high";
  if (record?.type === "review") return record.verdict === "unjustified" ? "high" : "informational";
  if (key.type === "revoke") return "medium";
  return ["denial", "abort", "notice"].includes(key.type) ? "low" : "informational";
}

/** One line for a person. Holds hostile text. */
export function messageOf(event: FeedEvent): string {
  if (event.kind === "finding") return `${event.code}: ${event.message}`;
  const { asked, verified, problems } = event;
  const what = asked === undefined ? "" : ` for ${asked.targets.join(" ")}`;
  const glass = asked?.breakGlass === true ? "BREAK-GLASS: " : "";
  const doubt = verified ? "" : ` (not verified: ${problems.join(", ")})`;
  return `${glass}${titleOf(event)}${what} by ${writerArnOf(event)}${doubt}`;
}

/** Who signed, by the record; by its name where it is none. */
export function writerArnOf({ record, key }: Pick<RecordEvent, "record" | "key">): string {
  return record?.by.arn ?? key.userid;
}

/** Texts of a record that may be personal data. `undefined`: it has none, or they lie apart. */
export interface EventTexts {
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly comment?: string | undefined;
}

export function textsIn(record: AuditRecord | undefined): EventTexts {
  switch (record?.type) {
    case "request":
      return { reason: kept(record.reason), ticket: kept(record.ticket) };
    case "approval":
    case "denial":
    case "review":
      return { comment: kept(record.comment) };
    case "revoke":
      return { reason: record.reason };
    default:
      return {};
  }
}

function kept(text: { readonly text: string } | { readonly sha256: string } | "-"): string | undefined {
  return text !== "-" && "text" in text ? text.text : undefined;
}
