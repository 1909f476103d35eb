import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, parseStrictJson } from "../../src/access/canonical.ts";
import { codeOf } from "../../src/error.ts";

const text = (value: unknown) => new TextDecoder().decode(canonicalJson(value));
const bytes = (json: string) => new TextEncoder().encode(json);

function codeThrownBy(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

describe("canonicalJson", () => {
  test("sorts members by UTF-16 code unit, as in RFC 8785, 3.2.3", () => {
    const members = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\u{1f600}": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const order = Object.values(JSON.parse(text(members)) as object);
    // Integer-like members come first in any JavaScript object, so the text itself is looked at for "\r" before "1".
    expect(text(members).startsWith('{"\\r":"Carriage Return","1":"One",')).toBe(true);
    expect(order).toEqual([
      "One",
      "Carriage Return",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test("writes strings and literals as in RFC 8785, 3.2.2", () => {
    const input = { string: '\u20ac$\u000f\nA\'B"\\\\"/', literals: [null, true, false] };
    expect(Buffer.from(canonicalJson(input)).toString("hex")).toBe(
      // The RFC's bytes (3.2.4) without the member `numbers`, whose fractions no format of ours has.
      `${"7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c"}${"22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d"}`,
    );
  });

  test.each([
    ["undefined", undefined],
    ["an undefined member", { a: undefined }],
    ["an undefined element", [undefined]],
    ["a hole", new Array(1)],
    ["a fraction", 4.5],
    ["an integer that JSON would round", 2 ** 53],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["negative zero", -0],
    ["a bigint", 1n],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate in a name", { "\udc00": 1 }],
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["a function", () => 1],
    ["toJSON", { toJSON: () => 1 }],
    ["a symbol member", { [Symbol.iterator]: 1 }],
  ])("refuses %s", (_, value) => {
    expect(codeThrownBy(() => canonicalJson(value))).toBe("CANONICAL_INVALID");
    expect(codeThrownBy(() => canonicalJson({ deep: [value] }))).toBe("CANONICAL_INVALID");
  });

  test("refuses cycles and endless nesting", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(codeThrownBy(() => canonicalJson(cycle))).toBe("CANONICAL_INVALID");
  });

  test("is the inverse of parseStrictJson, and stable", () => {
    const leaf = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, depthIdentifier: "t" },
        leaf,
        fc.array(tie("tree"), { maxLength: 4, depthIdentifier: "t" }),
        fc.dictionary(fc.string({ unit: "binary" }), tie("tree"), {
          maxKeys: 4,
          noNullPrototype: true,
          depthIdentifier: "t",
        }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        fc.pre(!Object.is(value, -0));
        const once = canonicalJson(value);
        const back = parseStrictJson(once);
        expect(back).toEqual(value);
        expect(canonicalJson(back)).toEqual(once);
      }),
    );
  });
});

describe("parseStrictJson", () => {
  test.each([
    ["a member twice", '{"a":1,"a":1}'],
    ["a member twice under an escape", '{"a":1,"\\u0061" : 1}'],
    ["a member twice further down", '[{"b":{"a":"x","c":[],"a":{}}}]'],
    ["a byte order mark", "\ufeff{}"],
    ["trailing text", "{} {}"],
    ["nothing", ""],
    ["a comment", "{}//"],
    ["too deep nesting", "[".repeat(100) + "]".repeat(100)],
  ])("refuses %s", (_, json) => {
    expect(codeThrownBy(() => parseStrictJson(bytes(json)))).toBe("JSON_INVALID");
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(codeThrownBy(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22)))).toBe("JSON_INVALID");
  });

  test.each([
    ['{"a":{"a":1},"b":[{"a":"a"},{"a":"\\"a\\":"}]}'],
    ['[{"a":1},{"a":1},"a","a"]'],
    ['{"\\\\":1,"\\\\\\"":2,"__proto__":3}'],
    ["  3  "],
  ])("takes %s", (json) => {
    expect(parseStrictJson(bytes(json))).toEqual(JSON.parse(json));
  });
});
