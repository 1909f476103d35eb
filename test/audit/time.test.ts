import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTime, hourOf, isHour, isInHour, isTime } from "../../src/audit/time.ts";

/** A time that exists is what `Date` makes of it again. */
const roundTrips = (time: string) => {
  const ms = Date.parse(time);
  return !Number.isNaN(ms) && formatTime(new Date(ms)) === time;
};

const two = (most: number) => fc.nat(most).map((n) => String(n).padStart(2, "0"));

test("a time is one if its day, hour, minute and second exist", () => {
  const year = fc.oneof(fc.nat(9999), fc.constantFrom(0, 4, 100, 400, 1900, 2000, 2024, 2100));
  fc.assert(
    fc.property(year, two(14), two(33), two(26), two(61), two(61), (y, month, day, hour, minute, second) => {
      const date = `${String(y).padStart(4, "0")}-${month}-${day}`;
      const time = `${date}T${hour}:${minute}:${second}Z`;
      expect(isTime(time)).toBe(roundTrips(time));
      expect(isHour(`${date.replaceAll("-", "")}T${hour}`)).toBe(roundTrips(`${date}T${hour}:00:00Z`));
    }),
    { numRuns: 2000 },
  );
  for (let day = 1; day <= 31; day++)
    for (const month of ["02", "04", "12"])
      for (const y of ["1900", "2000", "2024", "2026"]) {
        const time = `${y}-${month}-${String(day).padStart(2, "0")}T00:00:00Z`;
        expect([time, isTime(time)]).toEqual([time, roundTrips(time)]);
      }
});

test.each([
  "",
  "2026-11-24",
  "2026-11-24T08:16:36",
  "2026-11-24t08:16:36z",
  "2026-11-24T08:16:36.5Z",
])("%j is no time", (text) => {
  expect(isTime(text)).toBe(false);
});

test("a time is in the hour that is its own, and in no other text", () => {
  const time = fc
    .date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    })
    .map(formatTime);
  const near = fc.tuple(time, fc.nat(12), fc.constantFrom("", "0", "1", "-", "T", "00"));
  fc.assert(
    fc.property(time, near, (at, [other, cut, put]) => {
      for (const text of [at, other]) {
        const hour = hourOf(text);
        for (const one of [hour, `${hour.slice(0, cut)}${put}${hour.slice(cut)}`, hour.slice(0, cut)])
          expect(isInHour(at, one)).toBe(one === hourOf(at));
      }
    }),
  );
});
