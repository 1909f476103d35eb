import { clean } from "../../style.ts";
import type { ReportDocument, Section, Table } from "./document.ts";

/** The report as GitHub's Markdown. */
export function reportMarkdown(report: ReportDocument): string {
  const lines = [
    `# ${escapeMarkdown(report.title)}`,
    "",
    ...report.facts.map(([name, value]) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(value)}`),
    "",
    ...report.caveats.map((caveat) => `> ${prose(caveat)}\n>`),
    "",
    ...tableLines({
      head: report.headlines.map(({ label }) => label),
      rows: [report.headlines.map(({ value }) => value)],
      none: "",
    }),
    ...report.sections.flatMap(sectionLines),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function sectionLines({ title, about, rules, tables }: Section): string[] {
  return [
    "",
    `## ${escapeMarkdown(title)}`,
    "",
    ...(about === "" ? [] : [prose(about)]),
    ...(rules.length === 0 ? [] : ["", `Speaks to: ${escapeMarkdown(rules.join(", "))}`]),
    ...tables.flatMap((table) => ["", ...tableLines(table)]),
  ];
}

function tableLines({ head, rows, none }: Table): string[] {
  if (rows.length === 0) return [prose(none)];
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => escapeMarkdown(String(cell))).join(" | ")} |`;
  const numeric = head.map((_, column) => rows.every((row) => typeof row[column] === "number"));
  return [
    line(head),
    `|${numeric.map((right) => (right ? " ---: " : " --- ")).join("|")}|`,
    ...rows.map(line),
  ];
}

/** Our own sentences, in which a code span is one; what else is in them is escaped. */
function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (/^`[a-z ]+`$/.test(part) ? part : escapeMarkdown(part)))
    .join("");
}

/** Text that is nothing but text: no emphasis, link, image, HTML, cell, heading or list. */
export function escapeMarkdown(text: string): string {
  const safe = clean(text).replace(/[\\`*_{}[\]<>|~&$!#@]/g, (character) => `\\${character}`);
  // Bare links; what would begin a list.
  return safe
    .replace(/:\/\//g, "\\:\\/\\/")
    .replace(/\bwww\./gi, (word) => `${word.slice(0, 3)}\\.`)
    .replace(
      /^(\s*)([-+=]|\d+[.)](?=\s|$))/,
      (_all, space: string, mark: string) => `${space}${mark.slice(0, -1)}\\${mark.slice(-1)}`,
    );
}
