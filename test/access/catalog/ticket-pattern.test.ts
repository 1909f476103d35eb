import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileTicketPattern } from "../../../src/access/catalog/ticket-pattern.ts";

const takes = (pattern: string, ticket: string) => {
  const compiled = compileTicketPattern(pattern);
  return typeof compiled === "string" ? "refused" : compiled.test(ticket);
};

describe("a ticket's pattern", () => {
  test.each<[string, string, boolean]>([
    ["[A-Z]+-[0-9]+", "SUP-1234", true],
    ["[A-Z]+-[0-9]+", "see SUP-1234", false],
    ["[A-Z]+-[0-9]+", "SUP-1234 DROP", false],
    ["^SUP-\\d{1,6}$", "SUP-1", true],
    ["^SUP-\\d{1,6}$", "SUP-1234567", false],
    // The bar must not split the anchors off.
    ["A|B", "AX", false],
    ["A|B", "B", true],
    ["(?:SUP|INC)-[0-9]{4}(?:-[a-z]+)?", "INC-1234-eu", true],
    ["(ab)*c", "ababc", true],
    ["\\$\\d+", "$5", true],
    ["a\\\\$", "a\\", true],
    ["a\\$", "a$", true],
    ["[\\]\\-]", "]", true],
    ["#?\\d+", "#7", true],
    ["[^ ]{3,}", "ä€x", true],
  ])("%j on %j: %j", (pattern, ticket, expected) => {
    expect(takes(pattern, ticket)).toBe(expected);
  });

  test.each([
    ["nested repetition", "(a+)+b"],
    ["alternatives that overlap, repeated", "(a|a)*b"],
    ["an optional part, repeated", "(a?){40}"],
    ["many optional parts", "a?".repeat(40)],
    ["many repetitions in sequence", "a*a*a*a*a*b"],
    ["a deep pattern", "(".repeat(20) + ")".repeat(20)],
    ["a back reference", "(a)\\1"],
    ["a named back reference", "(?<x>a)\\k<x>"],
    ["look-ahead", "(?=a)a"],
    ["look-behind", "(?<=a)a"],
    ["an anchor inside", "a^b"],
    ["a word boundary", "\\ba"],
    ["an open class", "["],
    ["a range the wrong way", "[z-a]"],
    ["an open group", "(a"],
    ["a closed group", "a)"],
    ["nothing to repeat", "+"],
    ["a brace alone", "a{"],
    ["a count the wrong way", "a{3,2}"],
    ["a quantifier twice", "a**"],
  ])("refuses %s", (_, pattern) => {
    expect(typeof compileTicketPattern(pattern)).toBe("string");
  });

  test.each([
    ["more often than a ticket is long", "(?:a|a){129}b"],
    ["more often than a ticket is long, or not at all", "(a?){200}b"],
    ["at least so often", "(?:a|a){200,}b"],
    ["what repeats, so often", "(?:a+){130}"],
    ["nothing, a thousand million times", "(?:(?:(?:){999}){999}){999}"],
    ["with a long tail after each way", "(?:a|a){22}a{100}b"],
    ["with optional parts and a long tail", "(?:a?){22}a{100}b"],
    ["classes that overlap, with a long tail", "(?:[^b]|\\w){22}[^b]{100}b"],
    ["in groups of groups", "(?:(a|(a)|((a))|(((a)))){11}).{110}b"],
    ["counts with a tail", "(a{0,3}){11}[^b]{80}b"],
    ["four in sequence", ".*.*.*.*!"],
  ])("refuses repetition: %s", (_, pattern) => {
    expect(typeof compileTicketPattern(pattern)).toBe("string");
  });

  test.each([
    ".*.*.*!",
    "\\w+\\w+\\w+!",
    "(?:a|a){16}a{100}b",
    "(\\w{1,5}){1,8}!",
    "(a{0,3}){8}[^b]{120}b",
    "(?:a*)?(?:a*)?b",
    "(?:(?:){999}){999}",
  ])("the worst that is taken ends soon: %s", (pattern) => {
    const compiled = compileTicketPattern(pattern);
    if (typeof compiled === "string") throw new Error(compiled);
    const started = performance.now();
    for (const ticket of ["a".repeat(128), `${"a".repeat(127)}!`, "x".repeat(128)]) compiled.test(ticket);
    // Milliseconds; without a bound, some took ten seconds and some the age of the universe.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test.each([
    "[A-Z]+-[0-9]+-[a-z]+",
    "[A-Z]{2,10}-\\d{1,9}",
    "https://[a-z.]+/[\\w/-]+",
    "(?:[A-Z]{2,5}-\\d{1,6},? ?){1,2}",
  ])("what organizations write is taken: %s", (pattern) => {
    expect(compileTicketPattern(pattern)).toBeInstanceOf(RegExp);
  });

  test("what is taken ends soon on any ticket, and compiles", () => {
    const atom = fc.constantFrom("a", ".", "[ab]", "\\w", "(?:a|ab)", "(a)", "(?:a?b)");
    const quantifier = fc.constantFrom("", "", "?", "*", "+", "{2}", "{0,9}", "{1,}", "*?");
    const piece = fc.tuple(atom, quantifier).map(([one, many]) => one + many);
    const group = fc
      .tuple(fc.array(piece, { maxLength: 3 }), quantifier)
      .map(([inner, many]) => `(?:${inner.join("")})${many}`);
    const pattern = fc.array(fc.oneof(piece, group), { maxLength: 5 }).map((all) => all.join(""));
    const started = performance.now();
    let taken = 0;
    fc.assert(
      fc.property(pattern, (source) => {
        const compiled = compileTicketPattern(source);
        if (typeof compiled === "string") return;
        taken += 1;
        for (const ticket of [`${"a".repeat(127)}!`, `${"ab".repeat(63)}!!`, "a".repeat(128)])
          compiled.test(ticket);
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(30);
    // An exponential pattern would not end within the age of the universe.
    expect(performance.now() - started).toBeLessThan(25_000);
  });
});
