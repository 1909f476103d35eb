import { csvLine } from "../csv.ts";
import type { ReportDocument } from "./document.ts";

/** The report as one table of CSV: each cell of each section's tables in a row of its own, for pivots. */
export function reportCsv(report: ReportDocument): string {
  const rows = [
    ...report.facts.map(([name, value]) => ["report", "", name, value] as const),
    ...report.headlines.map(({ label, value }) => ["headline", "", label, number(value)] as const),
    ...report.sections.flatMap(({ id, tables }) =>
      tables.flatMap(({ head, rows }) =>
        rows.flatMap((row) =>
          row.length === 1
            ? [[id, String(row[0]), head[0] ?? "", ""] as const]
            : row.slice(1).map((cell, index) => [id, String(row[0]), head[index + 1] ?? "", cell] as const),
        ),
      ),
    ),
  ];
  return [["part", "item", "measure", "value"] as const, ...rows].map(csvLine).join("");
}

function number(text: string): string | number {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
