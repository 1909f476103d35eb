import type { Session } from "./types.ts";

/** Where the grant goes on, credentials are renewed when they have less than this left, ms. */
const renewWithin = 5 * 60_000;
/** Credentials that lapse this much before the grant's end, ms, are its last: not worth an AssumeRole. */
const negligible = 60_000;

/** The moment after which the session gives nothing: its credentials lapse, or the policy denies all. */
export function endOf(session: Session): Date {
  return session.credentials.expiration < session.notAfter
    ? session.credentials.expiration
    : session.notAfter;
}

/** Whether the session still works. @param now the server's time */
export function isUsable(session: Session, now: Date): boolean {
  return endOf(session) > now;
}

/**
 * Whether to hand the session out as it is. Programs take credentials until they really expire, so a session that is
 * its grant's last is fresh to the end; one that can be renewed is so only until five minutes before.
 */
export function isFresh(session: Session, now: Date): boolean {
  if (!isUsable(session, now)) return false;
  const { expiration } = session.credentials;
  if (session.notAfter.getTime() - expiration.getTime() < negligible) return true;
  return expiration.getTime() - now.getTime() > renewWithin;
}
