import fc from "fast-check";
import { expect, test } from "vitest";
import { resourceMatcher } from "../../src/policy/arns.ts";
import { contextOf } from "../../src/policy/context.ts";
import { covers, coversAction, coversResource } from "../../src/policy/cover.ts";
import { matchesPattern } from "../../src/policy/match.ts";
import { requestBy, user } from "./requests.ts";

const LONGEST = 7;

/** Every text over a, b and x (which no pattern spells out) up to the given length. */
function textsUpTo(length: number, alphabet: readonly string[]): readonly string[] {
  const texts = [""];
  for (let from = 0, round = 0; round < length; round++) {
    const upTo = texts.length;
    for (; from < upTo; from++) for (const letter of alphabet) texts.push(`${texts[from]}${letter}`);
  }
  return texts;
}

const TEXTS = textsUpTo(LONGEST, ["a", "b", "x"]);

function coversByTrying(wide: string, narrow: string): boolean {
  return TEXTS.every((text) => !matchesPattern(narrow, text) || matchesPattern(wide, text));
}

const letters = (longest: number, alphabet: readonly string[]) =>
  fc.array(fc.constantFrom(...alphabet), { maxLength: longest }).map((list) => list.join(""));

test("decides as trying every text does", () => {
  // Patterns so short that a counterexample, where there is one, has at most LONGEST letters.
  const pattern = letters(4, ["a", "b", "*", "?"]);
  fc.assert(
    fc.property(pattern, pattern, (wide, narrow) => {
      expect(covers(wide, narrow)).toBe(coversByTrying(wide, narrow));
    }),
    { numRuns: 400 },
  );
});

test("every pair of patterns of up to three letters, by trying", () => {
  const patterns = textsUpTo(3, ["a", "*", "?"]);
  const texts = textsUpTo(6, ["a", "x"]);
  const matched = new Map(patterns.map((p) => [p, texts.filter((text) => matchesPattern(p, text))]));
  for (const wide of patterns) {
    const all = new Set(matched.get(wide));
    for (const narrow of patterns) {
      expect([wide, narrow, covers(wide, narrow)]).toEqual([
        wide,
        narrow,
        (matched.get(narrow) ?? []).every((text) => all.has(text)),
      ]);
    }
  }
});

test("decides as a full search does, for longer patterns", () => {
  const pattern = letters(9, ["a", "b", "*", "*", "?"]);
  const pair = fc.oneof(
    fc.tuple(pattern, pattern),
    // A narrow pattern made wider here and there, so that about half of the pairs are covered.
    fc
      .tuple(pattern, fc.array(fc.constantFrom("", "?", "*", "=", "=", "="), { minLength: 9, maxLength: 9 }))
      .map(
        ([narrow, changes]) =>
          [
            [...narrow].map((letter, at) => (changes[at] === "=" ? letter : changes[at])).join(""),
            narrow,
          ] as const,
      ),
  );
  fc.assert(
    fc.property(pair, ([wide, narrow]) => {
      expect(covers(wide, narrow)).toBe(coversBySearch(wide, narrow));
    }),
    { numRuns: 1000 },
  );
});

/** Follows all texts of the narrow pattern at once, by the set of places of the wide one that each reaches. */
function coversBySearch(wide: string, narrow: string): boolean {
  const settle = (states: readonly number[]) => {
    const reached = new Set(states);
    for (const state of reached) if (wide[state] === "*") reached.add(state + 1);
    return [...reached].sort((a, b) => a - b);
  };
  const step = (states: readonly number[], letter: string) =>
    settle(
      states.flatMap((at) =>
        wide[at] === "*" ? [at] : wide[at] === "?" || wide[at] === letter ? [at + 1] : [],
      ),
    );
  const seen = new Set<string>();
  const open: (readonly [number, readonly number[]])[] = [[0, settle([0])]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [at, states] = next;
    if (seen.has(`${at}:${states}`)) continue;
    seen.add(`${at}:${states}`);
    const letter = narrow[at];
    if (letter === undefined) {
      if (!states.includes(wide.length)) return false;
    } else if (letter === "*") open.push([at + 1, states], [at, step(states, "x")]);
    else open.push([at + 1, step(states, letter === "?" ? "x" : letter)]);
  }
  return true;
}

