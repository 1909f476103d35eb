import type { LogEntry } from "../log/entry.ts";
import { secondsOf } from "../time.ts";

/** How often, and for how long. Seconds are those of the grants, as issued. */
export interface Count {
  readonly name: string;
  readonly requests: number;
  /** Requests that came to a session. */
  readonly granted: number;
  readonly seconds: number;
}

/** Most requests first. A request counts once for each of its names. */
export function count(
  entries: readonly LogEntry[],
  namesOf: (entry: LogEntry) => readonly string[],
): Count[] {
  const counts = new Map<string, { requests: number; granted: number; seconds: number }>();
  for (const entry of entries) {
    for (const name of new Set(namesOf(entry))) {
      const one = counts.get(name) ?? { requests: 0, granted: 0, seconds: 0 };
      one.requests += 1;
      if (entry.sessions.length > 0) one.granted += 1;
      one.seconds += grantedSeconds(entry);
      counts.set(name, one);
    }
  }
  return [...counts]
    .map(([name, one]) => ({ name, ...one }))
    .sort((a, b) => b.requests - a.requests || (a.name < b.name ? -1 : 1));
}

/** From the first session to the end of the grant. */
export function grantedSeconds({ sessions }: LogEntry): number {
  const [first] = sessions;
  return first === undefined ? 0 : Math.max(0, secondsOf(first.notAfter) - secondsOf(first.at));
}

/** For each UTC day that has any. */
export function perDay(
  entries: readonly LogEntry[],
): readonly { readonly day: string; readonly granted: number; readonly others: number }[] {
  const days = new Map<string, { granted: number; others: number }>();
  for (const { at, sessions } of entries) {
    const day = at.toISOString().slice(0, 10);
    const one = days.get(day) ?? { granted: 0, others: 0 };
    if (sessions.length > 0) one.granted += 1;
    else one.others += 1;
    days.set(day, one);
  }
  return [...days].map(([day, one]) => ({ day, ...one })).sort((a, b) => (a.day < b.day ? -1 : 1));
}
