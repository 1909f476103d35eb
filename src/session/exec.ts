import { childEnvironment, type Endpoint } from "./child-environment.ts";
import type { ChildEnd, ChildProcesses } from "./ports.ts";
import type { Notice, Session } from "./types.ts";

/** What ran under a session, for its **end** record. */
export interface EndedCommand {
  readonly session: Pick<Session, "request" | "requestHash" | "issueHash" | "organization"> & {
    readonly identity: Pick<Session["identity"], "userid">;
  };
  /** Command and arguments; the record holds their digest alone. */
  readonly argv: readonly string[];
  readonly exitCode: number;
  /** Whole seconds, rounded down. */
  readonly seconds: number;
}

export interface ExecPorts {
  readonly children: ChildProcesses;
  /** A clock that never goes back, ms. */
  monotonic(): number;
  /**
   * Prepares the end record while the command runs, when time costs nobody anything. What it gives has the record written
   * (`end.ts`), loading what that takes.
   */
  ending(session: EndedCommand["session"]): (ended: EndedCommand) => Promise<void>;
  /** Removes the session from the cache. */
  forget(session: Session): Promise<void>;
}

export interface ExecInput {
  readonly session: Session;
  readonly command: string;
  readonly args: readonly string[];
  readonly parentEnvironment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Where the child fetches leases; `undefined`: it gets the session's keys. */
  readonly endpoint: Endpoint | undefined;
  /** Whether the session ends with the command. */
  readonly forgetAfter: boolean;
}

export interface ExecOutcome {
  /** The child's own, or 126 not executable, 127 not found, 128 + N killed by signal N. */
  readonly exitCode: number;
  readonly end: ChildEnd;
  /** What went wrong after the child ended: its exit code still passes through. */
  readonly notices: readonly Notice[];
}

/**
 * Runs a command under a session and then writes that it ended. A command that never started leaves no end record.
 * A crash in between leaves the session without an end, which is what the records then truly say.
 * @throws JitError `NESTED_SESSION`, `CHILD_FAILED`: the wrapper's own failures, exit code 125
 */
export async function runUnderSession(ports: ExecPorts, input: ExecInput): Promise<ExecOutcome> {
  const { session, command, args, endpoint } = input;
  const environment = childEnvironment(input.parentEnvironment, session, endpoint, input.platform);
  const started = ports.monotonic();
  const running = ports.children.run({ command, args, environment });
  const recordEnd = ports.ending(session);
  const end = await running;
  const seconds = Math.max(0, Math.floor((ports.monotonic() - started) / 1000));
  const exitCode = exitCodeOf(end);
  const notices: Notice[] = [];
  const attempt = async (code: string, message: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      notices.push({ code, message: error instanceof Error ? `${message}: ${error.message}` : message });
    }
  };
  if (input.forgetAfter) {
    await attempt("SESSION_NOT_FORGOTTEN", "the session is still in the cache", () => ports.forget(session));
  }
  if (end.kind === "exited" || end.kind === "killed") {
    const ended = { session, argv: [command, ...args], exitCode, seconds };
    await attempt("END_NOT_RECORDED", "the end of the command is not recorded yet", () => recordEnd(ended));
  }
  return { exitCode, end, notices };
}

/** The conventions of `env`, `nice` and shells (POSIX XCU 2.8.2). */
export function exitCodeOf(end: ChildEnd): number {
  switch (end.kind) {
    case "exited":
      return end.code;
    case "killed":
      return 128 + end.signal;
    case "notFound":
      return 127;
    case "notExecutable":
      return 126;
  }
}