test("what it says of longer patterns holds for texts drawn from the narrow one", () => {
  const pattern = letters(12, ["a", "b", "*", "*", "?"]);
  const fill = fc.infiniteStream(letters(3, ["a", "b", "x"]));
  fc.assert(
    fc.property(pattern, pattern, fill, (wide, narrow, filler) => {
      fc.pre(covers(wide, narrow));
      const text = narrow.replace(/[*?]/g, (wildcard) => {
        const drawn = filler.next().value;
        return wildcard === "*" ? drawn : (drawn[0] ?? "x");
      });
      expect(matchesPattern(wide, text)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("is reflexive and transitive, and * covers everything", () => {
  const pattern = letters(8, ["a", "b", "*", "?"]);
  fc.assert(
    fc.property(pattern, pattern, pattern, (a, b, c) => {
      expect(covers(a, a)).toBe(true);
      expect(covers("*", a)).toBe(true);
      if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
    }),
  );
});

test.each([
  ["*", "", true],
  ["?*", "*", false],
  ["*?", "?*", true],
  ["a*", "a*b", true],
  ["a*b", "a*", false],
  ["*a*", "*a", true],
  ["*ab*", "*a?b*", false],
  ["a?c", "abc", true],
  ["**", "*", true],
])("covers(%j, %j) is %j", (wide, narrow, expected) => {
  expect(covers(wide, narrow)).toBe(expected);
});

test("a variable is covered by itself and by *, never by the letters that it might be", () => {
  const own = "b/$" + "{aws:userid}/";
  expect(covers(`${own}*`, `${own}x`)).toBe(true);
  expect(covers("b/*", `${own}*`)).toBe(true);
  expect(covers("b/?/", own)).toBe(false);
  expect(covers(own, "b/AIDA/")).toBe(false);
  expect(covers("b/$" + "{AWS:UserId}/", own)).toBe(true);
  expect(covers("a$" + "{*}", "a*")).toBe(false);
  expect(covers("a*", "a$" + "{*}")).toBe(true);
});

test("the work stays small where wildcards are many", () => {
  const wide = `${"*a?".repeat(60)}*`;
  const narrow = `${"*a?b".repeat(60)}*`;
  expect(covers(wide, narrow)).toBe(true);
  expect(covers(narrow, wide)).toBe(false);
});

test("actions: case does not count", () => {
  expect(coversAction("s3:Get*", "S3:GETOBJECT")).toBe(true);
  expect(coversAction("s3:Get*", "s3:*")).toBe(false);
});

test.each([
  ["*", "arn:aws:s3:::b/*", true],
  ["arn:aws:s3:::b/*", "*", false],
  ["arn:aws:s3:::*", "arn:aws:s3:::b/k", true],
  ["arn:aws:s3:::b*", "arn:aws:s3:::b/*", true],
  ["arn:aws:s3:::b/*", "arn:aws:s3:::b*", false],
  ["arn:aws:s3:*", "arn:aws:s3:::b", true],
  ["arn:aws:*:*:*:x", "arn:aws:sqs:eu-west-1:1:x", true],
  ["arn:aws:sqs:*?:1:x", "arn:aws:sqs:e*:1:x", false],
  ["arn:aws:sqs:*:1:x", "arn:aws:sqs:e*:1:x", true],
])("coversResource(%j, %j) is %j", (wide, narrow, expected) => {
  expect(coversResource(wide, narrow)).toBe(expected);
});

test("resources: what it covers matches, also where a star runs on over colons", () => {
  const part = letters(3, ["a", "b", "*", "?"]);
  const pattern = fc
    .array(part, { minLength: 3, maxLength: 3 })
    .map((parts) => `arn:aws:s3:${parts.join(":")}`);
  const subject = letters(9, ["a", "b", "x", ":"]).map((rest) => `arn:aws:s3:${rest}`);
  const context = contextOf(requestBy(user("ann")));
  fc.assert(
    fc.property(
      pattern,
      pattern,
      fc.array(subject, { minLength: 20, maxLength: 20 }),
      (wide, narrow, subjects) => {
        fc.pre(coversResource(wide, narrow));
        for (const arn of subjects) {
          if (resourceMatcher(narrow, true)(arn, context))
            expect(resourceMatcher(wide, true)(arn, context)).toBe(true);
        }
      },
    ),
    { numRuns: 300 },
  );
});
