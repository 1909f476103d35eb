import { isBrokenGlass } from "../access/break-glass.ts";
import { formatDuration } from "../access/duration.ts";
import { describe } from "../access/policy/describe.ts";
import { formatTarget } from "../access/target.ts";
import { JitError } from "../error.ts";
import type { Connection } from "./compose.ts";
import { type Context, isOn } from "./context.ts";
import type { Wish } from "./obtain.ts";
import type { Obtained } from "./obtained.ts";
import { confirm } from "./prompts.ts";
import { breakGlassLines } from "./render/break-glass.ts";
import { pendingLines, report, scheduledLines } from "./render/obtained.ts";
import { openedLines } from "./render/opened.ts";
import { clean } from "./style.ts";

/** What commands that ask for a session say before and after. */

/** What will be opened, before it is asked for. */
export function showWish(context: Context, { targets, duration, asked }: Wish): void {
  const { terminal, style } = context;
  if (isBrokenGlass(targets)) for (const line of breakGlassLines(context)) terminal.note(line);
  const names = targets.map(formatTarget).join(" ");
  terminal.note(
    `${style.strong(names)} for ${formatDuration(duration)}, purpose ${clean(asked.justification.purpose)}`,
  );
  for (const line of openedLines(describe(targets), terminal.columns, "  ")) terminal.note(line);
}

/** @throws JitError `FLAG_MISSING` where nobody can be asked and --yes is not there */
export function mustBreakOnPurpose(context: Context): void {
  if (context.terminal.interactive || isOn(context, "yes")) return;
  throw new JitError("FLAG_MISSING", "--yes is missing: nobody breaks the glass unasked", {
    hint: "give --yes where there is no terminal to ask on",
  });
}

/** Shows what will be asked for, and has it confirmed where somebody can be asked. @throws JitError `CANCELLED` */
export async function confirmWish(context: Context, wish: Wish): Promise<void> {
  showWish(context, wish);
  if (isOn(context, "yes") || !context.terminal.interactive) return;
  const isEmergency = isBrokenGlass(wish.targets);
  // Enter alone breaks nothing.
  if (!(await confirm(context, isEmergency ? "Break the glass?" : "Ask for this?", "--yes", !isEmergency))) {
    throw new JitError("CANCELLED", "cancelled; nothing was asked for and nothing was written");
  }
}

/** Reports what came of it; with --wait, after the approvals have come. */
export async function finish(
  context: Context,
  connection: Connection,
  obtained: Obtained,
  names: readonly string[],
): Promise<number> {
  const isWaiting = obtained.kind === "pending" || obtained.kind === "scheduled";
  if (!isWaiting || !isOn(context, "wait")) return report(context, obtained, names);
  const waiting = (await connection.waiting.list()).find(({ request }) => request === obtained.request);
  if (waiting === undefined) return report(context, obtained, names);
  const lines =
    obtained.kind === "pending"
      ? pendingLines(context, obtained, names)
      : scheduledLines(context, obtained, names);
  if (!context.json) for (const line of lines) context.terminal.note(line);
  const { waitFor } = await import("./waiting.ts");
  return report(context, await waitFor(context, connection, waiting), names);
}
