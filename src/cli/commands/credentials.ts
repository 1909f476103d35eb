import type { Target } from "../../access/types.ts";
import { JitError } from "../../error.ts";
import { cachedAs } from "../../session/cache-name.ts";
import {
  credentialVariables,
  type OutputFormat,
  outputFormats,
  printCredentials,
} from "../../session/credentials-output.ts";
import type { Session } from "../../session/types.ts";
import { warmSessionHere } from "../compose/local.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import type { Wish } from "../obtain.ts";
import { approvalsText, noticeLine } from "../render/session.ts";
import { tellUnused } from "../unused.ts";

/**
 * `jit credentials TARGET…`, as `credential_process` runs it: it never asks, and its one answer is JSON. A warm one is
 * answered by `bin/jit.js` already.
 */
export async function credentials(context: Context): Promise<number> {
  context.terminal.raw(printCredentials(await usableSession(context), "process"));
  return 0;
}

/** `jit env [TARGET…] --format …`; with `--json` the variables as one object. */
export async function env(context: Context): Promise<number> {
  if (context.json && context.invocation.typed.includes("format")) {
    throw new JitError("USAGE", "--json and --format are two formats", { hint: "give one of them" });
  }
  if (context.json) {
    printJson(context, credentialVariables(await usableSession(context)));
    return 0;
  }
  const format = text(context, "format") ?? "env";
  if (!isFormat(format))
    throw new JitError("USAGE", `there is no format ${format}`, { hint: outputFormats.join(", ") });
  context.terminal.raw(printCredentials(await usableSession(context), format));
  return 0;
}

/** What a caller has to say to a session before it is used, by throwing. */
export interface SessionChecks {
  /** Before anything is asked for. */
  asks?(targets: readonly Target[]): Promise<void>;
  /** Before anything is written. */
  confirm?(wish: Wish): Promise<void>;
  /** To one that is there already. */
  found?(session: Session): Promise<void>;
}

/** A session that works, or the error that says why there is none. What was typed in vain, or not typed at all, is named. */
export async function usableSession(context: Context, checks: SessionChecks = {}): Promise<Session> {
  const targets = await namedTargets(context);
  if (targets.length > 0 && context.invocation.args.length === 0) {
    const message = `.jit/config.yaml names ${targets.join(" ")}`;
    context.terminal.note(noticeLine(context, { code: "PROJECT_TARGETS", message }));
  }
  const { session, anew } = await findSession(context, targets, checks);
  if (session.breakGlass === true) {
    const message = `the glass is broken for ${session.targets.join(" ")} (${session.request}): each use will be reviewed`;
    context.terminal.note(noticeLine(context, { code: "BREAK_GLASS_USED", message }));
  }
  if (anew) return session;
  await checks.found?.(session);
  tellUnused(context, session);
  return session;
}

/** As `usableSession`, for renewals while a command runs: nothing is said twice. */
export async function sessionAgain(context: Context): Promise<Session> {
  return (await findSession(context, await namedTargets(context))).session;
}

async function findSession(
  context: Context,
  named: readonly string[],
  { asks, confirm }: SessionChecks = {},
): Promise<{ readonly session: Session; readonly anew: boolean }> {
  const warm = await warmSessionHere(context, cachedAs(named, isOn(context, "breakGlass")));
  if (warm !== undefined) return { session: warm, anew: false };
  const { connect } = await import("../compose.ts");
  const { obtain, targetsFor } = await import("../obtain.ts");
  const connection = await connect(context);
  const targets = await targetsFor(context, connection);
  await asks?.(targets);
  const obtained = await obtain(context, connection, targets, confirm === undefined ? {} : { confirm });
  if (obtained.kind === "refused") {
    throw new JitError("REFUSED", `refused by ${obtained.rule}: ${obtained.message}`);
  }
  if (obtained.kind === "pending") {
    throw new JitError("PENDING", `request ${obtained.request} waits for ${approvalsText(obtained.quorum)}`, {
      hint: "run the command again once it is approved",
    });
  }
  if (obtained.kind === "scheduled") {
    throw new JitError("WINDOW_NOT_OPEN", `request ${obtained.request} is for a window that opens later`, {
      hint: "run the command again then",
    });
  }
  for (const notice of obtained.notices) context.terminal.note(noticeLine(context, notice));
  return { session: obtained.session, anew: obtained.kind === "granted" };
}

/** As they stand on the command line, else in the project's file. */
async function namedTargets(context: Context): Promise<readonly string[]> {
  const { args } = context.invocation;
  if (args.length > 0) return args;
  const { projectOf } = await import("../compose/pinned.ts");
  return (await projectOf(context)).targets;
}

function isFormat(format: string): format is OutputFormat {
  return outputFormats.some((known) => known === format);
}
