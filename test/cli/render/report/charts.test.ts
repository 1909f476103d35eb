import fc from "fast-check";
import { expect, test } from "vitest";
import { chartSvg } from "../../../../src/cli/render/report/charts.ts";
import type { Chart } from "../../../../src/cli/render/report/document.ts";

const amount = fc.nat({ max: 1_000_000 });
const day = fc
  .integer({ min: 0, max: 2_000 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10));

const charts: fc.Arbitrary<Chart> = fc.oneof(
  fc.record({
    kind: fc.constant("bars" as const),
    label: fc.constant("bars"),
    partName: fc.constant("part"),
    bars: fc.array(
      fc
        .tuple(fc.string(), amount, amount)
        .map(([name, a, b]) => ({ name, value: Math.max(a, b), part: Math.min(a, b) })),
      { maxLength: 12 },
    ),
  }),
  fc.record({
    kind: fc.constant("days" as const),
    label: fc.constant("days"),
    days: fc
      .uniqueArray(day, { maxLength: 50 })
      .chain((days) =>
        fc.tuple(
          ...days.sort().map((one) => fc.record({ day: fc.constant(one), granted: amount, others: amount })),
        ),
      ),
  }),
  fc.record({
    kind: fc.constant("hours" as const),
    label: fc.constant("hours"),
    rows: fc.array(fc.array(amount, { minLength: 24, maxLength: 24 }), { minLength: 7, maxLength: 7 }),
    opens: fc.integer({ min: 0, max: 12 }),
    closes: fc.integer({ min: 13, max: 24 }),
  }),
  fc.record({
    kind: fc.constant("tenths" as const),
    label: fc.constant("tenths"),
    values: fc.array(amount, { minLength: 10, maxLength: 10 }),
  }),
);

const numberIn = (tag: string, name: string) => Number(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]);

test("whatever the numbers, every shape lies in its picture, and none is lost", () => {
  fc.assert(
    fc.property(charts, (chart) => {
      const { markup } = chartSvg(chart);
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(markup) ?? [];
      let sum = 0;
      for (const [tag] of markup.matchAll(/<rect [^>]*>/g)) {
        const [x, y] = [numberIn(tag, "x"), numberIn(tag, "y")];
        const [right, bottom] = [x + numberIn(tag, "width"), y + numberIn(tag, "height")];
        expect(x >= 0 && y >= -0.1 && right <= Number(width) + 0.1 && bottom <= Number(height)).toBe(true);
        if (tag.includes("data-value")) sum += numberIn(tag, "data-value");
      }
      expect(sum).toBe(total(chart));
    }),
  );
});

function total(chart: Chart): number {
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  switch (chart.kind) {
    case "bars":
      return sum(chart.bars.map(({ value, part }) => value + part));
    case "days":
      return sum(chart.days.map(({ granted, others }) => granted + others));
    case "hours":
      return sum(chart.rows.flat());
    case "tenths":
      return sum(chart.values);
  }
}
