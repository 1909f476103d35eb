import type { ChildProcess } from "node:child_process";
import { codeOf, JitError } from "../error.ts";
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

/** @param hasTerminal whether a person is surely at the keyboard, asked when a signal comes; where not, the terminal's group tells */
export function childProcesses(hasTerminal: () => boolean): ChildProcesses {
  return {
    run: async ({ command, args, environment }) => {
      const { spawn } = process.getBuiltinModule("child_process");
      let child: ChildProcess | undefined;
      // Before there is a child: what it answers to, it may be sent as soon as it runs.
      const handlers = forwarded.map((signal) => {
        const handler = () => {
          const known = fromTheKeyboard.has(signal) && (hasTerminal() || isInForeground());
          if (!known) child?.kill(signal);
        };
        process.on(signal, handler);
        return { signal, handler };
      });
      try {
        child = spawn(command, [...args], { stdio: "inherit", env: environment, windowsHide: false });
        return await endOf(child);
      } catch (error) {
        // Node emits the common failures and throws the others, such as E2BIG.
        return notStarted(error);
      } finally {
        // A turn later: who has nothing left to wait for ends before it.
        setImmediate(() => {
          for (const { signal, handler } of handlers) process.off(signal, handler);
        });
      }
    },
  };
}

/** @throws what Node emits where it could not be started */
function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      resolve(
        signal === null ? { kind: "exited", code: code ?? 1 } : { kind: "killed", signal: numberOf(signal) },
      ),
    );
  });
}

/**
 * Whether the terminal's keys reach this process, though its input may be a pipe (`producer | jit exec …`). On Linux by
 * proc(5), `/proc/self/stat`: field 5 is our group, 8 the terminal's foreground group, -1 without one. Elsewhere a
 * terminal at any of the streams has to do.
 */
function isInForeground(): boolean {
  if (process.platform === "linux") {
    try {
      const stat = process.getBuiltinModule("fs").readFileSync("/proc/self/stat", "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[2] === fields[5];
    } catch {
      // No /proc: as elsewhere.
    }
  }
  const { isatty } = process.getBuiltinModule("tty");
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}

/** @throws JitError `CHILD_FAILED` where the command itself is not to blame */
function notStarted(error: unknown): ChildEnd {
  const code = codeOf(error) ?? "unknown";
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return { kind: "notFound" };
  if (["EACCES", "EPERM", "ENOEXEC", "ELOOP", "EISDIR"].includes(code)) return { kind: "notExecutable" };
  // Without a cause: Node's error holds the arguments, and they may be secret.
  throw new JitError("CHILD_FAILED", `the command cannot be started (${code})`, { hint: hints[code] });
}

const hints: Readonly<Record<string, string>> = {
  E2BIG: "its arguments and environment are longer than this system takes",
  EAGAIN: "this system has too many processes: try again",
  EMFILE: "this system has too many open files: try again",
  ENFILE: "this system has too many open files: try again",
  ENOMEM: "this system is out of memory: try again",
  ERR_INVALID_ARG_VALUE: "a NUL character is in the command, its arguments or the environment",
  EINVAL: "on Windows a .cmd or .bat file needs: cmd /c NAME",
};

function numberOf(signal: NodeJS.Signals): number {
  return process.getBuiltinModule("os").constants.signals[signal] ?? 1;
}
