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
import { gradedName, shortNames } from "../render/who.ts";
import { clean, table, wrap } from "../style.ts";

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
    const names = shortNames(shown.map(({ found }) => found.request.record.by));
    const rows = shown.map(({ found, standing }) => {
      const { record } = found.request;
      return [
        record.request,
        clean(record.targets.join(" ")),
        formatDuration(record.duration),
        `${standing.approvals.length} of ${standing.terms.quorum}`,
      ];
    });
    const paint = (cell: string, row: number, column: number) =>
      row === 0 ? style.dim(cell) : column === 1 ? style.name(cell) : cell;
    const lines = table([["REQUEST", "TARGET", "FOR", "APPROVED"], ...rows], paint).split("\n");
    for (const [index, line] of lines.entries()) {
      terminal.print(line);
      const one = shown[index - 1];
      if (one === undefined) continue;
      // On a line of its own: beside the rest, it would not fit 80 columns.
      const { record, writer } = one.found.request;
      const who = gradedName(names.get(record.by.userid) ?? record.by.arn, writer.grade);
      const below = `by ${clean(who)}, until ${clockTime(one.standing.closesAt)}; ${whatNow(one)}`;
      terminal.print(`  ${wrap(below, terminal.columns, "  ")}`);
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
