import { isJitError, JitError } from "../../error.ts";
import { endOfCommand } from "../../session/end.ts";
import type { EndedCommand } from "../../session/exec.ts";
import { endedVariable } from "../compose/end-in-background.ts";
import { connect } from "../compose.ts";
import type { Context } from "../context.ts";
import { recordEnd } from "../ends.ts";
import { exitCodes } from "../exit-codes.ts";
import { noticeLine } from "../render/session.ts";

/**
 * `jit audit end`, which `jit exec` runs: writes the end record of the command that it was told of. In a pipeline its words
 * stand among the command's own, so they say what they are about.
 */
export async function auditEnd(context: Context): Promise<number> {
  let text = process.env[endedVariable] ?? "";
  delete process.env[endedVariable];
  if (text === "") for await (const chunk of process.stdin) text += String(chunk);
  const ended = parse(text);
  const { session } = ended;
  try {
    await recordEnd(context, session, endOfCommand(ended), () => connect(context));
    return exitCodes.ok.code;
  } catch (error) {
    const why = isJitError(error) ? error.message : "something unexpected went wrong";
    const message = `the command's end under session ${session.request} could not be recorded: ${why}`;
    context.terminal.note(noticeLine(context, { code: "END_NOT_RECORDED", message }));
    return exitCodes.audit.code;
  }
}

function parse(text: string): EndedCommand {
  const value = JSON.parse(text) as {
    session?: Record<string, unknown>;
    argv?: unknown;
    exitCode?: unknown;
    seconds?: unknown;
  };
  const { session, argv, exitCode, seconds } = value;
  const hash = /^[0-9a-f]{64}$/;
  const good =
    /^[0-9A-Z]{26}$/.test(String(session?.["request"])) &&
    hash.test(String(session?.["requestHash"])) &&
    hash.test(String(session?.["issueHash"])) &&
    typeof session?.["organization"] === "string" &&
    typeof (session["identity"] as Record<string, unknown> | undefined)?.["userid"] === "string" &&
    Array.isArray(argv) &&
    argv.every((word) => typeof word === "string") &&
    Number.isSafeInteger(exitCode) &&
    Number.isSafeInteger(seconds);
  if (!good) throw new JitError("USAGE", "`jit audit end` is for jit exec alone");
  return value as unknown as EndedCommand;
}
