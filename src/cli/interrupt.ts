import { JitError } from "../error.ts";

/**
 * Ctrl-C while jit itself is at work. What is under way is cut off as by any crash: the journal has it, and the next request
 * records that.
 * @param command reading and sealing the log asks for nothing: a run of it is begun again
 * @param tell is told what to say, and gives the exit code
 * @returns gives the signal back, for a command that is run and has Ctrl-C to itself
 */
export function onInterrupt(command: string, tell: (error: JitError) => number): () => void {
  const what = /^audit (?!end$)/.test(command)
    ? "nothing is half-written, and it can be run again"
    : "`jit status` shows whether a request was under way";
  const handler = () => process.exit(tell(interrupted(what)));
  process.on("SIGINT", handler);
  return () => process.off("SIGINT", handler);
}

/** Nothing that was done wrong: one line, and no advice. */
export function interrupted(what: string): JitError {
  return new JitError("INTERRUPTED", `stopped; ${what}`);
}
