import fc from "fast-check";
import { expect, test } from "vitest";
import { parseMoment, periodOf } from "../../../src/audit/log/moment.ts";
import { codeOf } from "../../../src/error.ts";

const now = new Date("2026-11-24T12:00:00Z");
const at = (text: string, edge: "start" | "end" = "start") =>
  parseMoment(text, now, edge, "--since").toISOString().slice(0, 19);

test.each([
  ["2026-11-24", "start", "2026-11-24T00:00:00"],
  ["2026-11-24", "end", "2026-11-25T00:00:00"],
  ["2024-02-29", "start", "2024-02-29T00:00:00"],
  ["2026-11-24T08:30Z", "end", "2026-11-24T08:30:00"],
  ["2026-11-24T08:30:15+01:00", "start", "2026-11-24T07:30:15"],
  ["24h", "start", "2026-11-23T12:00:00"],
  ["7d", "start", "2026-11-17T12:00:00"],
  ["1d12h", "start", "2026-11-23T00:00:00"],
  ["30m", "start", "2026-11-24T11:30:00"],
] as const)("%s, %s of it, is %s", (text, edge, expected) => {
  expect(at(text, edge)).toBe(expected);
});

test.each([
  "",
  "yesterday",
  "2026-02-30",
  "2026-13-01",
  "2026-02-30T00:00Z",
  "2026-11-24T25:00Z",
  "2026-11-24T08:30",
  "24",
  "0d",
  "0h",
  "-1d",
  "d",
  "99999999d",
])("%j is no time", (text) => {
  expect(() => at(text)).toThrowError(expect.objectContaining({ code: "TIME_INVALID" }));
});

test("any text gives a time or the one error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9TZdhms:+-]{1,25}$/)), (text) => {
      try {
        expect(Number.isNaN(parseMoment(text, now, "start", "--since").getTime())).toBe(false);
      } catch (error) {
        expect(codeOf(error)).toBe("TIME_INVALID");
      }
    }),
  );
});

test("a period must have something in it", () => {
  expect(() => periodOf(now, now)).toThrowError(expect.objectContaining({ code: "TIME_INVALID" }));
});
