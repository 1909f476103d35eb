import { stripVTControlCharacters } from "node:util";
import { escapeForTerminal } from "../access/text.ts";

/** How things look; without colour it is the same text. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly name: (text: string) => string;
}

const same = (text: string): string => text;
export const plainStyle: Style = { good: same, bad: same, warn: same, dim: same, strong: same, name: same };

/** Loads chalk only where there is colour. */
export async function makeStyle(colour: boolean): Promise<Style> {
  if (!colour) return plainStyle;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return {
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    dim: chalk.dim,
    strong: chalk.bold,
    name: chalk.cyan,
  };
}

/** Text from a record, catalog, person or AWS, safe to print on one line. */
export function clean(text: string): string {
  return escapeForTerminal(text);
}

/**
 * Rows in aligned columns, two spaces apart. Cells are plain text; where `columns` is given, the last one is folded under
 * itself, or stands under its row where too little is left for it.
 */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
  columns = Number.POSITIVE_INFINITY,
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  const last = widths.length - 1;
  const startOf = (column: number) => widths.slice(0, column).reduce((sum, own) => sum + own + 2, 0);
  const isUnder = last > 0 && columns - startOf(last) < leastWidth(rows.map((row) => row[last] ?? ""));
  const lines = rows.map((row, index) => {
    const cells = row.map((cell, column) => {
      if (column < row.length - 1)
        return paint(cell, index, column) + " ".repeat((widths[column] ?? 0) - width(cell));
      const start = isUnder && column === last ? 4 : startOf(column);
      const folded = columns === Number.POSITIVE_INFINITY ? cell : wrap(cell, columns, " ".repeat(start));
      const painted = folded.split("\n").map((line) => paint(line, index, column));
      return painted.join("\n");
    });
    const under = isUnder && cells.length > last ? cells.pop() : undefined;
    const line = cells.join("  ").trimEnd();
    return under === undefined || under === "" ? line : `${line}\n    ${under}`;
  });
  return lines.join("\n");
}

/** What is narrower is no column to read these cells in: words would stand there one by one, or not fit at all. */
function leastWidth(cells: readonly string[]): number {
  const longest = (texts: readonly string[]) => Math.max(...texts.map(width));
  const word = longest(cells.flatMap((cell) => cell.split(" ")));
  return Math.min(longest(cells), Math.max(20, Math.min(word, 30)));
}

/** At most so many columns of a line, with `…` where it was longer. */
export function clip(text: string, columns: number): string {
  const chars = [...text];
  return chars.length <= columns ? text : `${chars.slice(0, Math.max(columns - 1, 0)).join("")}…`;
}

/** Folds text at white space to at most `columns`, further lines indented. A word is never cut. */
export function wrap(text: string, columns: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && width(line) + 1 + width(word) > columns - indent.length) {
      lines.push(line.trimEnd());
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

/** Columns that a text takes: colours, which chalk put there, take none. */
function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
