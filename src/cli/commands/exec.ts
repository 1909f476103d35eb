import { parseDuration } from "../../access/duration.ts";
import { JitError } from "../../error.ts";
import { refuseNesting } from "../../session/child-environment.ts";
import type { ContainerEndpoint } from "../../session/container-endpoint.ts";
import { runUnderSession } from "../../session/exec.ts";
import type { Notice, Session } from "../../session/types.ts";
import { endInBackground } from "../compose/end-in-background.ts";
import { execPorts, systemRandom } from "../compose/local.ts";
import { type Context, isOn, text } from "../context.ts";
import { noticeLine } from "../render/session.ts";
import { sessionAgain, usableSession } from "./credentials.ts";

/** `jit exec TARGET… -- COMMAND`: its exit code passes through; the wrapper's own failure is 125. */
export async function exec(context: Context): Promise<number> {
  const [command = "", ...args] = commandOf(context);
  // Before anything is asked for.
  refuseNesting(context.env, context.platform);
  const wanted = await leaseWanted(context);
  const session = await usableSession(context);
  const note = (notice: Notice) => context.terminal.note(noticeLine(context, notice));
  const seconds = leaseSeconds(wanted, session);
  const endpoint =
    seconds === undefined ? undefined : await openEndpoint(context, session, seconds, wanted.only, note);
  try {
    const outcome = await runUnderSession(
      {
        ...(await execPorts(context)),
        end: async (ended) => await endInBackground(text(context, "profile"), ended),
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

/** What stands behind `--`; without it the person's shell, as other wrappers do. */
function commandOf(context: Context): readonly string[] {
  const { after } = context.invocation;
  if (after !== undefined && after.length > 0) return after;
  const shell = context.platform === "win32" ? context.env["COMSPEC"] : context.env["SHELL"];
  if (after === undefined && context.invocation.args.some((arg) => !arg.includes(":"))) {
    throw new JitError("USAGE", "put `--` between the targets and the command", {
      hint: `jit exec ${context.invocation.args[0] ?? "TARGET"} -- ${context.invocation.args.slice(1).join(" ")}`,
    });
  }
  return [shell ?? (context.platform === "win32" ? "cmd.exe" : "/bin/sh")];
}

interface LeaseWanted {
  readonly seconds: number | undefined;
  readonly only: readonly string[];
}

/** What is wrong with it is said before anything is asked for. */
async function leaseWanted(context: Context): Promise<LeaseWanted> {
  const lease = text(context, "lease");
  const flag = context.invocation.flags["only"];
  const only = Array.isArray(flag)
    ? flag.filter((action): action is string => typeof action === "string")
    : [];
  if (only.length > 0) (await import("../../access/policy/narrow.ts")).narrowPolicy(only);
  return { seconds: lease === undefined ? undefined : parseDuration(lease), only };
}

/** How long a lease lives: what was asked for, never more than the catalog's; five minutes where only `--only` was. */
function leaseSeconds({ seconds, only }: LeaseWanted, session: Session): number | undefined {
  const lengths = [seconds, session.lease].filter((length) => length !== undefined);
  if (lengths.length > 0) return Math.min(...lengths);
  return only.length > 0 ? 300 : undefined;
}
