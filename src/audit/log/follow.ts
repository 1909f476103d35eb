import { isJitError } from "../../error.ts";
import type { LogEntry } from "./entry.ts";
import { listNames, type NameIndex } from "./names.ts";
import { type LogOptions, type LogPorts, LogReader } from "./read.ts";

export interface FollowOptions extends Omit<LogOptions, "now"> {
  /** Requests made before are not told of. */
  readonly from: Date;
  readonly now: () => Date;
  /** Until the next look; `false` where there is to be none. */
  readonly wait: () => Promise<boolean>;
  /** The store did not answer; the next look may. */
  readonly onTrouble: (error: Error) => void;
}

const hour = 3_600_000;

/**
 * The log as it grows: each wanted request as it stands at first, and again whenever records change what came of it. Each look
 * is one LIST of the hour and of the one before; what arrives under older hours is not seen.
 * @param names what was listed and told of before
 * @param told what was told of before
 */
export async function* followLog(
  ports: LogPorts,
  names: NameIndex,
  told: Iterable<LogEntry>,
  options: FollowOptions,
): AsyncGenerator<LogEntry> {
  const last = new Map([...told].map((entry) => [entry.request, standing(entry)]));
  let reader = new LogReader(ports, names);
  // A look that failed half-way is made up for by the next.
  const open = new Set<string>();
  while (await options.wait()) {
    const now = options.now();
    try {
      const period = { from: new Date(now.getTime() - hour), to: new Date(now.getTime() + hour) };
      const { changed, enrolled } = names.add(await listNames(ports.store, period));
      // A reader remembers where it found no key.
      if (enrolled) reader = new LogReader(ports, names);
      for (const request of changed) open.add(request);
      const wanted = names
        .within({ from: options.from, to: period.to })
        .filter(({ request }) => open.has(request));
      for await (const entry of reader.entries(wanted, { ...options, now })) {
        const stands = standing(entry);
        if (last.get(entry.request) === stands) continue;
        last.set(entry.request, stands);
        yield entry;
      }
      open.clear();
    } catch (error) {
      if (!isJitError(error)) throw error;
      options.onTrouble(error);
    }
  }
}

function standing({ outcome, problems, sessions, answers, reviews }: LogEntry): string {
  return [outcome, ...problems, sessions.length, answers.length, reviews.length].join(" ");
}
