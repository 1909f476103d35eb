import { codeOf } from "../error.ts";
import { exitCodes } from "./exit-codes.ts";
import { run } from "./run.ts";
import { version } from "./version.ts";

export { isKnown } from "./program.ts";

/** Runs the command line. @returns the process's exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const { writeSync } = process.getBuiltinModule("fs");
  try {
    if (argv[0] === "--version" || argv[0] === "-V") {
      writeSync(1, `${version}\n`);
      return exitCodes.ok.code;
    }
    return await run(argv);
  } catch (error) {
    // Help that cannot be written, or an error that cannot be told: a last try, without a stack.
    if (codeOf(error) === "EPIPE") return exitCodes.ok.code;
    try {
      writeSync(2, `jit: unexpected ${codeOf(error) ?? "error"}\n`);
    } catch {
      // There is nobody to tell.
    }
    return 1;
  }
}
