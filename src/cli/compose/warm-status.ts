import { status } from "../commands/status.ts";
import type { Context } from "../context.ts";
import { homeFolder } from "../home.ts";
import { makeStyle } from "../style.ts";
import { isTerminal, openTerminal } from "../terminal.ts";

/**
 * `jit status` and `jit status --json` as they are typed, without loading commander. What is said is gathered first: where
 * anything goes wrong nothing was printed, and the whole program says what.
 * @returns what to print; `undefined` where the whole program decides
 */
export async function statusWarm(argv: readonly string[]): Promise<string | undefined> {
  const { env, platform } = process;
  const json = argv[1] === "--json";
  if (argv.length > (json ? 2 : 1)) return undefined;
  let said = "";
  try {
    const terminal = openTerminal(
      {
        isTerminal,
        columns: () => (isTerminal(2) ? process.stderr.columns : 0),
        write: (descriptor, text) => {
          if (descriptor === 2) throw new Error("a note has its place among what is printed");
          said += text;
          return true;
        },
      },
      { colour: undefined, env },
    );
    const context: Context = {
      terminal,
      style: await makeStyle(terminal.colour),
      env,
      cwd: process.cwd(),
      home: homeFolder(env),
      platform,
      invocation: { command: "status", args: [], flags: {}, typed: [], after: undefined },
      json,
      releaseSignals: () => undefined,
      atEnd: () => undefined,
    };
    if ((await status(context)) !== 0) return undefined;
    return Buffer.byteLength(said) <= atomicWrite(platform) ? said : undefined;
  } catch {
    return undefined;
  }
}

/** PIPE_BUF (POSIX, limits.h), bytes: a pipe takes so many whole or not at all, so that what it refuses can be told again. */
function atomicWrite(platform: NodeJS.Platform): number {
  return platform === "linux" ? 4096 : 512;
}
