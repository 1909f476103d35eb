import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { exitCodes, exitOf } from "../../src/cli/exit-codes.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (name: string): string => readFileSync(resolve(root, name), "utf8");
const page = read("docs/threats.md");
const codePattern = /\b[A-Z]{2,}(?:_[A-Z0-9]+)+\b/g;
const codesIn = (text: string) => new Set(text.match(codePattern) ?? []);

/** Codes of findings and errors, as strings or names of a table, wherever the source has them. */
function codesOfSource(): ReadonlySet<string> {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const found = files
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [
      ...read(join("src", name)).matchAll(/"([A-Z][A-Z0-9_]+)"|^ {2}([A-Z][A-Z0-9_]+):/gm),
    ]);
  return new Set(found.map(([, text, member]) => text ?? member ?? ""));
}

test("docs/threats.md names codes that there are", () => {
  const known = codesOfSource();
  expect([...codesIn(page)].filter((code) => !known.has(code))).toEqual([]);
});

test("every code that the table of attacks expects is told there", () => {
  const told = codesIn(page);
  const expected = codesIn(read("test/audit/threats/threats.test.ts"));
  expect([...expected].filter((code) => !told.has(code))).toEqual([]);
});

test("an exit that is told with an error is that error's", () => {
  for (const [, codes = "", exit] of page.matchAll(/((?:[A-Z_]+, )*[A-Z_]+) ?\(exit (\d+)\)/g)) {
    for (const code of codesIn(codes))
      expect([code, exitCodes[exitOf(code)].code]).toEqual([code, Number(exit)]);
  }
});

test("the tests that it names are there, and the headings that its links go to", () => {
  const tests = [...page.matchAll(/`(test\/[^`]+)`/g)].map(([, name = ""]) => name);
  expect(tests.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  for (const [, file = "", anchor = ""] of page.matchAll(/\]\(([\w-]+\.md)#([\w-]+)\)/g)) {
    const headings = [...read(`docs/${file}`).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    expect([file, headings.includes(anchor)]).toEqual([file, true]);
  }
});
