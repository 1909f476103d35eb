import { codeOf, isJitError, JitError } from "../error.ts";
import { commands } from "./commands.ts";
import { type Context, escapeJson } from "./context.ts";
import { adviceOn, exitCodes, exitOf } from "./exit-codes.ts";
import { homeFolder } from "./home.ts";
import { onInterrupt } from "./interrupt.ts";
import { type Invocation, parseCommandLine } from "./program.ts";
import { clean, makeStyle, type Style, table, wrap } from "./style.ts";
import { isTerminal, openTerminal, type Streams } from "./terminal.ts";

/** Parses, loads the command's body, runs it, explains what went wrong. Returns the exit code. */
export async function run(typed: readonly string[]): Promise<number> {
  const argv = commandFirst(typed);
  const fs = process.getBuiltinModule("fs");
  const streams: Streams = {
    isTerminal,
    columns: () => (isTerminal(2) ? process.stderr.columns : 0),
    write: (descriptor, text) => writeAll(fs, descriptor, text),
  };
  if (argv[0] === "help" && argv[1] === "exit-codes") {
    streams.write(1, exitCodeTable());
    return exitCodes.ok.code;
  }
  let said = "";
  const parsed = parseCommandLine(argv, {
    out: (text) => streams.write(1, text),
    err: (text) => {
      said += text;
    },
    columns: isTerminal(1) && process.stdout.columns > 0 ? process.stdout.columns : 80,
  });
  if (parsed.kind === "done") {
    const wrong = argv.length === 0 || parsed.exit === "usage";
    const error = wrong ? usageError(argv, said) : undefined;
    if (error === undefined) streams.write(2, said);
    else if (wantsJson(argv)) streams.write(2, jsonError(error));
    else {
      const flag = argv.includes("--no-color") ? false : undefined;
      const style = await makeStyle(openTerminal(streams, { colour: flag, env: process.env }).colour);
      streams.write(2, explain(error, { style, columns: columnsOf(streams) }));
    }
    return exitCodes[!wrong ? "ok" : argv[0] === "exec" ? "wrapper" : "usage"].code;
  }
  const { invocation } = parsed;
  const colour = invocation.flags["color"] === false ? false : undefined;
  const terminal = openTerminal(streams, { colour, env: process.env });
  const style = await makeStyle(terminal.colour);
  const last: (() => Promise<void>)[] = [];
  const context: Context = {
    terminal,
    style,
    env: process.env,
    cwd: process.cwd(),
    get home() {
      return homeFolder(process.env);
    },
    platform: process.platform,
    invocation,
    json: invocation.flags["json"] === true,
    releaseSignals: () => release?.(),
    atEnd: (work) => last.push(work),
  };
  const tell = (error: unknown): number => {
    terminal.clearProgress();
    streams.write(
      2,
      context.json
        ? jsonError(error, invocation)
        : explain(error, { style, columns: columnsOf(streams), invocation }),
    );
    return exitFor(invocation, error);
  };
  // The sandbox has its own way to stop.
  const release = invocation.command === "sandbox" ? undefined : onInterrupt(invocation.command, tell);
  try {
    const load = commands[invocation.command];
    if (load === undefined) throw new JitError("USAGE", `unknown command ${invocation.command}`);
    return await (await load())(context);
  } catch (error) {
    return tell(error);
  } finally {
    for (const work of last) await work();
    release?.();
  }
}

/** The table of docs/exit-codes.md, folded to 80 columns. */
function exitCodeTable(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => [String(code).padStart(3), meaning]);
  return `${table(rows, undefined, 80)}\n`;
}

/** Flags that every command knows may stand before it; the command's own words for them stand behind. */
function commandFirst(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word) => word !== "--json" && word !== "--no-color");
  if (at < 1) return argv;
  const [command = "", ...rest] = argv.slice(at);
  const flags = argv.slice(0, at);
  // What stands at the end of `exec` is its command's.
  return command === "exec" ? [command, ...flags, ...rest] : [command, ...rest, ...flags];
}

function wantsJson(argv: readonly string[]): boolean {
  const dashes = argv.indexOf("--");
  return (dashes < 0 ? argv : argv.slice(0, dashes)).includes("--json");
}

