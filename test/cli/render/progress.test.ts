import fc from "fast-check";
import { expect, test } from "vitest";
import { progressLine } from "../../../src/cli/render/progress.ts";

test.each([
  [0, 4, "Sealing ──────────────────── 0 % (0 of 4)"],
  [1, 4, "Sealing ━━━━━─────────────── 25 % (1 of 4)"],
  [999, 1000, "Sealing ━━━━━━━━━━━━━━━━━━━─ 99 % (999 of 1000)"],
  [4, 4, "Sealing ━━━━━━━━━━━━━━━━━━━━ 100 % (4 of 4)"],
  [5, 4, "Sealing ━━━━━━━━━━━━━━━━━━━━ 100 % (5 of 5)"],
  [5, 0, "Sealing: 5"],
  [5, undefined, "Sealing: 5"],
])("%i of %s", (done, of, line) => {
  expect(progressLine("Sealing", done, of)).toBe(line);
});

test("whatever the numbers, a spinner and the bar fit 80 columns", () => {
  const count = fc.nat({ max: 1e9 });
  fc.assert(
    fc.property(count, fc.option(count, { nil: undefined }), (done, of) => {
      expect([...progressLine("Verifying every record", done, of)].length).toBeLessThanOrEqual(78);
    }),
  );
});
