import { clip } from "../../style.ts";
import type { Chart } from "./document.ts";
import { html, type Markup } from "./markup.ts";

/**
 * Charts as SVG that stands in the page: no script and no style of its own, only classes. Every shape has its words as a
 * `<title>`, and what it shows as `data-value`.
 */
export function chartSvg(chart: Chart): Markup {
  switch (chart.kind) {
    case "bars":
      return bars(chart);
    case "days":
      return columns(
        chart.label,
        bucketed(chart.days).map(({ name, granted, others }) => ({
          name,
          parts: [
            { value: granted, kind: "granted" as const, says: `${name}: ${granted} came to a session` },
            { value: others, kind: "others" as const, says: `${name}: ${others} did not` },
          ],
        })),
        ["came to a session", "did not"],
      );
    case "hours":
      return hours(chart);
    case "tenths":
      return columns(
        chart.label,
        chart.values.map((value, index) => ({
          name: `${index * 10}–${(index + 1) * 10} %`,
          parts: [
            {
              value,
              kind: "granted" as const,
              says: `${value} used ${index * 10} to ${(index + 1) * 10} % of their time`,
            },
          ],
        })),
        [],
      );
  }
}

const wide = 720;

function frame(
  label: string,
  height: number,
  content: readonly Markup[],
  legend: readonly string[] = [],
): Markup {
  const keys = legend.map(
    (name, index) =>
      html`<span class="key"><i class="${index === 0 ? "granted" : "others"}"></i>${name}</span>`,
  );
  return html`<figure><figcaption>${label}${keys}</figcaption><svg viewBox="0 0 ${wide} ${height}" role="img" aria-label="${label}">${content}</svg></figure>`;
}

function bars({ label, bars: all, partName }: Extract<Chart, { kind: "bars" }>): Markup {
  const most = Math.max(1, ...all.map(({ value }) => value));
  const [left, row] = [200, 28];
  const room = wide - left - 60;
  const rows = all.map(({ name, value, part }, index) => {
    const y = index * row;
    const length = (of: number) => round((of / most) * room);
    return html`<g><title>${name}: ${value} requests, ${part} ${partName}</title><text class="name" x="${left - 12}" y="${y + 18}">${clip(name, 26)}</text><rect class="others" x="${left}" y="${y + 5}" width="${length(value)}" height="18" rx="3" data-value="${value}"></rect><rect class="granted" x="${left}" y="${y + 5}" width="${length(part)}" height="18" rx="3" data-value="${part}"></rect><text class="number" x="${left + length(value) + 8}" y="${y + 18}">${value}</text></g>`;
  });
  return frame(label, Math.max(1, all.length) * row, rows, [partName, "did not"]);
}

interface Column {
  readonly name: string;
  readonly parts: readonly {
    readonly value: number;
    readonly kind: "granted" | "others";
    readonly says: string;
  }[];
}

function columns(label: string, all: readonly Column[], legend: readonly string[]): Markup {
  const most = Math.max(1, ...all.map(({ parts }) => sum(parts)));
  const [top, tall, left] = [8, 150, 36];
  const room = wide - left;
  const step = room / Math.max(1, all.length);
  const width = Math.min(44, step * 0.8);
  const lines = [0, 0.5, 1].map((share) => {
    const y = round(top + tall * (1 - share));
    const value = Math.round(most * share * 10) / 10;
    return html`<line class="grid" x1="${left}" x2="${wide}" y1="${y}" y2="${y}"></line><text class="axis" x="${left - 6}" y="${y + 4}">${value}</text>`;
  });
  const shapes = all.flatMap(({ parts }, index) => {
    let y = top + tall;
    return parts.map(({ value, kind, says }) => {
      const height = (value / most) * tall;
      y -= height;
      return html`<rect class="${kind}" x="${round(left + index * step + (step - width) / 2)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" data-value="${value}"><title>${says}</title></rect>`;
    });
  });
  const every = Math.max(1, Math.ceil(all.length / 10));
  const names = all.flatMap(({ name }, index) =>
    index % every === 0
      ? [
          html`<text class="tick" x="${round(left + index * step + step / 2)}" y="${top + tall + 18}">${name}</text>`,
        ]
      : [],
  );
  return frame(label, top + tall + 26, [...lines, ...shapes, ...names], legend);
}

function hours({ label, rows, opens, closes }: Extract<Chart, { kind: "hours" }>): Markup {
  const most = Math.max(1, ...rows.flat());
  const [left, cell, tall] = [44, 28, 24];
  const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  const cells = rows.flatMap((row, day) =>
    row.map((value, hour) => {
      const level = value === 0 ? 0 : Math.ceil((value / most) * 5);
      const says = `${days[day] ?? ""} ${hour}:00: ${value} ${value === 1 ? "request" : "requests"}`;
      return html`<rect class="heat${level}" x="${left + hour * cell + 1}" y="${day * tall + 1}" width="${cell - 2}" height="${tall - 2}" rx="3" data-value="${value}"><title>${says}</title></rect>`;
    }),
  );
  const office = html`<rect class="office" x="${round(left + opens * cell)}" y="0" width="${round((closes - opens) * cell)}" height="${5 * tall}" rx="4"></rect>`;
  const names = days.map(
    (name, day) => html`<text class="name" x="${left - 8}" y="${day * tall + 17}">${name}</text>`,
  );
  const ticks = [0, 6, 12, 18].map(
    (hour) =>
      html`<text class="tick" x="${left + hour * cell + cell / 2}" y="${7 * tall + 16}">${hour}:00</text>`,
  );
  return frame(label, 7 * tall + 24, [...cells, office, ...names, ...ticks]);
}

/** Every day from the first to the last; many days in some 90 groups. */
function bucketed(days: Extract<Chart, { kind: "days" }>["days"]) {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const day = 86_400_000;
  const begin = Date.parse(first.day);
  const size = Math.ceil(((Date.parse(last.day) - begin) / day + 1) / 90);
  const count = Math.floor((Date.parse(last.day) - begin) / day / size) + 1;
  const groups = Array.from({ length: count }, (_, index) => ({
    name: new Date(begin + index * size * day).toISOString().slice(5, 10),
    granted: 0,
    others: 0,
  }));
  for (const one of days) {
    const group = groups[Math.floor((Date.parse(one.day) - begin) / day / size)];
    if (group === undefined) continue;
    group.granted += one.granted;
    group.others += one.others;
  }
  return groups;
}

function sum(parts: Column["parts"]): number {
  return parts.reduce((all, { value }) => all + value, 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
