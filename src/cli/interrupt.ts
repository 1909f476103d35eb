import { JitError } from "../error.ts";

/**
 * Ctrl-C while jit itself is at work. What is under way is cut off as by any crash: the journal has it, and the next request
 * records that.
 * @param tell is told what to say, and gives the exit code
 * @returns gives the signal back, for a command that is run and has Ctrl-C to itself
 */
export function onInterrupt(tell: (error: JitError) => number): () => void {
  const handler = () => process.exit(tell(interrupted("`jit status` shows whether a request was under way")));
  process.on("SIGINT", handler);
  return () => process.off("SIGINT", handler);
}

/** Nothing that was done wrong: one line, and no advice. */
export function interrupted(what: string): JitError {
  return new JitError("INTERRUPTED", `stopped; ${what}`);
}
