import { JitError } from "../error.ts";
import type { ChildEnd, ChildProcesses } from "../session/ports.ts";

/** Signals that are meant for the command, not for the wrapper. */
const forwarded: readonly NodeJS.Signals[] =
  process.platform === "win32"
    ? ["SIGINT", "SIGTERM", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"];

/**
 * What a terminal's keys send to the whole foreground group, the child included, as does Windows' console: sending it
 * again would be a second Ctrl-C.
 */
const fromTheKeyboard = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT", "SIGBREAK", "SIGWINCH", "SIGCONT"]);

export function childProcesses(hasTerminal: boolean): ChildProcesses {
  return {
    run: async ({ command, args, environment }) => {
      const { spawn } = process.getBuiltinModule("child_process");
      return await new Promise<ChildEnd>((resolve, reject) => {
        const child = spawn(command, [...args], { stdio: "inherit", env: environment, windowsHide: false });
        const handlers = forwarded.map((signal) => {
          const handler = () => {
            if (!(hasTerminal && fromTheKeyboard.has(signal))) child.kill(signal);
          };
          process.on(signal, handler);
          return { signal, handler };
        });
        const finish = (end: ChildEnd) => {
          for (const { signal, handler } of handlers) process.off(signal, handler);
          resolve(end);
        };
        child.once("error", (error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT" || error.code === "ENOTDIR") finish({ kind: "notFound" });
          else if (error.code === "EACCES" || error.code === "ENOEXEC" || error.code === "EPERM")
            finish({ kind: "notExecutable" });
          else {
            for (const { signal, handler } of handlers) process.off(signal, handler);
            reject(
              new JitError("CHILD_FAILED", `the command cannot be started (${error.code ?? error.name})`),
            );
          }
        });
        child.once("exit", (code, signal) => {
          finish(
            signal === null
              ? { kind: "exited", code: code ?? 1 }
              : { kind: "killed", signal: numberOf(signal) },
          );
        });
      });
    },
  };
}

function numberOf(signal: NodeJS.Signals): number {
  return process.getBuiltinModule("os").constants.signals[signal] ?? 1;
}
