import { Chalk } from "chalk";
import { expect, test } from "vitest";
import { openedLines } from "../../src/cli/render/opened.ts";
import { wrap } from "../../src/cli/style.ts";

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
