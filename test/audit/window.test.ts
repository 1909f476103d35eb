import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTime, secondsOf } from "../../src/audit/time.ts";
import { furthestAhead, windowOf } from "../../src/audit/window.ts";

const at = secondsOf("2026-11-24T10:00:00Z");
const windowAt = (notBefore: string | undefined, duration = 600) =>
  windowOf({ claimed: notBefore === undefined ? {} : { notBefore }, duration }, at);

describe("the window of a request", () => {
  test.each([
    [undefined, undefined],
    ["2026-11-24T11:00:00Z", { opens: at + 3600, ends: at + 4200 }],
    ["2026-11-24T09:59:00Z", { opens: at - 60, ends: at + 540 }],
    ["2026-11-24T09:58:59Z", "invalid"],
    ["2026-12-24T10:01:00Z", { opens: at + 30 * 86_400 + 60, ends: at + 30 * 86_400 + 660 }],
    ["2026-12-24T10:01:01Z", "invalid"],
    ["2026-11-24T11:00Z", "invalid"],
    ["2026-11-24T11:00:00+00:00", "invalid"],
    ["2026-11-31T11:00:00Z", "invalid"],
    ["", "invalid"],
    ["soon", "invalid"],
  ])("%s", (notBefore, expected) => {
    expect(windowAt(notBefore)).toEqual(expected);
  });

  test("lasts as long as was asked for, whenever it opens", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: furthestAhead }),
        fc.integer({ min: 1, max: 43_200 }),
        (ahead, duration) => {
          const opens = at + ahead;
          expect(windowAt(formatTime(new Date(opens * 1000)), duration)).toEqual({
            opens,
            ends: opens + duration,
          });
        },
      ),
    );
  });
});
