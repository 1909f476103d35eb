import { JitError } from "../../error.ts";
import { type OutputFormat, outputFormats, printCredentials } from "../../session/credentials-output.ts";
import type { Session } from "../../session/types.ts";
import { warmSessionHere } from "../compose/local.ts";
import { type Context, text } from "../context.ts";
import { noticeLine } from "../render/session.ts";
import { tellUnused } from "../unused.ts";

/**
 * `jit credentials TARGET…`, as `credential_process` runs it: it never asks, and its one answer is JSON. A warm one is
 * answered by `bin/jit.js` already.
 */
export async function credentials(context: Context): Promise<number> {
  context.terminal.raw(printCredentials(await usableSession(context), "process"));
  return 0;
}

/** `jit env TARGET… --format …` */
export async function env(context: Context): Promise<number> {
  const format = text(context, "format") ?? "env";
  if (!isFormat(format))
    throw new JitError("USAGE", `there is no format ${format}`, { hint: outputFormats.join(", ") });
  context.terminal.raw(printCredentials(await usableSession(context), format));
  return 0;
}

/** A session that works, or the error that says why there is none. Typed flags that it did not take are named. */
export async function usableSession(context: Context): Promise<Session> {
  const { session, anew } = await findSession(context);
  if (!anew) tellUnused(context, session);
  return session;
}

/** As `usableSession`, for renewals while a command runs: nothing is said twice. */
export async function sessionAgain(context: Context): Promise<Session> {
  return (await findSession(context)).session;
}

async function findSession(context: Context): Promise<{ readonly session: Session; readonly anew: boolean }> {
  const warm = await warmSessionHere(context, context.invocation.args);
  if (warm !== undefined) return { session: warm, anew: false };
  const { connect } = await import("../compose.ts");
  const { obtain, targetsFor } = await import("../obtain.ts");
  const connection = await connect(context);
  const targets = await targetsFor(context, connection);
  const obtained = await obtain(context, connection, targets);
  if (obtained.kind === "refused") {
    throw new JitError("REFUSED", `refused by ${obtained.rule}: ${obtained.message}`);
  }
  if (obtained.kind === "pending") {
    throw new JitError("PENDING", `request ${obtained.request} waits for ${obtained.quorum} approval(s)`, {
      hint: "run the command again once it is approved",
    });
  }
  for (const notice of obtained.notices) context.terminal.note(noticeLine(context, notice));
  return { session: obtained.session, anew: obtained.kind === "granted" };
}

function isFormat(format: string): format is OutputFormat {
  return outputFormats.some((known) => known === format);
}
