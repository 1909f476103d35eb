import { Chalk } from "chalk";
import { expect, test } from "vitest";
import { openedLines } from "../../src/cli/render/opened.ts";
import { clip, table, wrap } from "../../src/cli/style.ts";

test("colours take no column: a painted text is folded where the plain one is", () => {
  const { green } = new Chalk({ level: 1 });
  expect(wrap(`${green("one")} two three`, 13)).toBe(`${green("one")} two three`);
  expect(wrap(`${green("one")} two three`, 12)).toBe(`${green("one")} two\nthree`);
});

test("further lines have their indent within the columns, and use all of them", () => {
  const [folded = ""] = openedLines(
    [
      {
        store: "a",
        access: "b",
        service: "S3",
        actions: ["read"],
        resources: ["s3://a/aaaaaaaa", "s3://b/bbbbbbbb"],
        limits: [],
      },
    ],
    32,
    "  ",
  );
  expect(folded).toBe("  S3: read on s3://a/aaaaaaaa,\n    s3://b/bbbbbbbb");
});

test("a last column without room stands under its row, and under itself where there is some", () => {
  const rows = [
    ["STORE", "WHAT IT IS"],
    ["customers", "Whom we sell to, and where they live"],
  ];
  expect(table(rows, undefined, 32)).toBe(
    "STORE      WHAT IT IS\ncustomers  Whom we sell to, and\n           where they live",
  );
  expect(table(rows, undefined, 30)).toBe(
    "STORE\n    WHAT IT IS\ncustomers\n    Whom we sell to, and where\n    they live",
  );
  // What fits stays where it is, however narrow.
  expect(table([["orders", "4h"]], undefined, 10)).toBe("orders  4h");
});

test("a word that has no room beside its row stands whole under it", () => {
  const id = "01M8Q59TPT10DAQ2B9A7FEF3KP";
  expect(table([["customers:read orders:read", id]], undefined, 50)).toBe(
    `customers:read orders:read\n    ${id}`,
  );
});

test("a line is clipped to its columns", () => {
  expect(clip("customers", 9)).toBe("customers");
  expect(clip("customers", 8)).toBe("custome…");
});
