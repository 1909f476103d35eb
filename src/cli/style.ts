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
 * itself.
 */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, row: number, column: number) => string = (cell) => cell,
  columns?: number,
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  const lines = rows.map((row, index) => {
    let start = 0;
    const cells = row.map((cell, column) => {
      const own = widths[column] ?? 0;
      if (column === row.length - 1) {
        const folded = columns === undefined ? cell : wrap(cell, columns, " ".repeat(start));
        return folded
          .split("\n")
          .map((line) => paint(line, index, column))
          .join("\n");
      }
      start += own + 2;
      return paint(cell, index, column) + " ".repeat(own - width(cell));
    });
    return cells.join("  ").trimEnd();
  });
  return lines.join("\n");
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
