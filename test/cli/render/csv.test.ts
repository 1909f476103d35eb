import fc from "fast-check";
import { expect, test } from "vitest";
import { csvLine } from "../../../src/cli/render/csv.ts";

test.each([
  [["plain", 7, true, undefined], "plain,7,true,\r\n"],
  [['say "no"', "a,b"], '"say ""no""","a,b"\r\n'],
  [["=1+1"], '"\'=1+1"\r\n'],
  [["@SUM(A1)", "+1", "-1", -1], '"\'@SUM(A1)","\'+1","\'-1",-1\r\n'],
  [[" =1+1"], '"\' =1+1"\r\n'],
  [["＝1+1"], '"\'＝1+1"\r\n'],
  [["a\r\n=b"], "a\\u{d}\\u{a}=b\r\n"],
] as const)("%j is %j", (cells, line) => {
  expect(csvLine(cells)).toBe(line);
});

/** RFC 4180 as a reader sees it. */
function read(line: string): string[] {
  const cells = [""];
  let isQuoted = false;
  for (const character of line.slice(0, -2)) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === "," && !isQuoted) cells.push("");
    else cells.push(`${cells.pop() ?? ""}${character}`);
  }
  return cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
}

test("whatever the cells hold, a reader finds as many on one line, and none is a formula", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }), (cells) => {
      const line = csvLine(cells);
      expect(line.slice(0, -2)).not.toMatch(/[\r\n]/);
      const back = read(line);
      expect(back).toHaveLength(cells.length);
      for (const cell of back) expect(cell).not.toMatch(/^\s*[=+\-@|%]/);
    }),
  );
});
