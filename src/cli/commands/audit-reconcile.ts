import { parseMoment, periodOf } from "../../audit/log/moment.ts";
import type { Reconciled } from "../../audit/reconcile/reconcile.ts";
import { formatTime } from "../../audit/time.ts";
import { openReconcile } from "../compose/audit.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { type ExitName, exitCodes } from "../exit-codes.ts";
import { chosenIn, reconcilePeriod } from "../reconciling.ts";
import { printReconciled } from "../render/reconcile.ts";

/** `jit audit reconcile`: what AWS says of sessions against what the records say; exit 0 only if nothing is wrong, and something was compared. */
export async function auditReconcile(context: Context): Promise<number> {
  const chosen = chosenIn(context);
  const { audit, trails } = await openReconcile(context);
  const now = audit.clock.now();
  const since = parseMoment(text(context, "since") ?? "24h", now, "start", "--since");
  const asked = text(context, "until");
  const until = asked === undefined ? now : parseMoment(asked, now, "end", "--until");
  const period = periodOf(since, until < now ? until : now);
  const report = await context.terminal.progress("Comparing CloudTrail with the records", () =>
    reconcilePeriod({ audit, trails }, chosen, { period, now, strict: isOn(context, "strict") }),
  );
  if (context.json) printJson(context, reportJson(report));
  else printReconciled(context, report);
  return exitCodes[exitOfReconciled(report)].code;
}

function exitOfReconciled({ ok, compared, bySeverity }: Reconciled): ExitName {
  if (bySeverity.invalid === 0 && !compared) return "nothing";
  return ok ? "ok" : "found";
}

function reportJson({ findings, ...report }: Reconciled) {
  return {
    ...report,
    findings: findings.map(({ at, request, ...found }) => ({
      ...found,
      at: at === undefined ? null : formatTime(new Date(at * 1000)),
      request: request ?? null,
    })),
  };
}
