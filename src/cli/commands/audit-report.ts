import { resolve } from "node:path";
import { readAcknowledgements } from "../../audit/acknowledge/read.ts";
import { isVerified, type LogEntry } from "../../audit/log/entry.ts";
import { type Period, parseMoment, periodOf } from "../../audit/log/moment.ts";
import { listNames, NameIndex } from "../../audit/log/names.ts";
import { LogReader } from "../../audit/log/read.ts";
import { parseOfficeHours } from "../../audit/report/clock.ts";
import { figuresOf } from "../../audit/report/figures.ts";
import { type Framework, frameworks } from "../../audit/report/frameworks.ts";
import { JitError } from "../../error.ts";
import { listedFor, logPorts } from "../audit-log.ts";
import { type Audit, openAudit } from "../compose/audit.ts";
import { writePrivateFile } from "../compose/private-file.ts";
import { clientName } from "../compose.ts";
import { type Context, printJson, text } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { refuseForeignFile } from "../own-report.ts";
import { progressLine } from "../render/progress.ts";
import { composeReport } from "../render/report/compose.ts";
import { reportCsv } from "../render/report/csv.ts";
import type { ReportDocument } from "../render/report/document.ts";
import { clean } from "../style.ts";

/** `jit audit report`: the figures of a period, in one of three formats; exit 20 where something does not verify. */
export async function auditReport(context: Context): Promise<number> {
  const framework = frameworkOf(context);
  const out = text(context, "out");
  const path = out === undefined ? undefined : resolve(context.cwd, out);
  // Before all is read.
  if (path !== undefined) refuseForeignFile(path);
  const audit = await openAudit(context);
  const now = audit.clock.now();
  const period = periodFrom(context, now);
  const zone = text(context, "timeZone") ?? audit.catalog.rules?.timeZone ?? "UTC";
  const office = parseOfficeHours(text(context, "officeHours") ?? "08:00-18:00", zone);
  const { entries, names, until } = await context.terminal.progress("Reading the records", (tell) =>
    readAll(audit, period, now, tell),
  );
  const figures = figuresOf(entries, { period, office, noise: names.noise, now });
  const facts = {
    framework,
    organization: audit.catalog.organization,
    fingerprint: audit.fingerprint,
    catalogVersion: audit.catalog.version,
    generatedAt: now,
    recordsUntil: until,
    objects: names.objects,
    client: clientName,
    acknowledged: [...(await readAcknowledgements(audit.store, audit)).counting.values()],
  };
  if (context.json) printJson(context, { ...facts, figures });
  else {
    const report = await formatted(context, composeReport(facts, figures));
    if (path === undefined) context.terminal.raw(report);
    else {
      writePrivateFile(path, report);
      context.terminal.note(`${context.style.good("✓")} ${clean(path)}: ${figures.requests} requests`);
    }
  }
  const bad = entries.filter((entry) => !isVerified(entry)).length;
  if (bad === 0) return exitCodes.ok.code;
  context.terminal.note(
    context.style.warn(
      `${bad} ${bad === 1 ? "request does" : "requests do"} not verify; the report begins with them`,
    ),
  );
  return exitCodes.found.code;
}

async function formatted(context: Context, report: ReportDocument): Promise<string> {
  switch (text(context, "format")) {
    case "html":
      return (await import("../render/report/html.ts")).reportHtml(report);
    case "csv":
      return reportCsv(report);
    default:
      return (await import("../render/report/markdown.ts")).reportMarkdown(report);
  }
}

async function readAll(audit: Audit, period: Period, now: Date, tell: (text: string) => void) {
  const ports = logPorts(audit);
  const names = new NameIndex();
  const listed = listedFor(period, now);
  names.add(
    await listNames(ports.store, listed, (hours, of) => tell(progressLine("Listing the hours", hours, of))),
  );
  const requests = names.within(period);
  const entries: LogEntry[] = [];
  const reader = new LogReader(ports, names);
  for await (const entry of reader.entries(requests, { filter: {}, texts: false, now })) {
    entries.push(entry);
    tell(progressLine("Reading the requests", entries.length, requests.length));
  }
  await reader.close();
  return { entries, names, until: new Date(Math.min(now.getTime(), listed.to.getTime())) };
}

function frameworkOf(context: Context): Framework {
  const wanted = text(context, "for");
  const found = frameworks.find((one) => one === wanted);
  if (found !== undefined) return found;
  throw new JitError("FLAG_MISSING", "--for is missing: whose questions is the report to speak to?", {
    hint: `one of ${frameworks.join(", ")}`,
  });
}

function periodFrom(context: Context, now: Date): Period {
  const from = text(context, "from");
  if (from === undefined) {
    throw new JitError("FLAG_MISSING", "--from is missing: where does the period begin?", {
      hint: "a day (2026-11-01), or how long ago (30d)",
    });
  }
  const to = text(context, "to");
  const end = to === undefined ? now : parseMoment(to, now, "end", "--to");
  // What has not happened yet is no part of it.
  const last = new Date(Math.min(end.getTime(), now.getTime() + 1000));
  return periodOf(parseMoment(from, now, "start", "--from"), last);
}
