import { codeOf } from "../error.ts";
import { run } from "./run.ts";
import { version } from "./version.ts";

/** Runs the command line; sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const { writeSync } = process.getBuiltinModule("fs");
  try {
    if (argv[0] === "--version" || argv[0] === "-V") {
      writeSync(1, `${version}\n`);
      return;
    }
    process.exitCode = await run(argv);
  } catch (error) {
    // Help that cannot be written, or an error that cannot be told: a last try, without a stack.
    process.exitCode = codeOf(error) === "EPIPE" ? 0 : 1;
    try {
      if (process.exitCode !== 0) writeSync(2, `jit: unexpected ${codeOf(error) ?? "error"}\n`);
    } catch {
      // There is nobody to tell.
    }
  }
}
