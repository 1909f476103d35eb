import { JitError } from "../../error.ts";
import { recordEnd } from "../../session/end.ts";
import { endedVariable } from "../compose/end-in-background.ts";
import { connect } from "../compose.ts";
import type { Context } from "../context.ts";

/** `jit audit end`, which `jit exec` runs: writes the end record of the command that it was told of. */
export async function auditEnd(context: Context): Promise<number> {
  let text = process.env[endedVariable] ?? "";
  delete process.env[endedVariable];
  if (text === "") for await (const chunk of process.stdin) text += String(chunk);
  const ended = parse(text);
  const { request } = await connect(context);
  await recordEnd(request.records, ended);
  return 0;
}

type Ended = Parameters<typeof recordEnd>[1];

function parse(text: string): Ended {
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
    Array.isArray(argv) &&
    argv.every((word) => typeof word === "string") &&
    Number.isSafeInteger(exitCode) &&
    Number.isSafeInteger(seconds);
  if (!good) throw new JitError("USAGE", "`jit audit end` is for jit exec alone");
  return value as unknown as Ended;
}
