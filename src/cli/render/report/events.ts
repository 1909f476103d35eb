import type { Figures } from "../../../audit/report/figures.ts";
import type { Framework } from "../../../audit/report/frameworks.ts";
import { actorCell, clock, itemCells, span } from "./cells.ts";
import type { Section } from "./document.ts";
import { sectionOf } from "./section.ts";

/** What happened to single requests: answers, emergencies, revocations, ends, lengths and hours. */
export function eventSections(framework: Framework, figures: Figures): readonly Section[] {
  const section = sectionOf(framework);
  const { lengths, answers, office } = figures;
  return [
    section(
      "approvals",
      "Approvals and how long they took",
      `Approvals that a session rests on: ${answers.approvals}; denials: ${answers.denials}. ${
        answers.median === undefined
          ? "Nobody had to answer."
          : `From the request to an answer: median ${span(answers.median)}, longest ${span(answers.longest?.seconds ?? 0)} (${answers.longest?.request ?? ""}).`
      }`,
      [
        {
          head: ["request", "made (UTC)", "who", "access", "approved by", "after"],
          rows: answers.each
            .filter(({ verdict }) => verdict === "approval")
            .map((one) => [...itemCells(one), actorCell(one), span(one.seconds)]),
          none: "No session of the period rests on an approval.",
        },
      ],
    ),
    section(
      "denials",
      "Denials",
      "Requests to which somebody said no who may, or which the requester withdrew.",
      [
        {
          head: ["request", "made (UTC)", "who", "access", "denied by", "after"],
          rows: answers.each
            .filter(({ verdict }) => verdict === "denial")
            .map((one) => [...itemCells(one), actorCell(one), span(one.seconds)]),
          none: "Nothing was denied.",
        },
      ],
    ),
    section(
      "breakGlass",
      "Break-glass and its reviews",
      "Emergencies: nobody agreed beforehand, and another person says afterwards whether it was justified.",
      [
        {
          head: ["request", "made (UTC)", "who", "access", "outcome", "review", "by", "after"],
          rows: figures.breakGlass.map(({ review, ...one }) => [
            ...itemCells(one),
            one.outcome,
            review?.verdict ?? "not reviewed",
            review === undefined ? "" : actorCell(review),
            review === undefined ? "" : span(review.seconds),
          ]),
          none: "The glass was not broken.",
        },
      ],
    ),
    section(
      "revoked",
      "Sessions revoked",
      "The record says that somebody set out to end the session; IAM's policies and CloudTrail show whether it was done.",
      [
        {
          head: ["request", "made (UTC)", "who", "access", "revoked (UTC)", "by", "why"],
          rows: figures.revoked.map((one) => [
            ...itemCells(one),
            one.when.slice(0, 16).replace("T", " "),
            actorCell(one),
            one.reason,
          ]),
          none: "No session was revoked.",
        },
      ],
    ),
    section(
      "unended",
      "Granted, without a recorded end",
      "Sessions that are over. `jit exec` records the end of its command and `jit forget` that a session was given up; `jit env`, `jit credentials` and SDKs record none. So these were never used, or used in a way that leaves no end, or a machine stopped before it could say so. The records alone do not tell which: CloudTrail's events for the session's access key do.",
      [
        {
          head: ["request", "made (UTC)", "who", "access"],
          rows: figures.unended.map(itemCells),
          none: "Every session that is over has a recorded end.",
        },
      ],
    ),
    section(
      "lengths",
      "How long was asked, and how long used",
      `Used means from the session's start to its last recorded end, of sessions that have one (${lengths.ended}); what ran beside that does not show.`,
      [
        {
          head: ["median of", "length"],
          rows: [
            ["asked", lengths.asked],
            ["granted", lengths.granted],
            ["used", lengths.used],
          ].flatMap(([name, seconds]) =>
            typeof seconds === "number" ? [[name as string, span(seconds)]] : [],
          ),
          none: "Nothing was asked for.",
        },
      ],
      {
        kind: "tenths",
        label: "Sessions by the share of their granted time that was used",
        values: lengths.tenths,
      },
    ),
    section(
      "officeHours",
      "Outside office hours",
      `Requests made outside Monday to Friday, ${clock(office.opens)} to ${clock(office.closes)}, ${office.timeZone}. Public holidays are not known here.`,
      [
        {
          head: ["request", "made (UTC)", "who", "access", "local time"],
          rows: figures.outside.map((one) => [...itemCells(one), one.local]),
          none: "Every request was made in office hours.",
        },
      ],
      {
        kind: "hours",
        label: `Requests by weekday and hour, ${office.timeZone}`,
        rows: figures.byHour,
        opens: office.opens / 60,
        closes: office.closes / 60,
      },
    ),
  ];
}
