import type { Finding } from "../../audit/reconcile/finding.ts";
import type { Touched } from "../../audit/reconcile/match.ts";
import type { Reconciled } from "../../audit/reconcile/reconcile.ts";
import type { Context } from "../context.ts";
import { clean, type Style, table, wrap } from "../style.ts";
import { counted } from "./counted.ts";
import { minute } from "./utc.ts";

/** Most lines of what was touched under one request. */
const shownResources = 10;

export function printReconciled({ terminal, style }: Context, report: Reconciled): void {
  const { print, columns } = terminal;
  print(wrap(dataLine(report, style), columns, "  "));
  for (const found of report.findings) print(findingText(found, style, columns));
  for (const one of report.touched) printTouched(one, print, style);
  const { invalid, gap, notice } = report.bySeverity;
  const mark = !report.ok ? style.bad("✗") : gap > 0 ? style.warn("✓") : style.good("✓");
  const line = report.compared
    ? `${counted(report.sessions, "session")} of stores' roles, ${report.explained} explained by their records; ${invalid} invalid`
    : "nothing was compared: nothing was read of any account that holds a role or the records";
  print(wrap(`${mark} ${line}`, columns, "  "));
  const rows = [
    ["  period", `${minuteZ(report.since)} to ${minuteZ(report.until)}`],
    ["  certain", `a record without an event counts until ${minuteZ(report.horizon)}`],
    ["  read", `${counted(report.events, "event")} of ${report.accounts.join(", ") || "no account"}`],
    ["  regions", report.regions.join(", ") || "none"],
    [
      "  other",
      `${counted(report.leases, "lease")}, ${report.pending} still awaited, ${report.refused} refused`,
    ],
    ["  findings", `${invalid} invalid, ${counted(gap, "gap")}, ${counted(notice, "notice")}`],
  ];
  print(
    table(
      rows.map((row) => row.map(clean)),
      (cell, _row, column) => (column === 0 ? style.dim(cell) : cell),
      columns,
    ),
  );
}

/** What is not there is said first. */
function dataLine({ dataServices }: Reconciled, style: Style): string {
  if (dataServices.length > 0) return style.dim(`data events: ${clean(dataServices.join(", "))}`);
  return style.warn("no data events: what sessions read or wrote does not show (docs/reconcile.md)");
}

function findingText(
  { code, severity, object, at, message, request }: Finding,
  style: Style,
  columns: number,
) {
  const paint = severity === "invalid" ? style.bad : severity === "gap" ? style.warn : style.dim;
  const moment = at === undefined ? [] : [minuteZ(new Date(at * 1000))];
  const ofRequest = request === undefined ? [] : [`request ${request}`];
  const about = [...moment, object, ...ofRequest].join("  ");
  // An object's name is copied whole: where it does not fit beside the rest, it has a line of its own.
  const fits = about.length + 2 <= columns;
  const below = fits ? [about] : [[...moment, ...ofRequest].join("  "), object].filter((line) => line !== "");
  const head = `${severity} ${code}`;
  const folded = wrap(`${head} ${clean(message)}`, columns, "  ");
  const lines = below.map((line) => `\n  ${style.dim(clean(line))}`).join("");
  return `${paint(head)}${folded.slice(head.length)}${lines}`;
}

function printTouched(
  { request, by, targets, resources, more, ...one }: Touched,
  print: (text: string) => void,
  style: Style,
) {
  if (resources.length === 0) return;
  const head = `${targets} by ${by}, ${one.calls} calls, ${one.refused} refused`;
  print(`${style.strong(clean(request))}  ${clean(head)}`);
  for (const [resource, count] of resources.slice(0, shownResources)) {
    print(`  ${String(count).padStart(6)} ${clean(resource)}`);
  }
  const unshown = more + Math.max(0, resources.length - shownResources);
  if (unshown > 0) print(style.dim(`         … and ${unshown} more`));
}

function minuteZ(date: Date): string {
  return `${minute(date)}Z`;
}
