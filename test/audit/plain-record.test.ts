import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, parseStrictJson } from "../../src/access/canonical.ts";
import { findHostile, plainCharacter } from "../../src/access/text.ts";
import { judgedMembers } from "../../src/audit/judged.ts";
import { readPlainRecord } from "../../src/audit/plain-record.ts";
import { parseRecord } from "../../src/audit/record.ts";
import { grammarOf } from "../../src/audit/record-grammar.ts";
import { recordTypes } from "../../src/audit/types.ts";
import { codeOf } from "../../src/error.ts";
import { hostile } from "../support/mutate.ts";
import { someRecord } from "./some-record.ts";

const types = recordTypes.filter((type) => type !== "enrol");
type Type = (typeof types)[number];
const anyRecord = fc.constantFrom(...types).chain((type) => someRecord(type));
const spelling = (value: unknown) => Buffer.from(canonicalJson(value)).toString();

/** What the careful reading makes of a payload; `undefined` where it is no record, or another spelling of one. */
function readCarefully(payload: Buffer) {
  try {
    const record = parseRecord(parseStrictJson(payload));
    return Buffer.compare(canonicalJson(record), payload) === 0 ? record : undefined;
  } catch (error) {
    expect(["JSON_INVALID", "RECORD_INVALID", "CANONICAL_INVALID"]).toContain(codeOf(error));
    return undefined;
  }
}

/** @returns whether the record was plain */
function expectSame(payload: string): boolean {
  const plain = readPlainRecord(payload);
  if (plain === undefined) return false;
  const careful = readCarefully(Buffer.from(payload));
  expect(careful).toEqual(plain.record);
  if (careful === undefined) return true;
  const { log: _, by: __, ...judged } = judgedMembers(careful);
  expect(JSON.parse(`{${plain.judged}}`)).toEqual(judged);
  return true;
}

