import { setTimeout as wait } from "node:timers/promises";
import { parseDuration } from "../../access/duration.ts";
import { eventCef } from "../../audit/feed/cef.ts";
import { Cursor } from "../../audit/feed/cursor.ts";
import type { FeedEvent } from "../../audit/feed/event.ts";
import { followFeed } from "../../audit/feed/follow.ts";
import { eventJson, type FormatOptions } from "../../audit/feed/json.ts";
import { eventOcsf } from "../../audit/feed/ocsf.ts";
import { parseMoment } from "../../audit/log/moment.ts";
import { hourOf } from "../../audit/time.ts";
import { codeOf } from "../../error.ts";
import { type Audit, openAudit } from "../compose/audit.ts";
import { feedFile, keptKeys, readFeed, saveFeed, writeLines } from "../compose/feed.ts";
import { openHere } from "../compose/here.ts";
import { type Context, escapeJson, isOn, text } from "../context.ts";
import { noticeLine } from "../render/session.ts";
import { version } from "../version.ts";

/** `jit audit follow`: what is written to the log, as lines for another program, at least once each. */
export async function auditFollow(context: Context): Promise<number> {
  const [interval, fullEvery, lateness] = ["interval", "full", "lateness"].map((name) =>
    parseDuration(text(context, name) ?? "1h"),
  ) as [number, number, number];
  const audit = await openAudit(context);
  const here = openHere(context);
  const { paths, lock } = here;
  const file = text(context, "state") ?? feedFile(paths.state, audit.fingerprint);
  const kept = keptKeys(here, audit.fingerprint, text(context, "bucket") ?? audit.catalog.audit.bucket);
  const lineOf = formatOf(context, {
    organization: audit.catalog.organization,
    log: audit.fingerprint,
    version,
    texts: isOn(context, "texts"),
  });
  const signals = isOn(context, "once") ? undefined : stopAtSignals(context);
  if (signals !== undefined && context.terminal.interactive)
    context.terminal.note(context.style.dim("a line for each record as it arrives; Ctrl-C ends it"));
  let first: Audit | undefined = audit;
  // Two at once would each forget what the other told.
  await lock.hold(`feed ${file}`, async (fence) => {
    const now = () => audit.clock.now();
    const cursor =
      readFeed(file, audit.fingerprint) ?? Cursor.begin(audit.fingerprint, firstHour(context, now()));
    await followFeed(
      async () => {
        const opened = first ?? (await openAudit(context));
        first = undefined;
        return { ...opened, log: opened.fingerprint };
      },
      cursor,
      {
        write: async (events) => await writeLines(events.map(lineOf)),
        save: async (state) => {
          // Another that took over while this one stood still knows more.
          fence.check();
          await saveFeed(file, state);
        },
        keep: (known) => kept.set(known),
      },
      {
        now,
        fullEvery,
        lateness,
        known: kept.get(),
        wait: async () => signals !== undefined && (await signals.wait(interval)),
        ...(signals === undefined ? {} : { onTrouble: troubleTeller(context), isStopped: signals.isStopped }),
      },
    );
  });
  return 0;
}

function firstHour(context: Context, now: Date): string {
  return hourOf(parseMoment(text(context, "from") ?? "24h", now, "start", "--from").toISOString());
}

function formatOf(context: Context, options: FormatOptions): (event: FeedEvent) => string {
  switch (text(context, "format")) {
    case "cef":
      return (event) => eventCef(event, options);
    case "ocsf":
      return (event) => escapeJson(JSON.stringify(eventOcsf(event, options)));
    default:
      return (event) => escapeJson(JSON.stringify(eventJson(event, options)));
  }
}

/** Ctrl-C, and the end that a supervisor asks for, are how one ends it: no error, and what is under way is finished. */
function stopAtSignals(context: Context): {
  wait(seconds: number): Promise<boolean>;
  isStopped(): boolean;
} {
  const stop = new AbortController();
  context.releaseSignals();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  return {
    isStopped: () => stop.signal.aborted,
    async wait(seconds) {
      await wait(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
      return !stop.signal.aborted;
    },
  };
}

/** Says once that the store does not answer; what cannot be written down ends the feed. */
function troubleTeller(context: Context): (error: Error) => void {
  let last = "";
  return (error) => {
    const code = codeOf(error) ?? "UNEXPECTED";
    if (/^(?:OUTPUT|LOCAL|LOCK)_/.test(code)) throw error;
    const message = `${error.message}; still looking`;
    if (message !== last) context.terminal.note(noticeLine(context, { code, message }));
    last = message;
  };
}
