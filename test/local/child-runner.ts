import { codeOf } from "../../src/error.ts";
import { childProcesses } from "../../src/local/child-processes.ts";

/** Run as a process of its own: `child-runner.ts TERMINAL COMMAND ARGS…`; tells by its last line how the child ended. */
const [terminal, command = "", ...args] = process.argv.slice(2);
const environment = { PATH: process.env["PATH"] ?? "", MARK: "of the child" };
try {
  const end = await childProcesses(() => terminal === "terminal").run({ command, args, environment });
  process.stdout.write(`\n${JSON.stringify(end)}\n`);
} catch (error) {
  process.stdout.write(`\n${JSON.stringify({ code: codeOf(error) })}\n`);
}
