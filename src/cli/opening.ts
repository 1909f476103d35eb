import { JitError } from "../error.ts";

const moment = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})$/;
const timeOfDay = /^([01]\d|2[0-3]):([0-5]\d)$/;
const day = 86_400_000;

/**
 * When a window opens: ISO 8601 with a zone, or a time of day of this machine, which is the next one to come.
 * @throws JitError `AT_INVALID`
 */
export function parseOpening(typed: string, now: Date): Date {
  const [, hour, minute] = timeOfDay.exec(typed) ?? [];
  if (hour !== undefined && minute !== undefined) return nextTimeOfDay(Number(hour), Number(minute), now);
  const [, wall = "", zone = ""] = moment.exec(typed) ?? [];
  // Read as UTC first: a day that does not exist would be taken for another one.
  const asUtc = new Date(`${wall}Z`);
  const exists = wall !== "" && !Number.isNaN(asUtc.getTime()) && asUtc.toISOString().startsWith(wall);
  const at = new Date(`${wall}${zone}`);
  if (exists && !Number.isNaN(at.getTime())) return at;
  throw new JitError("AT_INVALID", `${JSON.stringify(typed.slice(0, 40))} is no time with a zone`, {
    hint: "write it like 2026-12-01T09:00Z or 2026-12-01T09:00+01:00, or 18:00 for the next one here",
  });
}

/** Days are not all of 24 hours: the day after is another date, not another 24 hours. */
function nextTimeOfDay(hour: number, minute: number, now: Date): Date {
  const at = (from: Date) => new Date(from.getFullYear(), from.getMonth(), from.getDate(), hour, minute);
  const today = at(now);
  if (today > now) return today;
  const tomorrow = new Date(now.getFullYear(), now.getMonth(), now.getDate(), 12);
  return at(new Date(tomorrow.getTime() + day));
}
