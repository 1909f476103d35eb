import { JitError } from "../error.ts";
import type { Flags, Invocation } from "./program.ts";
import type { Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";

/** What a command's body is given; the one place through which it sees the outside. */
export interface Context {
  readonly terminal: Terminal;
  readonly style: Style;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly invocation: Invocation;
  readonly json: boolean;
  /** From here on a command that is run has Ctrl-C to itself. */
  releaseSignals(): void;
  /** Work that is waited for when the command is done, before jit ends: it must bring its own time limit, and not throw. */
  atEnd(work: () => Promise<void>): void;
}

/** A flag's text, or `undefined`. */
export function text(context: Context, name: string): string | undefined {
  return textOf(context.invocation.flags, name);
}

export function textOf(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function isOn(context: Context, name: string): boolean {
  return context.invocation.flags[name] === true;
}

/** The positional argument at `index`, or a usage error that names it. */
export function argument(context: Context, index: number, name: string): string {
  const value = context.invocation.args[index];
  if (value === undefined) throw new JitError("USAGE", `${name} is missing`);
  return value;
}

/** Prints a value as JSON, indented for people's eyes, secrets as `[secret]`. */
export function printJson(context: Context, value: unknown): void {
  context.terminal.print(escapeJson(JSON.stringify(value, jsonValue, 2)));
}

/** JSON leaves C1 controls and bidirectional characters as they are: a terminal must not get them. */
export function escapeJson(text: string): string {
  return text.replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function jsonValue(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
