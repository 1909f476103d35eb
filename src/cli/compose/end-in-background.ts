import type { EndedCommand } from "../../session/exec.ts";

/**
 * Lets another process write the end record, so that nobody waits for it: it inherits the environment, and what it has
 * signed and cannot send, the next run sends. In a pipeline the machine may be gone in a moment: there it is waited for.
 * It is told nothing secret of the session; the command's arguments go through a pipe, where no process list shows them.
 */
export async function endInBackground(profile: string | undefined, ended: EndedCommand): Promise<void> {
  const { spawn } = process.getBuiltinModule("child_process");
  const wait = (process.env["CI"] ?? "") !== "";
  const { request, requestHash, issueHash } = ended.session;
  const told = { ...ended, session: { request, requestHash, issueHash } };
  const args = ["audit", "end", ...(profile === undefined ? [] : ["--profile", profile])];
  await new Promise<void>((resolve) => {
    const child = spawn(process.execPath, [process.argv[1] ?? "", ...args], {
      stdio: ["pipe", "ignore", wait ? "inherit" : "ignore"],
      detached: !wait,
      windowsHide: true,
    });
    child.once("error", () => resolve());
    child.stdin.on("error", () => resolve());
    child.stdin.end(JSON.stringify(told), () => {
      if (wait) return;
      child.unref();
      resolve();
    });
    if (wait) child.once("exit", () => resolve());
  });
}
