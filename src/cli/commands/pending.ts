import { formatDuration } from "../../access/duration.ts";
import { codeOf } from "../../error.ts";
import type { Self } from "../../session/approve/approver.ts";
import { pendingRequests } from "../../session/approve/pending.ts";
import type { Review } from "../../session/approve/review.ts";
import { decidePorts, selfOf } from "../approvals.ts";
import { connect } from "../compose.ts";
import { type Context, printJson } from "../context.ts";
import { reviewJson } from "../render/review.ts";
import { clockTime } from "../render/session.ts";
import { clean, table } from "../style.ts";

/** `jit pending`: the requests that wait for approvals, each of them verified. */
export async function pending(context: Context): Promise<number> {
  const connection = await connect(context);
  const ports = decidePorts(connection);
  const { shown, left, unclear } = await context.terminal.progress("Looking for requests", async () => {
    const self = await selfOf(connection, ports.reader).catch(unlessNotAttested);
    return await pendingRequests(ports, ports.reader, self);
  });
  if (context.json) {
    printJson(context, { pending: shown.map(reviewJson), left, unclear });
    return 0;
  }
  const { terminal, style } = context;
  if (shown.length === 0) terminal.print("no request waits for an approval");
  else {
    const rows = shown.map((one) => {
      const { record } = one.found.request;
      return [
        record.request,
        clean(record.targets.join(" ")),
        clean(record.by.arn.split(":").at(-1) ?? ""),
        formatDuration(record.duration),
        `${one.standing.approvals.length} of ${one.standing.terms.quorum}`,
        clockTime(one.standing.closesAt),
      ];
    });
    const paint = (cell: string, row: number, column: number) =>
      row === 0 ? style.dim(cell) : column === 1 ? style.name(cell) : cell;
    const lines = table([["REQUEST", "TARGET", "BY", "FOR", "APPROVED", "UNTIL"], ...rows], paint).split(
      "\n",
    );
    for (const [index, line] of lines.entries()) {
      const one = shown[index - 1];
      // On a line of its own: beside the rest, it would not fit 80 columns.
      terminal.print(one === undefined ? line : `${line}\n  ${whatNow(one)}`);
    }
  }
  if (shown.some((one) => whatNow(one) === "yours to decide"))
    terminal.note(style.dim("  jit approve REQUEST shows all of it and asks; jit deny REQUEST --reason …"));
  if (left > 0) terminal.note(style.warn(`${left} more were not read; the oldest are shown`));
  for (const { request, code } of unclear) terminal.note(style.dim(`  not shown: ${request} (${code})`));
  return 0;
}

function whatNow({ isOwn, mayApprove, approval, isApprovalOfKey, standing, found }: Review): string {
  if (isOwn) return "your own";
  if (approval !== undefined) {
    const stopped = standing.state === "approved" && found.request.record.issuer === "approver";
    return stopped && isApprovalOfKey ? "approved; approve again to issue" : "approved by you";
  }
  return mayApprove ? "yours to decide" : "for others";
}

function unlessNotAttested(error: unknown): Self | undefined {
  if (codeOf(error) === "APPROVER_NOT_ATTESTED") return undefined;
  throw error;
}
