import { expect, test } from "vitest";
import { logHeader, logLine } from "../../../src/cli/render/log.ts";
import { plainStyle } from "../../../src/cli/style.ts";
import { entry } from "../../audit/report/entries.ts";

test.each([80, 81, 100, 125, 126, 127, 140, 200])("a line of the log fits %i columns", (columns) => {
  const line = logLine(entry("2026-11-24T09:00:00Z"), columns, plainStyle);
  expect(line).toMatch(/01M86A1MWT\d{16}$/);
  expect([...line].length).toBeLessThanOrEqual(columns);
  expect([...logHeader(columns, plainStyle)].length).toBeLessThanOrEqual(columns);
});
