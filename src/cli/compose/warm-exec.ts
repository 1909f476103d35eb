import { childProcesses } from "../../local/child-processes.ts";
import { monotonic } from "../../local/monotonic.ts";
import { runUnderSession } from "../../session/exec.ts";
import { onlyHarmless, parseTargets, warmSession } from "../../session/warm.ts";
import { isTerminal } from "../terminal.ts";
import { endInBackground } from "./end-in-background.ts";

/**
 * `jit exec TARGET… -- COMMAND` with a session that is here, and nothing out of the ordinary: no flags, no lease, no
 * nesting. Loads neither commander nor anything else that this does not need.
 * @returns the exit code; `undefined` where the whole program decides
 */
export async function execWarm(argv: readonly string[]): Promise<number | undefined> {
  const dashes = argv.indexOf("--");
  if (dashes < 0) return undefined;
  const targets = parseTargets(argv.slice(1, dashes));
  const command = argv[dashes + 1];
  const args = argv.slice(dashes + 2);
  const { platform } = process;
  // Each look at the real one is a call to the system; that of Windows knows names in any case, a copy does not.
  const env = platform === "win32" ? process.env : { ...process.env };
  if (command === undefined || targets === undefined || env["JIT_SESSION"] || !onlyHarmless(env))
    return undefined;
  const files = process.getBuiltinModule("fs");
  const session = warmSession(targets, {
    env,
    platform,
    uid: process.getuid?.(),
    now: Date.now(),
    files,
  });
  if (session === undefined || session.lease !== undefined) return undefined;
  const outcome = await runUnderSession(
    {
      children: childProcesses(() => isTerminal(0)),
      monotonic,
      ending: (one) => endInBackground(one, undefined, env),
      forget: async () => undefined,
    },
    { session, command, args, parentEnvironment: env, platform, endpoint: undefined, forgetAfter: false },
  );
  const { end } = outcome;
  for (const { message, code } of outcome.notices) files.writeSync(2, `note: ${message} [${code}]\n`);
  if (end.kind === "notFound") files.writeSync(2, `jit: ${shown(command)}: command not found\n`);
  if (end.kind === "notExecutable") files.writeSync(2, `jit: ${shown(command)}: cannot be executed\n`);
  return outcome.exitCode;
}

/**
 * What steers a terminal or cannot be seen is left out: the table of all such characters would be loaded for each call. No
 * literal, since V8 makes up its classes while it parses this file, whether it is used or not: that took a twentieth of a call.
 */
function shown(command: string): string {
  const visible = "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}";
  return command.replace(new RegExp(`[^${visible} ]`, "gu"), "?");
}
