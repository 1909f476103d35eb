import { shortName } from "../../access/short-name.ts";
import { JitError } from "../../error.ts";
import { approveRequest } from "../../session/approve/decide.ts";
import { historyOf } from "../../session/approve/history.ts";
import { checkApproval, type Review, reviewRequest } from "../../session/approve/review.ts";
import { commentOf, decided, decidePorts, mustBeConfirmed, requestArgument, selfOf } from "../approvals.ts";
import { connect } from "../compose.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { confirm } from "../prompts.ts";
import { reviewLines } from "../render/review.ts";
import { clockTime, noticeLine } from "../render/session.ts";
import { clean } from "../style.ts";

/** `jit approve REQUEST`: shows all of it, verified, asks, and approves; the last approval issues where approvers do. */
export async function approve(context: Context): Promise<number> {
  const request = requestArgument(context);
  mustBeConfirmed(context);
  const comment = commentOf(context, text(context, "comment"), "comment");
  const connection = await connect(context);
  const ports = decidePorts(connection);
  const { self, review } = await context.terminal.progress("Verifying the request", async () => {
    const one = await selfOf(connection, ports.reader);
    return { self: one, review: await reviewRequest(ports, one, request, ports.reader) };
  });
  const next = checkApproval(review);
  if (!context.json) {
    const now = connection.clock.now();
    const history = await historyOf(ports.store, ports.reader, review.found, now);
    for (const line of reviewLines(context, review, history)) context.terminal.note(line);
  }
  const question = next === "issue" ? "You have approved it. Issue it now?" : "Approve it?";
  if (!isOn(context, "yes") && !(await confirm(context, question, "--yes", false)))
    throw new JitError("CANCELLED", "cancelled; nothing was approved and nothing was written");
  const { inheritedSourceIdentity } = connection;
  const approved = await context.terminal.progress("Approving", () =>
    approveRequest(ports, { self, review, comment, inheritedSourceIdentity }),
  );
  if (next === "approve") connection.tell(decided("approved", review, connection, comment));
  if (approved.kind === "issued") {
    const { notAfter } = approved;
    connection.tell({ ...decided("issued", review, connection, ""), notAfter });
  }
  if (context.json) {
    printJson(context, { request, status: approved.kind, ...plain(approved) });
    return 0;
  }
  const { terminal, style } = context;
  if (approved.kind === "issued")
    for (const notice of approved.notices) terminal.note(noticeLine(context, notice));
  terminal.print(`${style.good("✓")} approved: ${clean(review.found.request.record.targets.join(" "))}`);
  terminal.print(`  ${whatFollows(approved, review)}`);
  return 0;
}

type Approved = Awaited<ReturnType<typeof approveRequest>>;

function plain(approved: Approved): Record<string, unknown> {
  if (approved.kind === "waiting") return { missing: approved.missing };
  if (approved.kind === "complete") return {};
  if (approved.kind === "early") return { opensAt: approved.opens };
  return { accessKeyId: approved.accessKeyId, notAfter: approved.notAfter };
}

function whatFollows(approved: Approved, { found }: Review): string {
  const who = clean(shortName(found.request.record.by.arn));
  if (approved.kind === "waiting") return `${approved.missing} more must agree`;
  if (approved.kind === "complete") return `${who}'s jit picks it up`;
  if (approved.kind === "early")
    return `all have agreed; at ${clockTime(approved.opens)} or later one of you approves it again, to issue it`;
  return `issued, and sealed to ${who}'s machine alone; it ends at ${clockTime(approved.notAfter)}`;
}
