import { formatDuration } from "../../access/duration.ts";
import { describe } from "../../access/policy/describe.ts";
import type { Emergency } from "../../session/break-glass/review-debt.ts";
import type { Context } from "../context.ts";
import { clean, wrap } from "../style.ts";
import { openedLines } from "./opened.ts";
import { clockTime } from "./session.ts";
import { gradedName } from "./who.ts";

/** What breaking the glass means, before it is done. */
export function breakGlassLines({ terminal, style }: Context): readonly string[] {
  return [
    style.bad("BREAK-GLASS: nobody agrees to this beforehand"),
    `  ${wrap("It is for emergencies. Whom the catalog names is told at once, and another person reviews afterwards whether it was justified.", terminal.columns - 2, "  ")}`,
  ];
}

/** An emergency for who judges it; all of it verified. */
export function emergencyLines(
  { terminal, style }: Context,
  { found: { request }, targets, texts }: Emergency,
): string[] {
  const { record } = request;
  const line = (label: string, value: string) =>
    `  ${style.dim(label.padEnd(11))}${wrap(value, terminal.columns, " ".repeat(13))}`;
  return [
    style.strong(`${clean(record.targets.join(" "))} for ${formatDuration(record.duration)}, by break-glass`),
    line("request", `${record.request}, made ${clockTime(new Date(record.at))}`),
    line("by", clean(gradedName(record.by.arn, request.writer.grade))),
    line("purpose", clean(record.purpose)),
    line("reason", reasonText(texts)),
    ...(texts.ticket === undefined ? [] : [line("ticket", clean(texts.ticket))]),
    `  ${style.dim("opened")}`,
    ...openedLines(describe(targets), terminal.columns, "    "),
    line("did", `jit audit show ${record.request}`),
  ];
}

/** What was said in the emergency. */
export function reasonText({ reason }: Emergency["texts"]): string {
  return clean(reason ?? "kept elsewhere, and not to be read from here");
}
