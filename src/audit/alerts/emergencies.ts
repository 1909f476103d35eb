import { idTime } from "../id.ts";
import { type LogEntry, nameOf } from "../log/entry.ts";
import { type Alert, isPast } from "./alert.ts";

/** A mark that somebody left who broke the glass, and that nobody has settled. */
export interface OpenMark {
  readonly userid: string;
  readonly request: string;
}

/**
 * Emergencies that nobody has reviewed: `break-glass` as soon as they are there, `review` instead of that from the deadline on.
 * Records tell of those whose client left no mark, marks of those that are older than what was read.
 * @param entries requests that broke the glass, as the log has them
 */
export function emergencyAlerts(
  entries: readonly LogEntry[],
  marks: readonly OpenMark[],
  deadlines: Readonly<Record<"break-glass" | "review", number>>,
  now: Date,
): readonly Alert[] {
  const known = new Map(entries.map((entry) => [entry.request, entry]));
  const open = new Map<string, string>();
  for (const { request, userid } of marks) open.set(request, userid.slice(userid.indexOf(":") + 1));
  for (const entry of entries) {
    if (entry.reviews.length > 0) open.delete(entry.request);
    else if (entry.sessions.length > 0) open.set(entry.request, whoOf(entry));
  }
  return [...open].flatMap(([request, who]): Alert[] => {
    const since = new Date(idTime(request));
    const targets = known.get(request)?.asked?.targets.join(" ");
    const what = targets === undefined ? "" : ` for ${targets}`;
    const isOverdue = isPast(since, deadlines.review, now);
    const kind = isOverdue ? "review" : "break-glass";
    const deadline = deadlines[kind];
    if (!isOverdue && !isPast(since, deadline, now)) return [];
    const message = isOverdue
      ? `nobody has reviewed the emergency of ${who}${what}`
      : `${who} broke the glass${what}; nobody has reviewed it yet`;
    return [{ kind, id: `${kind} ${request}`, since, deadline, message, request, object: request }];
  });
}

function whoOf(entry: LogEntry): string {
  return `${nameOf(entry)}${entry.grade === "path only" ? " (path only)" : ""}`;
}
