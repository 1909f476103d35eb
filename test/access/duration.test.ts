import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkDuration,
  defaultDuration,
  formatDuration,
  maximumDuration,
  parseDuration,
} from "../../src/access/duration.ts";
import type { Target } from "../../src/access/types.ts";
import { accessNamed, catalogOf, codeThrownBy, storeNamed } from "./support.ts";

describe("parseDuration", () => {
  test.each([
    ["45m", 2700],
    ["1h30m", 5400],
    ["90s", 90],
    ["2h", 7200],
    ["1h1s", 3601],
    ["90m", 5400],
    ["1s", 1],
    ["007m", 420],
    ["PT45M", 2700],
    ["PT1H30M", 5400],
    ["PT90S", 90],
    ["PT1H30M5S", 5405],
  ])("%j is %i seconds", (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test.each([
    "",
    "0m",
    "0h0m0s",
    "PT0S",
    "PT",
    "P1D",
    "P1DT1H",
    "45",
    "-5m",
    "+5m",
    "1.5h",
    "1e3s",
    "30m1h",
    "1h 30m",
    " 45m",
    "45m\n",
    "45M",
    "pt45m",
    "1d",
    "5m5m",
    "half an hour",
    "٤٥m",
    "999999h",
    `${"9".repeat(400)}s`,
  ])("refuses %j", (text) => {
    expect(codeThrownBy(() => parseDuration(text))).toBe("DURATION_INVALID");
  });

  test("reads what formatDuration writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toBe(seconds);
      }),
    );
  });
});

test.each([
  [0, "0s"],
  [59, "59s"],
  [60, "1m"],
  [90, "1m30s"],
  [3600, "1h"],
  [5400, "1h30m"],
  [43_200, "12h"],
])("%i seconds are %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

describe("the longest that targets allow", () => {
  const long = storeNamed("long", [accessNamed("read"), accessNamed("short", 600)], {
    maximumDuration: 7200,
  });
  const brief = storeNamed("brief", [accessNamed("read", 3600)], { maximumDuration: 1800 });
  const target = (store: typeof long, name: string): Target => {
    const access = store.accesses.get(name);
    if (access === undefined) throw new Error(`no ${name}`);
    return { store, access };
  };

  test.each<[string, Target[], { seconds: number; from: string }]>([
    ["a store's", [target(long, "read")], { seconds: 7200, from: "long" }],
    ["an access's", [target(long, "short")], { seconds: 600, from: "long:short" }],
    ["of two, the shorter", [target(long, "read"), target(brief, "read")], { seconds: 1800, from: "brief" }],
    ["never more than the store's", [target(brief, "read")], { seconds: 1800, from: "brief" }],
  ])("%s", (_, targets, expected) => {
    expect(maximumDuration(targets)).toEqual(expected);
    expect(codeThrownBy(() => checkDuration(targets, expected.seconds))).toBeUndefined();
    expect(codeThrownBy(() => checkDuration(targets, expected.seconds + 1))).toBe("DURATION_TOO_LONG");
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("%d seconds are none", (seconds) => {
    expect(codeThrownBy(() => checkDuration([target(long, "read")], seconds))).toBe("DURATION_INVALID");
  });

  test("the default is cut to the maximum", () => {
    const catalog = catalogOf([long, brief]);
    expect(defaultDuration(catalog, [target(long, "read")])).toBe(1800);
    expect(defaultDuration(catalog, [target(long, "short")])).toBe(600);
  });
});
