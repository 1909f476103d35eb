import { formatDuration } from "../../../access/duration.ts";
import type { Count } from "../../../audit/report/counts.ts";
import type { Actor, Item } from "../../../audit/report/figures.ts";
import { minute } from "../utc.ts";
import { gradedName } from "../who.ts";
import type { Chart, Table } from "./document.ts";

export function countTable<T extends Count>(
  what: string,
  counts: readonly T[],
  more: (one: T) => readonly string[] = () => [],
): Table {
  const extra = counts.map(more);
  return {
    head: [
      what,
      "requests",
      "sessions",
      "granted time",
      ...(extra.some(({ length }) => length > 0) ? ["key"] : []),
    ],
    rows: counts.map((one, index) => [
      one.name,
      one.requests,
      one.granted,
      span(one.seconds),
      ...(extra[index] ?? []),
    ]),
    none: "None.",
  };
}

/** The first twelve; the table has all. */
export function barsOf(label: string, counts: readonly Count[]): Chart {
  const bars = counts
    .slice(0, 12)
    .map(({ name, requests, granted }) => ({ name, value: requests, part: granted }));
  return { kind: "bars", label, bars, partName: "came to a session" };
}

export function itemCells({ request, at, who, grade, targets }: Item): string[] {
  return [request, minute(at), gradedName(who, grade), targets];
}

/** Who answered, reviewed or revoked. */
export function actorCell({ by, byGrade }: Actor): string {
  return gradedName(by, byGrade);
}

/** `3d4h`, `1h5m`, `40s`: seconds show only below an hour. */
export function span(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds % 86_400;
  const rough = seconds < 3600 ? rest : rest - (rest % 60);
  if (days === 0) return formatDuration(rough);
  return `${days}d${rough === 0 ? "" : formatDuration(rough - (rough % 3600))}`;
}

export function clock(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
