import fc from "fast-check";
import { expect, test } from "vitest";
import { parseOpening } from "../../src/cli/opening.ts";
import { codeOf } from "../../src/error.ts";

const now = new Date("2026-11-24T10:00:00Z");

test.each([
  ["2026-12-01T09:00Z", "2026-12-01T09:00:00.000Z"],
  ["2026-12-01T09:00:30Z", "2026-12-01T09:00:30.000Z"],
  ["2026-12-01T09:00+01:00", "2026-12-01T08:00:00.000Z"],
  ["2028-02-29T09:00-05:30", "2028-02-29T14:30:00.000Z"],
])("%s", (typed, expected) => {
  expect(parseOpening(typed, now).toISOString()).toBe(expected);
});

test.each([
  "2026-12-01T09:00",
  "2026-12-01",
  "2026-02-30T09:00Z",
  "2026-12-01T24:00Z",
  "2026-12-01T09:00:00.5Z",
  "2026-12-01T09:00+99:00",
  "24:00",
  "9:00",
  "18:00Z",
  "",
])("%j is no time", (typed) => {
  let code: string | undefined;
  try {
    parseOpening(typed, now);
  } catch (error) {
    code = codeOf(error);
  }
  expect(code).toBe("AT_INVALID");
});

test("a time of day is the next one here, within a day and what clocks are changed by", () => {
  const minutes = fc.integer({ min: 0, max: 1439 });
  const moments = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(minutes, moments, (minute, from) => {
      const two = (value: number) => String(value).padStart(2, "0");
      const typed = `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
      const ahead = parseOpening(typed, from).getTime() - from.getTime();
      expect(ahead).toBeGreaterThan(0);
      expect(ahead).toBeLessThanOrEqual(26 * 3_600_000);
    }),
  );
});
