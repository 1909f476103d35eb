import { formatDuration } from "../../access/duration.ts";
import { escapeForTerminal } from "../../access/text.ts";
import type { Notification } from "../../access/types.ts";
import type { Happening } from "./happening.ts";
import { approveLine, type MessageOf, mostNamed } from "./json-message.ts";

/** Characters of one text that a message holds. */
const longest = 300;

/**
 * The message for people, as Slack's incoming webhooks take it, and others that do as Slack does. It is plain text: where
 * Slack's formatting is switched off others still format, so what could be formatting or call somebody is written in
 * characters that look alike.
 */
export function slackMessage(
  happening: Happening,
  { texts }: Pick<Notification, "texts">,
  { organization }: Pick<MessageOf, "organization">,
): string {
  const lines = [
    `${headline(happening)} [jit, ${defused(organization)}]`,
    ...asked(happening),
    ...(texts ? said(happening) : []),
    ...(happening.event === "pending" ? [`To agree: ${approveLine(happening.request)}`] : []),
  ];
  return JSON.stringify({ text: lines.join("\n"), mrkdwn: false, link_names: 0, unfurl_links: false });
}

function headline({ event, requester, targets, by, others = [] }: Happening): string {
  const who = defused(requester.name);
  const what = defused(targets.join(" "));
  const decider = by === undefined ? "" : ` by ${defused(by.name)}`;
  switch (event) {
    case "pending":
      return `${who} asks for ${what}`;
    case "approved":
      return `${who} may have ${what}: approved${decider}`;
    case "denied":
      return `${who} may not have ${what}: denied${decider}`;
    case "issued":
      return `${who} has ${what}`;
    case "breakGlass":
      return `BREAK-GLASS: ${who} opens ${what} without anybody's approval`;
    case "revoked":
      return `Revoked${decider}: ${what} of ${who}${others.length === 0 ? "" : `, and ${others.length} more sessions`}`;
    case "test":
      return `A test by ${who}: notifications arrive here`;
  }
}

function asked(happening: Happening): string[] {
  const { event, request, requester, duration, purpose, notAfter, quorum, approvers = [], role } = happening;
  if (event === "test") return [];
  return [
    [
      ...(duration === undefined ? [] : [`For ${formatDuration(duration)}`]),
      ...(notAfter === undefined ? [] : [`until ${notAfter.toISOString()}`]),
      ...(purpose === undefined ? [] : [`purpose ${defused(purpose)}`]),
      `request ${defused(request)}`,
    ].join(", "),
    `Who: ${defused(requester.arn ?? requester.name)}`,
    `Role: ${defused(role)}`,
    ...(quorum === undefined
      ? []
      : [
          `Needs ${quorum} of: ${defused(approvers.length === 0 ? "whom the rules allow" : approvers.join(", "))}`,
        ]),
    ...(happening.others ?? [])
      .slice(0, mostNamed)
      .map(
        (one) => `- ${defused(one.targets.join(" "))} of ${defused(one.requester)} (${defused(one.request)})`,
      ),
  ];
}

function said({ texts = {} }: Happening): string[] {
  const { reason, ticket, comment } = texts;
  return [
    ...(reason === undefined ? [] : [`Reason: ${defused(reason)}`]),
    ...(ticket === undefined ? [] : [`Ticket: ${defused(ticket)}`]),
    ...(comment === undefined ? [] : [`Comment: ${defused(comment)}`]),
  ];
}

/** What formats, links or calls (`@here`, `[a](b)`), and what stands for it. */
const alike: Readonly<Record<string, string>> = {
  "@": "\uff20",
  "`": "\u02cb",
  "*": "\u2217",
  "~": "\u223c",
  "[": "\uff3b",
  "]": "\uff3d",
  "|": "\u2223",
  "\\": "\uff3c",
};

/** A text of somebody's in a message: on one line, not too long, and nothing but text, for Slack and its like. */
export function defused(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest).toWellFormed()}…` : text;
  return (
    escapeForTerminal(cut)
      .replace(/[@`*~[\]|\\]/g, (char) => alike[char] ?? "")
      // Within a word it formats nothing, and names of roles have it.
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\uff3f")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
  );
}
