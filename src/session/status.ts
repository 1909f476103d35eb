import type { Identity } from "../access/types.ts";
import { isOutdated } from "./current-catalog.ts";
import { endOf, isUsable } from "./freshness.ts";
import type { SessionCache } from "./ports.ts";
import type { Session } from "./types.ts";

export interface SessionStatus {
  readonly request: string;
  readonly targets: readonly string[];
  readonly role: string;
  /** Whether the glass was broken for it. */
  readonly breakGlass: boolean;
  /** Whether the catalog has changed since: AWS takes it still, and jit hands it out no more. */
  readonly outdated: boolean;
  /** Who asked for it. */
  readonly identity: Identity;
  /** The organization's fingerprint. */
  readonly organization: string;
  readonly accessKeyId: string;
  readonly issuedAt: Date;
  /** When what is in the cache stops working. */
  readonly usableUntil: Date;
  /** Whole seconds to that. */
  readonly secondsLeft: number;
  readonly notAfter: Date;
  /** Whole seconds to the grant's end, up to which it is renewed. */
  readonly grantSecondsLeft: number;
}

/**
 * The sessions of this machine that still work or can be renewed, those that end first in front. Reads the cache
 * alone.
 * @param current the text of `current.json`
 * @param localNow this machine's time: each session knows how far that is off
 */
export async function sessionStatus(
  cache: SessionCache,
  current: string,
  localNow: Date,
): Promise<readonly SessionStatus[]> {
  const found = await cache.list();
  return found
    .map(({ session }) => ({ session, now: serverTime(session, localNow) }))
    .filter(({ session, now }) => session.notAfter > now)
    .map(({ session, now }) => statusOf(session, current, now))
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime() || compare(a.request, b.request));
}

/** The server's time by what was known of the clocks when the session was issued. */
export function serverTime(session: Session, localNow: Date): Date {
  return new Date(localNow.getTime() + (session.clockSkew ?? 0));
}

function statusOf(session: Session, current: string, now: Date): SessionStatus {
  return {
    request: session.request,
    targets: session.targets,
    role: session.role,
    breakGlass: session.breakGlass === true,
    outdated: isOutdated(current, session),
    identity: session.identity,
    organization: session.organization,
    accessKeyId: session.credentials.accessKeyId,
    issuedAt: session.issuedAt,
    usableUntil: endOf(session),
    secondsLeft: isUsable(session, now) ? secondsBetween(now, endOf(session)) : 0,
    notAfter: session.notAfter,
    grantSecondsLeft: secondsBetween(now, session.notAfter),
  };
}

function secondsBetween(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / 1000);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
