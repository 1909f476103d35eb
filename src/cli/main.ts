import { version } from "./version.ts";

/** Runs the command line; sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "--version" || argv[0] === "-V") {
    process.getBuiltinModule("fs").writeSync(1, `${version}\n`);
    return;
  }
  const { run } = await import("./run.ts");
  process.exitCode = await run(argv);
}
