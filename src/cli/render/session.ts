import { endOf } from "../../session/freshness.ts";
import { serverTime } from "../../session/status.ts";
import type { Notice, Session } from "../../session/types.ts";
import { type Context, escapeJson } from "../context.ts";
import { clean, wrap } from "../style.ts";

/** How many have to agree, in words. */
export function approvalsText(quorum: number): string {
  return quorum === 1 ? "an approval" : `${quorum} approvals`;
}

/** A session without its secrets. */
export function sessionJson(session: Session): Record<string, unknown> {
  const { request, targets, role, region, issuedAt, notAfter, identity, credentials } = session;
  return {
    request,
    targets,
    role,
    region,
    issuedAt,
    notAfter,
    usableUntil: endOf(session),
    identity,
    accessKeyId: credentials.accessKeyId,
    breakGlass: session.breakGlass === true,
  };
}

/** Of a session that this machine has no longer: until when its keys work where a process has them. */
export function heldKeysLines(session: Session, now = new Date()): readonly string[] {
  const end = endOf(session);
  if (end <= serverTime(session, now)) return [];
  return [
    `  keys that a process holds already work until ${clockTime(end)}; this ends those too:`,
    `    jit revoke ${session.request}`,
  ];
}

/** `14:05` of the reader's own clock, with the day where it is another one. */
export function clockTime(at: Date, now = new Date()): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** `14:05 +02:00`, for what may be read elsewhere. */
export function zonedTime(at: Date, now = new Date()): string {
  const minutes = -at.getTimezoneOffset();
  const two = (value: number) => String(value).padStart(2, "0");
  const ahead = Math.abs(minutes);
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${clockTime(at, now)} ${minutes === 0 ? "UTC" : offset}`;
}

/** `12 min`, `1 h 5 min`, `40 s`. */
export function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A note for stderr, folded on a terminal; where JSON was asked for, it is JSON on one line. */
export function noticeLine({ style, json, terminal }: Context, notice: Notice): string {
  if (json) return escapeJson(JSON.stringify({ note: notice }));
  const line = `${style.warn("note:")} ${clean(notice.message)} ${style.dim(`[${notice.code}]`)}`;
  return wrap(line, terminal.noteColumns, "  ");
}
