import type { Alert } from "../../audit/alerts/alert.ts";
import { formatTime } from "../../audit/time.ts";
import type { MessageOf } from "./json-message.ts";
import { defused } from "./slack-message.ts";

/** The message of an alert for programs, version 1: docs/monitoring.md says what each member means. */
export function alertJson(alert: Alert, isRepeated: boolean, { organization, sentAt }: MessageOf): string {
  const { kind, id, since, deadline, message, request, object } = alert;
  return JSON.stringify({
    v: 1,
    event: "alert",
    organization,
    sentAt,
    kind,
    id,
    since: formatTime(since),
    deadline,
    repeated: isRepeated,
    message,
    request: request ?? null,
    object,
  });
}

const headlines: Readonly<Record<Alert["kind"], string>> = {
  bypass: "BYPASS",
  "break-glass": "BREAK-GLASS",
  review: "Review overdue",
  seal: "Seal overdue",
  witness: "Witness silent",
};

/** The same for people. */
export function alertSlack(alert: Alert, isRepeated: boolean, { organization }: MessageOf): string {
  const { kind, since, message, object } = alert;
  const text = [
    `${headlines[kind]}${isRepeated ? " (still)" : ""}: ${defused(message)} [jit, ${defused(organization)}]`,
    `Since ${formatTime(since)}, ${defused(object)}`,
  ].join("\n");
  return JSON.stringify({ text, mrkdwn: false, link_names: 0, unfurl_links: false });
}
