import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseCatalog } from "../../../src/access/catalog/parse.ts";
import { CatalogError } from "../../../src/access/catalog/problem.ts";
import { findHostile } from "../../../src/access/text.ts";
import { sandboxCatalog } from "../../../src/cli/sandbox-catalog.ts";

/** Every text that a person writes, set to what is asked for. */
const withTexts = (value: string) => ({
  version: 1,
  organization: "acme",
  audit: { bucket: "acme-audit", account: "444455556666", region: "eu-central-1" },
  justification: { purposes: { support: value }, ticket: { example: value } },
  stores: {
    customers: {
      title: value,
      classification: value,
      dataCategories: [value],
      owner: value,
      role: "arn:aws:iam::111122223333:role/x",
      region: "eu-central-1",
      maximumDuration: "1h",
      accesses: {
        read: {
          title: value,
          s3: [{ bucket: "acme-customers", prefix: value, allow: ["read"] }],
          dynamodb: [{ table: "people", attributes: [value], leadingKeys: [value], allow: ["read"] }],
          statements: [{ Sid: "x", Effect: "Deny", Action: "s3:*", Resource: `arn:aws:s3:::${value}` }],
        },
      },
    },
  },
});

function outcome(input: string | Uint8Array): "catalog" | CatalogError {
  try {
    parseCatalog(typeof input === "string" ? new TextEncoder().encode(input) : input, "jit.yaml");
    return "catalog";
  } catch (error) {
    if (error instanceof CatalogError && error.code === "CATALOG_INVALID") return error;
    throw error;
  }
}

/** One problem at least, each at a place, and nothing of it steers a terminal. */
function expectSound(result: "catalog" | CatalogError): void {
  if (result === "catalog") return;
  expect(result.problems.length).toBeGreaterThan(0);
  const unsound = result.problems.filter(
    ({ line, column, path, message, suggestion = "" }) =>
      line < 1 || column < 1 || findHostile(path + message + suggestion) !== undefined,
  );
  expect(unsound).toEqual([]);
  expect(findHostile(result.message.replaceAll("\n", " "))).toBeUndefined();
}

const fields = [
  "justification.purposes.support",
  "justification.ticket.example",
  "stores.customers.accesses.read.dynamodb[0].attributes[0]",
  "stores.customers.accesses.read.dynamodb[0].leadingKeys[0]",
  "stores.customers.accesses.read.s3[0].prefix",
  "stores.customers.accesses.read.title",
  "stores.customers.classification",
  "stores.customers.dataCategories[0]",
  "stores.customers.owner",
  "stores.customers.title",
];

describe("hostile text", () => {
  test("the texts of this catalog are good by themselves", () => {
    expect(outcome(stringify(withTexts("plain")))).toBe("catalog");
  });

  test.each([
    ["an escape sequence", "a\u001b[2Jb"],
    ["a line feed", "a\nb"],
    ["a carriage return", "a\rb"],
    ["a tab", "a\tb"],
    ["a backspace", "a\bb"],
    ["DEL", "a\u007fb"],
    ["C1", "a\u009bb"],
    ["a soft hyphen", "a\u00adb"],
    ["right-to-left override", "a\u202eb"],
    ["an isolate", "a\u2066b"],
    ["a zero-width space", "a\u200bb"],
    ["a zero-width joiner", "a\u200db"],
    ["a byte order mark", "a\ufeffb"],
    ["a line separator", "a\u2028b"],
    ["a tag character", "a\u{e0041}b"],
    ["a Hangul filler", "a\u3164b"],
  ])("%s is found in every field", (_, value) => {
    const result = outcome(stringify(withTexts(value)));
    expectSound(result);
    const paths = result === "catalog" ? [] : result.problems.map(({ path }) => path);
    expect([...new Set(paths)].sort()).toEqual(fields);
  });

  test("NUL and a lone surrogate", () => {
    for (const value of ["a\\0b", "a\\ud800b"]) {
      const result = outcome(JSON.stringify(withTexts("X")).replaceAll("X", value));
      expectSound(result);
      expect(result).not.toBe("catalog");
    }
  });

  test("keys are as hostile as texts, and a long one does not fill the screen", () => {
    for (const key of ["\u202e", "\u001b[2J", "k".repeat(100_000), "constructor", "<<", ""]) {
      const result = outcome(`? ${JSON.stringify(key)}\n: 1\n${sandboxCatalog}`);
      expectSound(result);
      expect(result).not.toBe("catalog");
      if (result !== "catalog") expect(result.message.length).toBeLessThan(2_000);
    }
  });
});

