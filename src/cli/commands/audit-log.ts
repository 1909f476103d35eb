import { setTimeout as wait } from "node:timers/promises";
import { parseDuration } from "../../access/duration.ts";
import { isVerified, type LogEntry } from "../../audit/log/entry.ts";
import type { LogFilter } from "../../audit/log/filter.ts";
import { followLog } from "../../audit/log/follow.ts";
import { type Period, parseMoment, periodOf } from "../../audit/log/moment.ts";
import { listNames, NameIndex } from "../../audit/log/names.ts";
import { type Outcome, outcomes } from "../../audit/log/outcome.ts";
import { type LogPorts, LogReader } from "../../audit/log/read.ts";
import { codeOf, JitError } from "../../error.ts";
import { listedFor, logPorts } from "../audit-log.ts";
import { type Audit, openAudit } from "../compose/audit.ts";
import { type Context, escapeJson, isOn, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { Lines } from "../lines.ts";
import { logCsv, logCsvHeader, logHeader, logJson, logLegend, logLine } from "../render/log.ts";
import { noticeLine } from "../render/session.ts";
import { clean, wrap } from "../style.ts";

/** `jit audit log`: one line for each request, oldest first; exit 20 where a line is not verified. */
export async function auditLog(context: Context): Promise<number> {
  const filter = filterOf(context);
  const out = printerOf(context);
  const isFollowed = isOn(context, "follow");
  for (const end of ["until", "mirror"]) {
    if (!isFollowed || text(context, end) === undefined) continue;
    throw new JitError("USAGE", `--follow goes on: it takes no --${end}`, { hint: "leave one of them out" });
  }
  const audit = await openAudit(context);
  const now = audit.clock.now();
  const period = periodFrom(context, now);
  const ports = logPorts(audit);
  const names = new NameIndex();
  await context.terminal.progress("Listing the records", async () => {
    names.add(await listNames(ports.store, listedFor(period, now)));
  });
  const { terminal, style } = context;
  out.begin();
  const told: LogEntry[] = [];
  let unverified = 0;
  const show = (entry: LogEntry) => {
    if (!isVerified(entry)) unverified += 1;
    out.line(entry);
  };
  const options = { filter, texts: out.texts || isWide(context), now };
  let count = 0;
  const reader = new LogReader(ports, names);
  try {
    for await (const entry of reader.entries(names.within(period), options)) {
      show(entry);
      count += 1;
      if (isFollowed) told.push(entry);
      if (!terminal.isRead()) break;
    }
  } finally {
    out.flush();
    await reader.close();
  }
  if (!out.forPrograms) {
    const from = period.from.toISOString().slice(0, 16);
    const until =
      text(context, "until") === undefined ? "" : ` until ${period.to.toISOString().slice(0, 16)}Z`;
    const what = `${count} ${count === 1 ? "request" : "requests"} since ${from}Z${until}`;
    const asked = text(context, "since") === undefined ? " (the last 24 hours; --since 7d for more)" : "";
    const line = `${what}${asked}${unverified === 0 ? "" : `, ${unverified} not verified`}`;
    terminal.note(style.dim(wrap(line, terminal.noteColumns, "  ")));
    for (const unknown of count > 0 ? [] : unknownNames(filter, audit.catalog.stores))
      terminal.note(style.warn(wrap(unknown, terminal.noteColumns, "  ")));
    if (count > 0) terminal.note(style.dim(logLegend));
    if (count > 0) terminal.note(style.dim("whether records are missing only `jit audit verify` tells"));
  }
  if (isFollowed && terminal.isRead()) {
    const { texts } = options;
    const clock = () => audit.clock.now();
    await follow(context, { ports, names, told, period, filter, texts, show, now: clock });
  }
  return unverified === 0 ? 0 : exitCodes.found.code;
}

interface Followed {
  readonly ports: LogPorts;
  readonly names: NameIndex;
  readonly told: readonly LogEntry[];
  readonly period: Period;
  readonly filter: LogFilter;
  readonly texts: boolean;
  readonly show: (entry: LogEntry) => void;
  /** By the server's clock. */
  readonly now: () => Date;
}

/** Until Ctrl-C, which is how one ends it, or until nobody takes what is new: no error. */
async function follow(context: Context, followed: Followed): Promise<void> {
  const { ports, names, told, period, filter, texts, show, now } = followed;
  const seconds = pollSeconds(context);
  const stop = new AbortController();
  context.releaseSignals();
  const onSignal = () => stop.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const stopped = new Promise<undefined>((done) => {
    stop.signal.addEventListener("abort", () => done(undefined), { once: true });
  });
  let trouble = "";
  // Looks are of what is new.
  const growing = followLog({ ...ports, segments: undefined, openChecker: undefined }, names, told, {
    filter,
    texts,
    from: period.from,
    now,
    wait: async () => {
      await wait(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
      return !stop.signal.aborted && context.terminal.isRead();
    },
    onTrouble: (error) => {
      const message = `${error.message}; still looking`;
      if (message !== trouble)
        context.terminal.note(noticeLine(context, { code: codeOf(error) ?? "UNEXPECTED", message }));
      trouble = message;
    },
  });
  try {
    for (;;) {
      const next = await Promise.race([growing.next(), stopped]);
      if (next === undefined || next.done === true) return;
      show(next.value);
    }
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function pollSeconds(context: Context): number {
  const given = text(context, "interval");
  return given === undefined ? 2 : parseDuration(given);
}

function periodFrom(context: Context, now: Date): Period {
  const since = text(context, "since") ?? "24h";
  const until = text(context, "until");
  const from = parseMoment(since, now, "start", "--since");
  // A client's clock may be ahead of ours by moments: what is there is shown.
  const to =
    until === undefined ? new Date(now.getTime() + 3_600_000) : parseMoment(until, now, "end", "--until");
  return periodOf(from, to);
}

function filterOf(context: Context): LogFilter {
  const outcomesWanted = words(context, "outcome")?.map((word): Outcome => {
    const outcome = outcomes.find((known) => known === word);
    if (outcome !== undefined) return outcome;
    throw new JitError("USAGE", `--outcome: ${JSON.stringify(word)} is none`, { hint: outcomes.join(", ") });
  });
  return {
    who: text(context, "who"),
    stores: words(context, "store"),
    accesses: words(context, "access"),
    classifications: words(context, "classification"),
    outcomes: outcomesWanted,
    ticket: text(context, "ticket"),
    text: text(context, "text"),
    breakGlass: isOn(context, "breakGlass"),
  };
}

/** Names that are asked for in vain, perhaps by a slip of the hand: only requests under older catalogs may have them. */
function unknownNames(filter: LogFilter, stores: Audit["catalog"]["stores"]): readonly string[] {
  const all = [...stores.values()];
  const targets = all.flatMap(({ name, accesses }) =>
    [...accesses.keys()].flatMap((access) => [access, `${name}:${access}`]),
  );
  const asked: readonly (readonly [string, readonly string[] | undefined, readonly string[]])[] = [
    ["store", filter.stores, all.map(({ name }) => name)],
    ["access", filter.accesses, targets],
    ["classification", filter.classifications, all.map(({ classification }) => classification)],
  ];
  return asked.flatMap(([what, words = [], known]) =>
    words
      .filter((word) => !known.includes(word))
      .map((word) => `the catalog in force has no ${what} ${clean(JSON.stringify(word))}`),
  );
}

/** A flag's words, comma separated. */
function words(context: Context, name: string): readonly string[] | undefined {
  const value = context.invocation.flags[name];
  return Array.isArray(value) && value.length > 0 ? value : undefined;
}

function isWide(context: Context): boolean {
  return context.terminal.columns >= 126;
}

interface Printer {
  begin(): void;
  line(entry: LogEntry): void;
  /** What is not written yet. */
  flush(): void;
  readonly texts: boolean;
  readonly forPrograms: boolean;
}

function printerOf(context: Context): Printer {
  const { terminal, style, json } = context;
  const isCsv = isOn(context, "csv");
  if (isCsv && json) throw new JitError("USAGE", "--csv and --json exclude each other");
  const lines = new Lines((all) => terminal.print(all));
  const flush = () => lines.flush();
  if (json) {
    return {
      begin: () => undefined,
      line: (entry) => lines.add(escapeJson(JSON.stringify(logJson(entry)))),
      flush,
      texts: true,
      forPrograms: true,
    };
  }
  if (isCsv) {
    const rows = new Lines((all) => terminal.raw(all), "");
    return {
      begin: () => terminal.raw(logCsvHeader),
      line: (entry) => rows.add(logCsv(entry)),
      flush: () => rows.flush(),
      texts: true,
      forPrograms: true,
    };
  }
  let isHeaded = false;
  return {
    begin: () => undefined,
    line: (entry) => {
      if (!isHeaded) lines.add(logHeader(terminal.columns, style));
      isHeaded = true;
      lines.add(logLine(entry, terminal.columns, style));
    },
    flush,
    texts: false,
    forPrograms: false,
  };
}
