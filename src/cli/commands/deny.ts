import { JitError } from "../../error.ts";
import { denyRequest } from "../../session/approve/decide.ts";
import { historyOf } from "../../session/approve/history.ts";
import { checkDenial, reviewRequest } from "../../session/approve/review.ts";
import {
  checkComment,
  commentOf,
  decided,
  decidePorts,
  mustBeConfirmed,
  requestArgument,
  selfOf,
} from "../approvals.ts";
import { whatIsWrong } from "../ask.ts";
import { connect } from "../compose.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { askText, confirm } from "../prompts.ts";
import { reviewLines } from "../render/review.ts";
import { noticeLine } from "../render/session.ts";
import { clean } from "../style.ts";

/** `jit deny REQUEST --reason …`: says no, which ends it; a requester withdraws the own request so. */
export async function deny(context: Context): Promise<number> {
  const request = requestArgument(context);
  mustBeConfirmed(context);
  const isAsked = context.terminal.interactive && !isOn(context, "yes");
  const given = commentOf(context, text(context, "reason"), "reason");
  if (given === "" && !isAsked) throw reasonMissing();
  const connection = await connect(context);
  const ports = decidePorts(connection);
  const { self, review } = await context.terminal.progress("Verifying the request", async () => {
    const one = await selfOf(connection, ports.reader);
    return { self: one, review: await reviewRequest(ports, one, request, ports.reader) };
  });
  checkDenial(review);
  if (!context.json && !isOn(context, "yes")) {
    const history = await historyOf(ports.store, ports.reader, review.found, connection.clock.now());
    for (const line of reviewLines(context, review, history)) context.terminal.note(line);
  }
  const comment = given === "" ? await askReason(context) : given;
  if (!isOn(context, "yes") && !(await confirm(context, "Deny it?", "--yes")))
    throw new JitError("CANCELLED", "cancelled; nothing was denied and nothing was written");
  const { inheritedSourceIdentity } = connection;
  const { isLate } = await context.terminal.progress("Denying", () =>
    denyRequest(ports, { self, review, comment, inheritedSourceIdentity }),
  );
  connection.tell(decided("denied", review, connection, comment));
  if (isLate) {
    const message = `somebody was issuing it already: if a session comes of it, \`jit revoke ${request}\` ends it`;
    context.terminal.note(noticeLine(context, { code: "CLAIM_TAKEN", message }));
  }
  if (context.json) printJson(context, { request, status: "denied", ...(isLate ? { claimed: true } : {}) });
  else {
    const { terminal, style } = context;
    terminal.print(
      `${style.good("✓")} ${review.isOwn ? "withdrawn" : "denied"}: ${clean(review.found.request.record.targets.join(" "))}`,
    );
  }
  return 0;
}

async function askReason(context: Context): Promise<string> {
  const message = "Why not? (the requester is told)";
  const check = (typed: string) =>
    typed.trim() === "" ? "the requester is told why" : whatIsWrong(() => checkComment(typed, "reason"));
  return commentOf(context, await askText(context, { message, flag: "--reason", check }), "reason");
}

function reasonMissing(): JitError {
  return new JitError("FLAG_MISSING", "--reason is missing: the requester is told why", {
    hint: "give --reason",
  });
}