describe("any input gives a catalog or CATALOG_INVALID", () => {
  test("any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expectSound(outcome(bytes));
      }),
    );
  });

  test("any text of what YAML is made of", () => {
    const token = fc.oneof(
      fc.constantFrom(..."{}[]:,-?&*!|>'\"%@`#\\<=~ \n\t".split("")),
      fc.constantFrom(
        "\n  ",
        "\n- ",
        ": ",
        "a",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "---\n",
        "...\n",
        "|\n",
        "\r\n",
      ),
      fc.constantFrom(
        "version: 1",
        "stores:",
        "__proto__",
        "null",
        "1e999",
        "0x1f",
        ".nan",
        "\ufeff",
        "\u2028",
      ),
      fc.string({ maxLength: 4, unit: "binary" }),
    );
    const text = fc.array(token, { maxLength: 40 }).map((all) => all.join(""));
    fc.assert(
      fc.property(text, (one) => {
        expectSound(outcome(one));
      }),
      { numRuns: 500 },
    );
  });

  test("a good catalog with a piece cut out, or put in", () => {
    const piece = fc.constantFrom(
      "",
      "\n",
      " ",
      ": ",
      "- ",
      "[",
      "{",
      "'",
      "*a",
      "!x ",
      "0",
      "~",
      "\u0000",
      "é",
    );
    const length = sandboxCatalog.length;
    fc.assert(
      fc.property(fc.nat(length), fc.nat(30), piece, (from, cut, put) => {
        expectSound(outcome(sandboxCatalog.slice(0, from) + put + sandboxCatalog.slice(from + cut)));
      }),
      { numRuns: 200 },
    );
  });

  test("any value in the place of any other", () => {
    const texts = withTexts("plain");
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(texts)), fc.jsonValue({ maxDepth: 4 }), (key, value) => {
        expectSound(outcome(JSON.stringify({ ...texts, [key]: value })));
      }),
    );
  });
});

describe("no input takes for ever", () => {
  const many = 20_000;
  const numbers = Array.from({ length: many }, (_, index) => index.toString(36));
  test.each<[string, string]>([
    ["unknown keys", numbers.map((one) => `k${one}: 1`).join("\n")],
    ["stores that are none", `stores:\n${numbers.map((one) => `  s${one}: 1`).join("\n")}`],
    ["one key again and again", "a: 1\n".repeat(many)],
    ["words of a list", `endpoints: [${numbers.join(", ")}]`],
    ["aliases", `a: &a 1\nb: [${"*a, ".repeat(many)}]`],
    [
      "aliases of aliases",
      `a: &a [x,x]\n${numbers
        .slice(0, 60)
        .map((_, i) => `b${i}: &b${i} [*a,*a]`)
        .join("\n")}`,
    ],
    ["open brackets", "[".repeat(many)],
    ["open braces", "{".repeat(many)],
    ["dashes", "- ".repeat(many)],
    ["question marks", "? ".repeat(many)],
    ["backslashes", `a: "${"\\".repeat(many)}`],
  ])("%s", (_, text) => {
    const started = performance.now();
    expectSound(outcome(text));
    // A tenth of a second or two; comparing each key with each other took seven.
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});
