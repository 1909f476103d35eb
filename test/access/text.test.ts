import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeForTerminal, findHostile, foldSpace, refuseHostile } from "../../src/access/text.ts";
import { codeThrownBy } from "./support.ts";

describe("hostile characters", () => {
  test.each([
    0x00, 0x07, 0x08, 0x09, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x61c, 0x180e, 0x200b, 0x200c, 0x200d,
    0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0x3164, 0xfe0f, 0xfeff, 0xfff9,
    0xffff, 0xd800, 0xdfff, 0xe0001, 0xe0041, 0xe01ef, 0x1fffe, 0x10ffff,
  ])("U+%s is refused wherever it stands", (codePoint) => {
    const character = String.fromCodePoint(codePoint);
    for (const [text, index] of [
      [character, 0],
      [`ab${character}`, 2],
      [`😀${character}z`, 2],
    ] as const) {
      expect(findHostile(text)).toEqual({ index, codePoint });
      expect(codeThrownBy(() => refuseHostile(text, "the text"))).toBe("TEXT_HOSTILE");
      expect(escapeForTerminal(text)).toBe(text.replace(character, `\\u{${codePoint.toString(16)}}`));
    }
  });

  test.each([
    "",
    "plain",
    "Ümläut ß €",
    "日本語",
    "العربية",
    "😀👍🏽",
    "a\\b",
    "́e",
    "100 %",
  ])("%j is harmless", (text) => {
    expect(findHostile(text)).toBeUndefined();
    expect(escapeForTerminal(text)).toBe(text);
  });

  test("every control, format, surrogate and line separator of Unicode is refused, but for visible marks", () => {
    // Prepended concatenation marks (Unicode 17, 23.2) and the joiners of Egyptian hieroglyphs.
    const visible = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}\u{13430}-\u{1345f}]/u;
    const missed: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(character)) continue;
      if (findHostile(character) === undefined && !visible.test(character)) missed.push(code.toString(16));
    }
    expect(missed).toEqual([]);
  });

  test("nothing hostile is left after escaping", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(findHostile(escapeForTerminal(text))).toBeUndefined();
      }),
    );
  });
});

test.each([
  ["  a  b ", "a b"],
  ["a\u00a0\u2003b", "a b"],
  ["   ", ""],
])("%j is folded to %j", (text, folded) => {
  expect(foldSpace(text)).toBe(folded);
});
