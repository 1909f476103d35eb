import { spawn } from "node:child_process";
import { codeOf } from "../error.ts";
import type { Notice } from "../session/types.ts";

export interface HookInput {
  readonly body: string;
  /** Seconds. */
  readonly timeout: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
}

/** Characters of what a failed command said that are repeated. */
const repeated = 200;

/**
 * Runs a command of the signed catalog, without a shell: the message on its standard input, none of AWS's variables or
 * jit's in its environment. What it says is told only where it fails. With its children it is ended when its time is over.
 */
export async function runHook(
  [program = "", ...args]: readonly string[],
  { body, timeout, env, folder }: HookInput,
): Promise<Notice | undefined> {
  return await new Promise((done) => {
    const isGroup = process.platform !== "win32";
    let said = "";
    let ended = false;
    const finish = (failure: Notice | undefined) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      done(failure);
    };
    const child = spawn(program, args, {
      cwd: folder,
      env: withoutSecrets(env),
      shell: false,
      detached: isGroup,
      windowsHide: true,
      stdio: ["pipe", "ignore", "pipe"],
    });
    const timer = setTimeout(() => {
      finish({ code: "NOTIFY_DOWN", message: `it does not end within ${timeout} s` });
      child.stderr.destroy();
      try {
        if (isGroup && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        else child.kill("SIGKILL");
      } catch {
        // It has just ended.
      }
    }, timeout * 1000);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < repeated) said = (said + text).slice(0, repeated);
    });
    child.on("error", (error) =>
      finish({ code: "NOTIFY_COMMAND", message: `it cannot be started (${codeOf(error) ?? "unknown"})` }),
    );
    // Not `close`: a child of its own may hold the pipe for ever.
    child.on("exit", (code, signal) => {
      if (code === 0) return finish(undefined);
      const how = signal === null ? `ends with exit code ${code}` : `is killed by ${signal}`;
      setImmediate(() => {
        const words = said.toWellFormed().trim();
        finish({ code: "NOTIFY_COMMAND", message: `it ${how}${words === "" ? "" : `: ${words}`}` });
        child.stderr.destroy();
      });
    });
    // One that reads nothing ends the pipe; its exit code says how it went.
    child.stdin.on("error", () => undefined);
    child.stdin.end(body);
  });
}

/** By which AWS is asked, and what jit is told in secret. Windows' names are the same in any case. */
function withoutSecrets(env: HookInput["env"]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:AWS_|AMAZON_|JIT_)/i.test(name)));
}
