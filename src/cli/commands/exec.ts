import { JitError } from "../../error.ts";
import { refuseNesting } from "../../session/child-environment.ts";
import type { ContainerEndpoint } from "../../session/container-endpoint.ts";
import { runUnderSession } from "../../session/exec.ts";
import type { Notice, Session } from "../../session/types.ts";
import { endInBackground } from "../compose/end-in-background.ts";
import { execPorts, systemRandom } from "../compose/local.ts";
import { type Context, isOn, text } from "../context.ts";
import { checkLease, checkNarrowed, checkNarrowedSession, leaseSeconds, narrowingOf } from "../narrowing.ts";
import { clockTime, noticeLine } from "../render/session.ts";
import { wrap } from "../style.ts";
import { isTerminal } from "../terminal.ts";
import { sessionAgain, usableSession } from "./credentials.ts";

/** `jit exec [TARGET…] [-- COMMAND]`: its exit code passes through; the wrapper's own failure is 125. */
export async function exec(context: Context): Promise<number> {
  const { words, isShell } = commandOf(context);
  const [command = "", ...args] = words;
  // Before anything is asked for.
  refuseNesting(context.env, context.platform);
  const wanted = await narrowingOf(context);
  const session = await usableSession(context, {
    asks: (targets) => checkNarrowed(wanted, targets, new Date()),
    confirm: async ({ duration }) => checkLease(wanted, duration),
    found: (one) => checkNarrowedSession(wanted, one),
  });
  const note = (notice: Notice) => context.terminal.note(noticeLine(context, notice));
  const seconds = leaseSeconds(wanted, session);
  const endpoint =
    seconds === undefined ? undefined : await openEndpoint(context, session, seconds, wanted.only, note);
  try {
    if (isShell) tellShell(context, session);
    context.releaseSignals();
    const outcome = await runUnderSession(
      {
        ...(await execPorts(context)),
        ending: (one) => endInBackground(one, text(context, "profile"), context.env),
      },
      {
        session,
        command,
        args,
        parentEnvironment: context.env,
        platform: context.platform,
        endpoint,
        forgetAfter: isOn(context, "forget"),
      },
    );
    for (const notice of outcome.notices) note(notice);
    if (outcome.end.kind === "notFound") context.terminal.note(`jit: ${command}: command not found`);
    if (outcome.end.kind === "notExecutable") context.terminal.note(`jit: ${command}: cannot be executed`);
    return outcome.exitCode;
  } finally {
    await endpoint?.close();
  }
}

/** Leases for the child, from an endpoint of its own: it never holds the session itself. */
async function openEndpoint(
  context: Context,
  session: Session,
  seconds: number,
  only: readonly string[],
  notice: (notice: Notice) => void,
): Promise<ContainerEndpoint> {
  const { leasesOf } = await import("../../session/lease.ts");
  const { startContainerEndpoint } = await import("../../session/container-endpoint.ts");
  const { leaseService } = await import("../compose.ts");
  const service = await leaseService(context, session);
  const leases = leasesOf(
    { ...service, session: () => sessionAgain(context), notice },
    { seconds, only, required: session.lease !== undefined },
  );
  return await startContainerEndpoint(systemRandom, leases);
}

/**
 * What stands behind `--`; without it the person's shell, as other wrappers do: on a terminal alone, where somebody types
 * what it is to do.
 */
function commandOf(context: Context): { readonly words: readonly string[]; readonly isShell: boolean } {
  const { args, after } = context.invocation;
  if (after !== undefined && after.length > 0) return { words: after, isShell: false };
  if (after === undefined && args.length > 1 && args.some((arg) => !arg.includes(":"))) {
    throw new JitError("USAGE", "put `--` between the targets and the command", {
      hint: `jit exec ${args[0] ?? "TARGET"} -- ${args.slice(1).join(" ")}`,
    });
  }
  if (!isTerminal(0)) {
    throw new JitError("USAGE", "no command is named, and there is no terminal for a shell", {
      hint: `jit exec ${args.length === 0 ? "STORE:ACCESS" : args.join(" ")} -- COMMAND`,
    });
  }
  const windows = context.platform === "win32";
  const shell = context.env[windows ? "COMSPEC" : "SHELL"] || (windows ? "cmd.exe" : "/bin/sh");
  return { words: [shell], isShell: true };
}

/** What a shell was opened for, before its first prompt. */
function tellShell({ terminal, style }: Context, session: Session): void {
  const what =
    `${style.good("✓")} ${style.name(session.targets.join(" "))} is open in this shell until ` +
    `${clockTime(session.notAfter)} (request ${session.request}); \`exit\` leaves it`;
  terminal.note(wrap(what, terminal.noteColumns, "  "));
}
