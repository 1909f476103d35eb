import { escapeForTerminal } from "../../access/text.ts";

export type Cell = string | number | boolean | undefined;

/**
 * One line of CSV (RFC 4180), with its CRLF. Text that a spreadsheet would take for a formula gets an apostrophe in front, and
 * what would steer a terminal is escaped; numbers are ours and stay numbers.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

/** Also the full-width signs, which some spreadsheets take for the others. */
const formula = /^\s*[=+\-@|%＝＋－＠]/u;

function cellOf(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell !== "string") return String(cell);
  const text = escapeForTerminal(cell);
  const harmless = formula.test(text) ? `'${text}` : text;
  return /[",;\s']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