/** The parser's own words as any other error; `undefined` where it printed help, which programs get as an error too. */
function usageError(argv: readonly string[], said: string): JitError | undefined {
  const [first = "", ...more] = said.split("\n");
  if (!first.startsWith("error: ") && !wantsJson(argv)) return undefined;
  const near = more.flatMap((line) => /^\((Did you mean .*\?)\)$/.exec(line)?.[1] ?? []);
  const help = first.includes("unknown command") ? "`jit help` lists the commands" : adviceOn("USAGE");
  const hint = [...near, ...(near.length > 0 || help === undefined ? [] : [help])].join("\n");
  return new JitError("USAGE", first.replace(/^error: /, ""), { hint });
}

function jsonError(error: unknown, invocation?: Invocation): string {
  return `${escapeJson(JSON.stringify({ error: plain(error, invocation) }))}\n`;
}

/** What programs read is not folded. */
function columnsOf(streams: Streams): number {
  return streams.columns() || Number.POSITIVE_INFINITY;
}

function exitFor(invocation: Invocation, error: unknown): number {
  if (codeOf(error) === "INTERRUPTED") return exitCodes.interrupted.code;
  // What wraps another program must not be mistaken for that program's own answer.
  if (invocation.command === "exec") return exitCodes.wrapper.code;
  return exitCodes[exitOf(codeOf(error) ?? "")].code;
}

/** @param invocation whose targets stand in the advice, where there are any */
function plain(error: unknown, invocation?: Invocation): { code: string; message: string; hint?: string } {
  if (isJitError(error)) {
    const hint = error.hint ?? filled(adviceOn(error.code), invocation);
    return { code: error.code, message: error.message, ...(hint === undefined ? {} : { hint }) };
  }
  // An unexpected error's own text may hold anything: its kind is told, its text is not.
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    code: "UNEXPECTED",
    message: `unexpected ${codeOf(error) ?? kind}`,
    hint: "set JIT_DEBUG=1 to see where",
  };
}

/** `TARGET` as it was typed. */
function filled(advice: string | undefined, invocation: Invocation | undefined): string | undefined {
  const { args = [], flags = {} } = invocation ?? {};
  const targets = args.filter((arg) => /^[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*$/.test(arg));
  if (targets.length === 0) return advice;
  return advice?.replace(
    "TARGET",
    [...targets, ...(flags["breakGlass"] === true ? ["--break-glass"] : [])].join(" "),
  );
}

interface Telling {
  readonly style: Style;
  readonly columns: number;
  readonly invocation?: Invocation;
}

/** @param columns of the terminal, if it is one: what programs read keeps its lines, and a command in a hint its own */
function explain(error: unknown, { style, columns, invocation }: Telling): string {
  const { message, hint, code } = plain(error, invocation);
  if (code === "INTERRUPTED") return `${clean(message)}\n`;
  const fold = (indent: string) => (line: string) =>
    line.includes("`") ? clean(line) : wrap(clean(line), columns, indent);
  const [last = "", ...before] = message.split("\n").map(clean).reverse();
  const lines = [...before.reverse(), `${last} ${style.dim(`[${code}]`)}`];
  let text = `${style.bad("error:")} ${lines.map((line) => wrap(line, columns, " ".repeat(7))).join("\n       ")}\n`;
  if (hint !== undefined)
    text += `  ${style.dim("→")} ${hint.split("\n").map(fold("    ")).join("\n    ")}\n`;
  if (code === "UNEXPECTED" && process.env["JIT_DEBUG"] === "1" && error instanceof Error) {
    text += `${clean(error.stack ?? error.message)}\n`;
  }
  return text;
}

/**
 * Writes synchronously, so that nothing is lost at exit; a full pipe is waited for, a closed one is no crash.
 * @returns whether it was taken
 */
function writeAll(fs: typeof import("node:fs"), descriptor: 1 | 2, text: string): boolean {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      if (codeOf(error) === "EAGAIN") continue;
      if (codeOf(error) === "EPIPE") return false;
      throw new JitError("OUTPUT_FAILED", `cannot write what was asked for (${codeOf(error) ?? "unknown"})`, {
        hint: "its disk may be full, or its pipe closed",
        cause: error,
      });
    }
  }
  return true;
}
