import { parseDuration } from "../access/duration.ts";
import { serverTime } from "../session/status.ts";
import type { Session } from "../session/types.ts";
import { type Context, text } from "./context.ts";
import { clockTime, noticeLine, timeLeft } from "./render/session.ts";

/** Flags that make a request; a session that is there already had its own. */
const asking = ["for", "purpose", "reason", "ticket"] as const;

/**
 * Says which flags were typed in vain, because a session that is open already is used. Variables are there for whatever
 * comes and say nothing about this call.
 */
export function tellUnused(context: Context, session: Session, now = new Date()): void {
  const { typed } = context.invocation;
  const unused = asking.filter((name) => typed.includes(name));
  if (unused.length === 0) return;
  const names = unused.map((name) => `--${name}`).join(", ");
  const wanted = unused.includes("for") ? text(context, "for") : undefined;
  const left = Math.floor((session.notAfter.getTime() - serverTime(session, now).getTime()) / 1000);
  const short =
    wanted !== undefined && parseDuration(wanted) > left ? `, of which ${timeLeft(left)} are left,` : "";
  const message =
    `the session from ${clockTime(session.issuedAt)} (${session.request})${short} is used, and ${names} ` +
    `${unused.length === 1 ? "is" : "are"} not: jit request ${session.targets.join(" ")} --new asks anew`;
  context.terminal.note(noticeLine(context, { code: "SESSION_REUSED", message }));
}