test.each(types)("every %s of usual values is plain, and what the careful reading says", (type) => {
  fc.assert(
    fc.property(someRecord(type), (record) => {
      expect(expectSame(spelling(record))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

describe("whatever is plain is good, of every type", () => {
  test.each(types)("anything that the expression for %s takes", (type) => {
    const source = grammarOf(type, () => false)?.whole.source ?? "";
    // fast-check knows neither what is looked ahead for, nor how to write so much.
    const short = source.replace(/\(\?!.*?\)"\)/g, "").replace(/,(?:8192|5000|4000|2048|1900)\}/g, ",40}");
    let plain = 0;
    fc.assert(
      fc.property(fc.stringMatching(new RegExp(short)), (payload) => {
        if (expectSame(payload)) plain++;
      }),
      { numRuns: 300 },
    );
    expect(plain).toBeGreaterThan(0);
  });

  const long = (length: number) => "x".repeat(length);
  const many = (length: number) => Object.fromEntries(Array.from({ length }, (_, i) => [`n${i}`, ""]));
  test.each<[Type, string, number, (length: number) => unknown]>([
    ["request", "purpose", 1024, long],
    ["request", "reason", 8192, (length) => ({ text: long(length) })],
    ["request", "ticket", 1024, (length) => ({ text: long(length) })],
    ["request", "claimed", 2048, (length) => ({ a: long(length) })],
    ["request", "claimed", 128, (length) => ({ [long(length)]: "" })],
    ["request", "attested", 64, many],
    [
      "request",
      "targets",
      64,
      (length) =>
        Object.keys(many(length))
          .map((name) => `s:${name}`)
          .sort(),
    ],
    ["approval", "comment", 8192, (length) => ({ text: long(length) })],
    ["issue", "policy", 2048, long],
    ["issue", "policy", 2048, (length) => '"'.repeat(length)],
    ["issue", "tags", 128, (length) => ({ [long(length)]: "" })],
    ["issue", "tags", 256, (length) => ({ a: long(length) })],
    ["issue", "tags", 50, many],
    ["issue", "decisions", 64, (length) => Array.from({ length }, () => "ab".repeat(32))],
    ["issue", "sessionName", 64, long],
    ["issue", "accessKeyId", 128, long],
    ["abort", "code", 64, (length) => "X".repeat(length)],
    ["abort", "step", 32, long],
    ["revoke", "reason", 1024, long],
    ["notice", "to", 255, long],
  ])("a %s's %s of as many as there may be, and one more", (type, member, most, make) => {
    const [record] = fc.sample(someRecord(type), { numRuns: 1, seed: 1 });
    const isPlain = (count: number) => expectSame(spelling({ ...record, [member]: make(count) }));
    expect([isPlain(most), isPlain(most + 1)]).toEqual([true, false]);
  });

  test.each<[Type, string, unknown]>([
    ["request", "claimed", { "1a": "x" }],
    ["request", "claimed", { "": "x" }],
    ["request", "role", `arn:aws:iam::222222222222:role/${"x".repeat(2048)}`],
    ["request", "at", "2024-02-29T00:00:00Z"],
    ["issue", "sealed", `${"a".repeat(24_570)}.b.c.d.e`],
    ["issue", "packed", 1001],
    ["issue", "durationSeconds", 366 * 86_400 + 1],
    ["end", "exitCode", 2 ** 32],
  ])("a %s whose %s is not plain", (type, member, value) => {
    const [record] = fc.sample(someRecord(type), { numRuns: 1, seed: 1 });
    expect(expectSame(spelling({ ...record, [member]: value }))).toBe(false);
  });

  test.each(["attested", "claimed", "tags"])("names of %s that a schema steps over in silence", (member) => {
    const [record] = fc.sample(someRecord(member === "tags" ? "issue" : "request"), { numRuns: 1, seed: 1 });
    for (const name of ["constructor", "prototype", "__proto__", "constructors"]) {
      const payload = spelling({ ...record, [member]: JSON.parse(`{"a":"x","${name}":"y"}`) });
      expect([name, expectSame(payload)]).toEqual([name, name === "constructors"]);
    }
  });

  test("bytes that were changed", () => {
    const seeds = fc.sample(anyRecord, { numRuns: 40, seed: 1 }).map((record) => canonicalJson(record));
    fc.assert(
      fc.property(hostile(seeds), (bytes) => {
        expectSame(bytes.toString());
      }),
      { numRuns: 3000 },
    );
  });

  test("values that were changed, and spelt as they were or in another way", () => {
    const odd = fc.constantFrom<unknown>(
      ...[
        "",
        "-",
        "--",
        "x",
        "\u007f",
        "\u200b",
        "\ud800",
        "é",
        "😀",
        '"',
        "\\",
        "\\u",
        "a\nb",
        "2024-02-29T00:00:00Z",
      ],
      ...["2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z"],
      ...[-2, -1, -0, 0, 1, 1.5, 1000, 1001, 1e15, 2 ** 53, 2 ** 32, 366 * 86_400 + 1, null, true],
      ...["x".repeat(2048), "x".repeat(2049), "x".repeat(8193), '"'.repeat(1024), '"'.repeat(1025)],
      ...[[], {}, [[]], ["a:b", "a:a"], ["a:b", "a:b"], ["a:a", "a:b"], { b: "1", a: "2" }],
      ...[{ text: "" }, { text: "x", salt: "y" }, { "1": "x", "10": "y", "2": "z" }, { "10": "", "2": "" }],
      ...["constructor", "prototype", "__proto__"].map((name) => JSON.parse(`{"${name}":"x"}`)),
    );
    const changed = fc
      .tuple(anyRecord, anyRecord, fc.nat(), odd, fc.constantFrom("odd", "other", "less", "more", "nested"))
      .map(([record, other, at, value, how]) => {
        const names = Object.keys(record);
        const name = names[at % names.length] ?? "v";
        const members: Record<string, unknown> = { ...record };
        if (how === "odd") members[name] = value;
        else if (how === "other") members[name] = other[name];
        else if (how === "less") delete members[name];
        else if (how === "more") members[`x${name}`] = value;
        else if (typeof members[name] === "object")
          members[name] = { ...(members[name] as object), a: value };
        return members;
      });
    const spelt = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => ` ${text}`,
      (text) => text.replace(":", ": "),
      (text) => text.replace("a", "\\u0061"),
      (text) => text.replace("/", "\\/"),
      (text) => text.replace(/"n":(\d+)/, '"n":$1.0'),
      (text) => text.replace(/"n":(\d+)/, '"n":$1e0'),
      (text) => text.replace(/"n":(\d+)/, '"n":0$1'),
      (text) => text.replace(/("[a-z.]+":"[^"]*")/, "$1,$1"),
      (text) => text.replace(/\{("[A-Za-z:.]+":"[^"]*"),("[A-Za-z:.]+":"[^"]*")\}/, "{$2,$1}"),
      (text) => text.replace(/\{("[A-Za-z:.]+":"[^"]*")\}/g, "{$1,$1}"),
    );
    fc.assert(
      fc.property(changed, spelt, (members, spell) => {
        expectSame(spell(JSON.stringify(sorted(members))));
      }),
      { numRuns: 5000 },
    );
  });
});

/** With all members in order, as `JSON.stringify` writes them: also what no record can hold. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  const copy = Object.create(null);
  for (const [name, member] of members) copy[name] = sorted(member);
  return copy;
}

test("a plain character is any code unit that is a whole harmless character, but what JSON escapes", () => {
  const plain = new RegExp(`^${plainCharacter()}$`);
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    const isPlain = findHostile(character) === undefined && character !== '"' && character !== "\\";
    if (plain.test(character) !== isPlain) expect([code, plain.test(character)]).toEqual([code, isPlain]);
  }
});
