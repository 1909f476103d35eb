import { parseDuration } from "../../access/duration.ts";
import { JitError } from "../../error.ts";
import { formatTime } from "../time.ts";

/** From `from` (included) to `to` (not included). */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

const day = 86_400_000;
const dateGrammar = /^\d{4}-\d{2}-\d{2}$/;
const timeGrammar = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/;
const agoGrammar = /^(?:(\d{1,5})d)?((?:\d{1,5}h)?(?:\d{1,5}m)?(?:\d{1,6}s)?)$/;

/**
 * A moment as a person writes it: a day (`2026-11-24`, UTC), a time (`2026-11-24T08:00Z`, `…T08:00:00+01:00`), or how long
 * ago (`24h`, `7d`, `1d12h`).
 * @param edge which end of a day is meant
 * @param flag named in the error
 * @throws JitError `TIME_INVALID`
 */
export function parseMoment(text: string, now: Date, edge: "start" | "end", flag: string): Date {
  if (dateGrammar.test(text)) {
    const start = Date.parse(`${text}T00:00:00Z`);
    // Date.parse takes 30 February for 2 March.
    if (!Number.isNaN(start) && new Date(start).toISOString().startsWith(text))
      return new Date(edge === "start" ? start : start + day);
  } else if (timeGrammar.test(text)) {
    const isReal = !Number.isNaN(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)) && isDay(text.slice(0, 10));
    const at = Date.parse(text);
    if (isReal && !Number.isNaN(at)) return new Date(at);
  } else if (text !== "" && agoGrammar.test(text)) {
    const [, days = "0", rest = ""] = agoGrammar.exec(text) ?? [];
    const seconds = rest === "" || /^(?:0+[hms])+$/.test(rest) ? 0 : parseDuration(rest);
    const ago = Number(days) * day + seconds * 1000;
    if (ago > 0) return new Date(Math.max(0, now.getTime() - ago));
  }
  throw new JitError("TIME_INVALID", `${flag}: ${JSON.stringify(text.slice(0, 40))} is no time`, {
    hint: "write a day (2026-11-24), a time (2026-11-24T08:00Z), or how long ago (24h, 7d); days and times without a zone are UTC",
  });
}

/** @throws JitError `TIME_INVALID` where nothing lies between */
export function periodOf(from: Date, to: Date): Period {
  if (from < to) return { from, to };
  throw new JitError("TIME_INVALID", "the period ends before it begins", {
    hint: `it would be from ${formatTime(from)} to ${formatTime(to)}`,
  });
}

function isDay(text: string): boolean {
  return new Date(Date.parse(`${text}T00:00:00Z`)).toISOString().startsWith(text);
}
