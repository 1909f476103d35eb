import type { EndedCommand } from "../../session/exec.ts";

/** Holds what `jit audit end` is to record. Environments, unlike arguments, are their owner's to read alone. */
export const endedVariable = "JIT_ENDED";

/** UTF-16 code units; Linux takes 131,072 bytes in one variable, and a unit is three bytes at most. */
const longestVariable = 40_000;

/**
 * Lets another process write the end record, so that nobody waits for it: it inherits the environment, and what it has
 * signed and cannot send, the next run sends. In a pipeline the machine may be gone in a moment: there it is waited for.
 * It is told nothing secret of the session; what is too long for a variable goes through a pipe, which takes longer.
 * @param session what will have ended: all that can be made ready is, before the command ends
 */
export function endInBackground(
  { request, requestHash, issueHash, organization, identity: { userid } }: EndedCommand["session"],
  profile: string | undefined,
  environment: NodeJS.ProcessEnv,
): (ended: EndedCommand) => Promise<void> {
  const session = { request, requestHash, issueHash, organization, identity: { userid } };
  const args = [
    process.argv[1] ?? "",
    "audit",
    "end",
    ...(profile === undefined ? [] : ["--profile", profile]),
  ];
  const env: NodeJS.ProcessEnv = { ...environment, [endedVariable]: "" };
  const wait = (env["CI"] ?? "") !== "";
  return async (ended) => {
    const { spawn } = process.getBuiltinModule("child_process");
    const told = JSON.stringify({ ...ended, session });
    const piped = told.length > longestVariable;
    if (!piped) env[endedVariable] = told;
    const child = spawn(process.execPath, args, {
      env,
      stdio: [piped ? "pipe" : "ignore", "ignore", wait ? "inherit" : "ignore"],
      detached: !wait,
      windowsHide: true,
    });
    if (!wait) child.unref();
    // That it cannot be started leaves the session without an end, which is what the records then truly say.
    child.once("error", () => undefined);
    const { stdin } = child;
    stdin?.on("error", () => undefined);
    if (stdin !== null) await new Promise<void>((resolve) => stdin.end(told, () => resolve()));
    if (wait) await new Promise<void>((resolve) => child.once("close", () => resolve()));
  };
}
