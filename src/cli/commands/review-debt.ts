import { formatDuration } from "../../access/duration.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Self } from "../../session/approve/approver.ts";
import { readerOf } from "../../session/approve/ports.ts";
import {
  type DebtPorts,
  debtToSettle,
  type Emergency,
  reviewDebts,
  settleDebt,
  settleEmpty,
} from "../../session/break-glass/review-debt.ts";
import {
  casePorts,
  checkComment,
  commentOf,
  mustBeConfirmed,
  requestArgument,
  selfOf,
} from "../approvals.ts";
import { whatIsWrong } from "../ask.ts";
import { type Connection, connect } from "../compose.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { askText, choose, confirm } from "../prompts.ts";
import { emergencyLines, reasonText } from "../render/break-glass.ts";
import { clockTime } from "../render/session.ts";
import { gradedName, shortNames } from "../render/who.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit review-debt`: emergencies that nobody has reviewed, each of them verified. */
export async function reviewDebt(context: Context): Promise<number> {
  const connection = await connect(context);
  const ports = debtPorts(connection);
  const { shown, unclear, left } = await context.terminal.progress("Looking for emergencies", async () => {
    const self = await selfOf(connection, ports.reader).catch(unlessNotAttested);
    return await reviewDebts(ports, self);
  });
  if (context.json) {
    printJson(context, { open: shown.map(emergencyJson), unclear, left });
    return 0;
  }
  const { terminal, style } = context;
  if (shown.length === 0) terminal.print("no emergency waits for a review");
  else {
    const names = shortNames(shown.map(({ found }) => found.request.record.by));
    const rows = shown.map(({ found: { request } }) => {
      const { record } = request;
      return [
        record.request,
        clean(record.targets.join(" ")),
        clockTime(new Date(record.at)),
        formatDuration(record.duration),
      ];
    });
    const paint = (cell: string, row: number, column: number) =>
      row === 0 ? style.dim(cell) : column === 1 ? style.name(cell) : cell;
    const lines = table([["REQUEST", "TARGET", "AT", "FOR"], ...rows], paint).split("\n");
    for (const [index, line] of lines.entries()) {
      const one = shown[index - 1];
      // On a line of its own: beside the rest, it would not fit 80 columns.
      const whose = one?.isOwn ? "your own" : one?.mayReview ? "yours to review" : "for others";
      terminal.print(line);
      if (one === undefined) continue;
      const { record, writer } = one.found.request;
      const who = gradedName(names.get(record.by.userid) ?? record.by.arn, writer.grade);
      const below = `by ${clean(who)}; ${whose}: ${reasonText(one.texts)}`;
      terminal.print(`  ${wrap(below, terminal.columns, "  ")}`);
    }
    terminal.note(style.dim("  jit review-debt settle REQUEST shows all of it and asks for your verdict"));
  }
  for (const { request, userid, code } of unclear)
    terminal.note(style.warn(`  cannot be judged: ${request} by ${clean(userid)} (${code})`));
  if (left > 0) terminal.note(style.warn(`${left} more were not read; the oldest are shown`));
  return 0;
}

/** `jit review-debt settle REQUEST --verdict … --comment …`: another person's word on an emergency. */
export async function settle(context: Context): Promise<number> {
  const request = requestArgument(context);
  mustBeConfirmed(context);
  const isAsked = context.terminal.interactive && !isOn(context, "yes");
  const given = {
    verdict: text(context, "verdict"),
    comment: commentOf(context, text(context, "comment"), "comment"),
  };
  if (!isAsked) refuseMissing(given, request);
  const connection = await connect(context);
  const ports = debtPorts(connection);
  const found = await context.terminal.progress("Verifying the emergency", async () =>
    debtToSettle(ports, await selfOf(connection, ports.reader), request),
  );
  if (found.kind === "empty") {
    await settleEmpty(ports, found);
    if (context.json) printJson(context, { request, verdict: null });
    else context.terminal.print(`no record of ${request} was ever made, so it opened nothing: it is settled`);
    return 0;
  }
  const { emergency } = found;
  if (!context.json && isAsked)
    for (const line of emergencyLines(context, emergency)) context.terminal.note(line);
  const verdict = isVerdict(given.verdict) ? given.verdict : await askVerdict(context);
  const comment = given.comment === "" ? await askComment(context) : given.comment;
  if (isAsked && !(await confirm(context, `Settle ${request} as ${verdict}?`, "--yes", false)))
    throw new JitError("CANCELLED", "cancelled; nothing was settled and nothing was written");
  await context.terminal.progress("Settling", () =>
    settleDebt({ ...ports, issue: connection.request }, found, { verdict, comment }),
  );
  if (context.json) printJson(context, { ...emergencyJson(emergency), verdict });
  else {
    const { terminal, style } = context;
    const { by, targets } = emergency.found.request.record;
    const what = `${clean(targets.join(" "))} by ${clean(by.arn)} was ${verdict}`;
    terminal.print(`${style.good("✓")} ${wrap(what, terminal.columns, "  ")}`);
  }
  return 0;
}

type Verdict = "justified" | "unjustified";

function isVerdict(verdict: string | undefined): verdict is Verdict {
  return verdict === "justified" || verdict === "unjustified";
}

/** Where nobody can be asked. */
function refuseMissing(
  { verdict, comment }: { verdict: string | undefined; comment: string },
  request: string,
): void {
  if (!isVerdict(verdict)) {
    throw new JitError("FLAG_MISSING", "--verdict is missing: justified or unjustified", {
      hint: `\`jit audit show ${request}\` tells what was done`,
    });
  }
  if (comment === "") {
    throw new JitError("FLAG_MISSING", "--comment is missing: what the verdict rests on", {
      hint: "it stands in a record that nobody can change",
    });
  }
}

async function askVerdict(context: Context): Promise<Verdict> {
  const verdict = await choose(context, {
    message: "Was it justified?",
    flag: "--verdict",
    choices: [
      { value: "justified", title: "there was an emergency, and it took this" },
      { value: "unjustified", title: "it should have been asked for as every day" },
    ],
  });
  return verdict === "justified" ? verdict : "unjustified";
}

async function askComment(context: Context): Promise<string> {
  const message = "What does that rest on? (for the record)";
  const check = (typed: string) =>
    typed.trim() === "" ? "the record says why" : whatIsWrong(() => checkComment(typed, "comment"));
  return commentOf(context, await askText(context, { message, flag: "--comment", check }), "comment");
}

function debtPorts(connection: Connection): DebtPorts {
  const ports = casePorts(connection);
  const { bucket, catalogOf } = connection;
  return { ...ports, bucket, reader: readerOf(ports), catalogOf };
}

function emergencyJson({ found, isOwn, mayReview, texts }: Emergency): Record<string, unknown> {
  const { record, sha256, writer } = found.request;
  const { request, at, by, targets, role, duration, purpose } = record;
  return {
    request,
    requestHash: sha256,
    at,
    by,
    grade: writer.grade,
    targets,
    role,
    duration,
    purpose,
    reason: texts.reason ?? null,
    ticket: texts.ticket ?? null,
    isOwn,
    mayReview,
  };
}

function unlessNotAttested(error: unknown): Self | undefined {
  if (codeOf(error) === "APPROVER_NOT_ATTESTED") return undefined;
  throw error;
}
