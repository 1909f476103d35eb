import { formatDuration } from "../../access/duration.ts";
import { describe } from "../../access/policy/describe.ts";
import { withoutProofs } from "../../audit/attested.ts";
import { extendsOf } from "../../audit/extends.ts";
import type { Grade } from "../../audit/statement.ts";
import type { History } from "../../session/approve/history.ts";
import type { Review } from "../../session/approve/review.ts";
import type { Context } from "../context.ts";
import { clean, wrap } from "../style.ts";
import { withoutLinks } from "./claims.ts";
import { openedLines } from "./opened.ts";
import { clockTime } from "./session.ts";
import { gradedName } from "./who.ts";

/** A whole request for who decides about it; all of it verified. */
export function reviewLines({ terminal, style }: Context, review: Review, history: History): string[] {
  const { found, standing } = review;
  const { record, writer } = found.request;
  const { terms, approvals, texts, targets } = standing;
  const attested = withoutProofs(standing.question.circumstances.attested);
  const line = (label: string, value: string) =>
    `  ${style.dim(label.padEnd(11))}${wrap(value, terminal.columns, " ".repeat(13))}`;
  const said = (circumstances: Readonly<Record<string, string>>) =>
    clean(
      Object.entries(circumstances)
        .map(([name, value]) => `${name} ${quoted(value)}`)
        .join(", "),
    );
  const claimed = said(withoutLinks(record.claimed));
  const extended = extendsOf(record);
  return [
    style.strong(`${clean(record.targets.join(" "))} for ${formatDuration(record.duration)}`),
    ...(standing.window === undefined
      ? []
      : [line("window", `${clockTime(standing.window.opens)} to ${clockTime(standing.window.ends)}`)]),
    ...(extended === undefined ? [] : [line("extends", `${extended}, as the requester says`)]),
    line("request", `${record.request}, made ${clockTime(new Date(record.at))}`),
    line("by", clean(record.by.arn)),
    line("identity", gradeText(writer.grade, writer.person.ids.length > 0)),
    line("purpose", clean(record.purpose)),
    line("reason", clean(texts.reason ?? "kept elsewhere, and not to be read from here")),
    ...(texts.ticket === undefined ? [] : [line("ticket", clean(texts.ticket))]),
    ...(said(attested) === "" ? [] : [line("attested", said(attested))]),
    ...(claimed === "" ? [] : [line("claimed", `${claimed} (the requester's own word)`)]),
    line("history", historyText(history)),
    line("role", `${clean(record.role)}, issued by the ${record.issuer}`),
    `  ${style.dim("opens")}`,
    ...openedLines(describe(targets), terminal.columns, "    "),
    line("approvals", `${approvals.length} of ${terms.quorum}`),
    ...approvals.map((one) => line("", approvedBy(one))),
    line("until", clockTime(standing.closesAt)),
  ];
}

function gradeText(grade: Grade, isKnown: boolean): string {
  if (grade === "path only")
    return "AWS did not sign whose key this is: the name may be another's (path only)";
  return isKnown
    ? "AWS signed whose key this is"
    : "AWS signed the role; which of its users this is, nobody says";
}

function approvedBy({ record, writer }: Review["standing"]["approvals"][number]): string {
  const comment = record.comment !== "-" && "text" in record.comment ? `: ${record.comment.text}` : "";
  return clean(`${gradedName(record.by.arn, writer.grade)}${comment}`);
}

/** A value that could be taken for several is told apart. */
function quoted(value: string): string {
  return /[",]/.test(value) ? JSON.stringify(value) : value;
}

function historyText({ days, requests, read, sameStore, last }: History): string {
  if (requests === 0) return `no other request in ${days} days`;
  const of = read < requests ? ` of the newest ${read}` : "";
  const when = last === undefined ? "" : `, the last ${clockTime(last)}`;
  return `${requests} other ${requests === 1 ? "request" : "requests"} in ${days} days; ${sameStore}${of} for the same store${when}`;
}

/** The same for programs. */
export function reviewJson({
  found,
  standing,
  isOwn,
  mayApprove,
  approval,
}: Review): Record<string, unknown> {
  const { record, writer, sha256 } = found.request;
  return {
    request: record.request,
    requestHash: sha256,
    state: standing.state,
    by: record.by,
    grade: writer.grade,
    targets: record.targets,
    duration: record.duration,
    purpose: record.purpose,
    reason: standing.texts.reason ?? null,
    ticket: standing.texts.ticket ?? null,
    attested: withoutProofs(standing.question.circumstances.attested),
    claimed: record.claimed,
    extends: extendsOf(record) ?? null,
    window: standing.window ?? null,
    role: record.role,
    issuer: record.issuer,
    opens: describe(standing.targets),
    quorum: standing.terms.quorum,
    approvals: standing.approvals.map(({ record: one }) => ({ by: one.by, at: one.at })),
    missing: standing.missing,
    at: record.at,
    closesAt: standing.closesAt,
    own: isOwn,
    mayApprove,
    approvedByYou: approval !== undefined,
    notBelieved: found.notBelieved,
  };
}
