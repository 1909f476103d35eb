import { sessionStatus } from "../../session/status.ts";
import { openCache } from "../compose/local.ts";
import { type Context, printJson } from "../context.ts";
import { clockTime, timeLeft } from "../render/session.ts";
import { table } from "../style.ts";

/** `jit status`: what is open on this machine; asks nobody. */
export async function status(context: Context): Promise<number> {
  const { cache, now, pending } = await openCache(context);
  const sessions = await sessionStatus(cache, now);
  const waiting = await pending();
  if (context.json) {
    printJson(context, { sessions, pending: waiting });
    return 0;
  }
  const { style, terminal } = context;
  if (sessions.length === 0)
    terminal.print(
      `no session is open${waiting.length > 0 ? "" : style.dim("   (jit request STORE:ACCESS)")}`,
    );
  else {
    const rows = sessions.map((session) => [
      session.targets.join(" "),
      timeLeft(session.grantSecondsLeft),
      clockTime(session.notAfter),
      session.secondsLeft > 0 ? session.request : `${session.request} (renewed when used)`,
    ]);
    terminal.print(
      table([["TARGET", "LEFT", "UNTIL", "REQUEST"], ...rows], (cell, row, column) =>
        row === 0 ? style.dim(cell) : column === 0 ? style.name(cell) : cell,
      ),
    );
  }
  for (const one of waiting) {
    terminal.print(
      `${style.warn("unfinished:")} ${one.request} stopped at ${one.step}; the next request records that`,
    );
  }
  return 0;
}
