import type { SqlValue } from "../../audit/export/engine.ts";
import { escapeJson } from "../context.ts";
import { clean, clip, type Style, wrap } from "../style.ts";
import { type Cell, csvLine } from "./csv.ts";

/** Answers of SQL. Names and texts in them are hostile: a record's, or the query's own. */

export type SqlRow = readonly SqlValue[];

/** One JSON object a line. Whole numbers that a double cannot hold are strings. */
export function rowJson(names: readonly string[], row: SqlRow): string {
  const object = Object.fromEntries(names.map((name, at) => [name, row[at] ?? null]));
  return escapeJson(
    JSON.stringify(object, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
}

/** A line of CSV; lists are joined by spaces. */
export function rowCsv(row: SqlRow): string {
  return csvLine(row.map(csvCell));
}

function csvCell(value: SqlValue): Cell {
  if (value === null) return undefined;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object") return value;
  return isList(value) ? value.map(textOf).join(" ") : textOf(value);
}

function textOf(value: SqlValue): string {
  if (value === null) return "-";
  if (typeof value !== "object") return String(value);
  if (isList(value)) return value.map(textOf).join(", ");
  return JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one));
}

function isList(value: object): value is readonly SqlValue[] {
  return Array.isArray(value);
}

/** No column is made narrower. */
const narrowest = 8;
const gap = 2;

/** Rows in columns that fit; where there are too many of them, row under row. */
export function rowTable(
  names: readonly string[],
  rows: readonly SqlRow[],
  columns: number,
  style: Style,
): string {
  const heads = names.map(clean);
  const cells = rows.map((row) => row.map(tableCell));
  const wanted = heads.map((head, at) => Math.max(width(head), ...cells.map((row) => width(row[at] ?? ""))));
  const isNumber = heads.map((_, at) => rows.length > 0 && rows.every((row) => isNumeric(row[at])));
  const isWhole = heads.map((_, at) => isNumber[at] === true || rows.some((row) => isTime(row[at])));
  const spare = columns - gap * (heads.length - 1);
  const floors = wanted.map((own) => Math.min(own, narrowest));
  // Half a time or number says little: they are cut only where nothing else helps.
  const widths =
    narrowed(
      wanted,
      wanted.map((own, at) => (isWhole[at] ? own : Math.min(own, narrowest))),
      spare,
    ) ?? narrowed(wanted, floors, spare);
  if (widths === undefined) return stacked(heads, cells, columns, style);
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => {
        const own = widths[at] ?? 0;
        const text = clip(cell, own);
        const space = " ".repeat(Math.max(0, own - width(text)));
        return isNumber[at] ? space + text : text + space;
      })
      .join(" ".repeat(gap))
      .trimEnd();
  return [style.dim(line(heads)), ...cells.map(line)].join("\n");
}

const timeGrammar = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

function isTime(value: SqlValue | undefined): boolean {
  return typeof value === "string" && timeGrammar.test(value);
}

function isNumeric(value: SqlValue | undefined): boolean {
  return value === null || typeof value === "number" || typeof value === "bigint";
}

/** Times without their T and Z: all of them are UTC. */
function tableCell(value: SqlValue): string {
  const text = textOf(value);
  return isTime(value) ? text.replace("T", " ").slice(0, -1) : clean(text);
}

/** The widest columns give way first, none below its floor; `undefined` where that is not enough. */
function narrowed(
  wanted: readonly number[],
  floors: readonly number[],
  spare: number,
): readonly number[] | undefined {
  const widths = [...wanted];
  for (let over = widths.reduce((sum, one) => sum + one, 0) - spare; over > 0; over--) {
    const given = widths.map((own, at) => (own > (floors[at] ?? 0) ? own : 0));
    const widest = Math.max(...given);
    if (widest === 0) return undefined;
    widths[given.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function stacked(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
  style: Style,
): string {
  const own = Math.max(...heads.map(width)) + gap;
  return rows
    .map((row) =>
      heads
        .map((head, at) => {
          const name = head + " ".repeat(own - width(head));
          const text = wrap(row[at] ?? "", columns - own).replaceAll("\n", `\n${" ".repeat(own)}`);
          return style.dim(text === "" ? head : name) + text;
        })
        .join("\n"),
    )
    .join("\n\n");
}

function width(text: string): number {
  return [...text].length;
}
