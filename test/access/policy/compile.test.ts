import { describe, expect, test } from "vitest";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import { PolicyTooLarge } from "../../../src/access/policy/size.ts";
import type { Grant, Target } from "../../../src/access/types.ts";
import {
  accessOf,
  allows,
  codeThrown,
  NOT_AFTER,
  ROLE,
  raw,
  s3,
  storeOf,
  table,
  targetOf,
} from "./fixtures.ts";

const compile = (...targets: Target[]) => compileSessionPolicy({ targets, notAfter: NOT_AFTER });
const eu = s3("b", ["eu/"], ["read"]);

test("the shortest text for one prefix", () => {
  expect(compile(targetOf([eu])).text).toBe(
    '{"Version":"2012-10-17","Statement":[' +
      '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/eu/*"},' +
      '{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2026-03-01T12:30:00Z"}}}]}',
  );
});

describe("the end", () => {
  test.each<readonly [string, string, boolean]>([
    ["long before", "2026-03-01T00:00:00Z", true],
    ["at the second", "2026-03-01T12:30:00Z", true],
    ["a second later", "2026-03-01T12:30:01Z", false],
    ["a day later", "2026-03-02T00:00:00Z", false],
  ])("%s", (_when, now, allowed) => {
    const ask = {
      action: "s3:GetObject",
      resource: "arn:aws:s3:::b/eu/a",
      context: { "aws:CurrentTime": now },
    };
    expect(allows(compile(targetOf([eu])).text, ask)).toBe(allowed);
  });

  test("a fraction of a second is cut off, never rounded up", () => {
    const late = compileSessionPolicy({
      targets: [targetOf([eu])],
      notAfter: new Date("2026-03-01T12:30:00.999Z"),
    });
    expect(late.text).toBe(compile(targetOf([eu])).text);
  });
});

test("a target named twice counts once", () => {
  expect(compile(targetOf([eu]), targetOf([eu])).text).toBe(compile(targetOf([eu])).text);
});

test("targets of two roles are refused", () => {
  expect(codeThrown(() => compile(targetOf([eu]), targetOf([eu], undefined, "b", `${ROLE}2`)))).toBe(
    "POLICY_ROLES",
  );
});

test.each<readonly [string, Target[]]>([
  ["no target", []],
  ["an access without grants", [targetOf([])]],
  ["an access that only denies", [targetOf([raw({ Effect: "Deny", Action: "s3:*", Resource: "*" })])]],
])("%s is refused, since it would allow nothing", (_what, targets) => {
  expect(codeThrown(() => compile(...targets))).toBe("POLICY_EMPTY");
});

test("a role that is no ARN is refused", () => {
  expect(codeThrown(() => compile(targetOf([eu], undefined, "b", "customers")))).toBe("ROLE_INVALID");
});

describe("characters", () => {
  const withText = (text: string): readonly Grant[] => [
    s3("b", [text], ["read"]),
    s3("b", [text], ["list"]),
    table(["read"], { attributes: [text] }),
    table(["read"], { leadingKeys: [text] }),
    raw({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalTag/x": text } },
    }),
  ];

  test.each(["\t", "\n", "\r", " ", "~", "\u007f", "\u00a0", "ÿ", '"', "\\"])("%j is taken", (text) => {
    for (const grant of withText(text)) expect(codeThrown(() => compile(targetOf([grant])))).toBeUndefined();
  });

  test.each([
    "\u0000",
    "\u0008",
    "\u001f",
    "Ā",
    "€",
    "ł",
    "\u2028",
    "😀",
    "\ud800",
  ])("%j is refused everywhere", (text) => {
    for (const grant of withText(text)) {
      expect(codeThrown(() => compile(targetOf([eu, grant])))).toBe("POLICY_ALPHABET");
    }
  });

  test("quotes and backslashes in a prefix survive the text", () => {
    const { text } = compile(targetOf([s3("b", ['a"\\b/'], ["read"])]));
    expect(allows(text, { action: "s3:GetObject", resource: 'arn:aws:s3:::b/a"\\b/x' })).toBe(true);
  });
});

describe("past 2,048 characters", () => {
  const long = (count: number) => Array.from({ length: count }, (_, at) => `customer-${1000 + at}/`);
  const tooLarge = (...targets: Target[]): PolicyTooLarge => {
    try {
      compile(...targets);
    } catch (error) {
      if (error instanceof PolicyTooLarge) return error;
      throw error;
    }
    throw new Error("it fitted");
  };

  test("the error says how large, and what takes the room, the largest first", () => {
    const error = tooLarge(targetOf([eu, s3("b", long(60), ["read"]), table(["read"])]));
    expect(error).toMatchObject({ code: "POLICY_TOO_LARGE", limit: 2048 });
    expect(error.characters).toBeGreaterThan(2048);
    expect(error.shares.map((share) => [share.store, share.access, share.grant, share.label])).toEqual([
      ["customers", "read", 2, "s3 b"],
      ["customers", "read", 3, "dynamodb orders"],
      ["customers", "read", 1, "s3 b"],
    ]);
    expect(
      error.shares.every((share, at, all) => at === 0 || share.characters <= (all[at - 1]?.characters ?? 0)),
    ).toBe(true);
    expect(error.hint).toContain("customers:read");
  });

  test("targets that fit alone are to be requested one at a time", () => {
    const one = targetOf([s3("b", long(40), ["read"])], undefined, "one");
    const two = targetOf([s3("c", long(40), ["read"])], undefined, "two");
    expect(compile(one).characters).toBeLessThanOrEqual(2048);
    expect(tooLarge(one, two).hint).toContain("one:read, two:read");
  });

  test("one that does not fit alone is named for splitting", () => {
    const one = targetOf([eu], undefined, "one");
    const two = targetOf([s3("c", long(200), ["read"])], undefined, "two");
    const { hint } = tooLarge(one, two);
    expect(hint).toContain("two:read");
    expect(hint).not.toContain("one:read");
  });

  test("of one that needs more than two, it is said how many it takes at least", () => {
    const grants = Array.from({ length: 200 }, (_, at) =>
      s3(`bucket-${1000 + at}`, [`folder-${1000 + at}/`], ["read"]),
    );
    const parts = Number(
      /^split customers:read into (\d+) accesses or more/.exec(tooLarge(targetOf(grants)).hint ?? "")?.[1],
    );
    expect(parts).toBeGreaterThan(2);
    expect(tooLarge(targetOf(grants.slice(0, Math.ceil(200 / (parts - 1)))))).toBeInstanceOf(PolicyTooLarge);
  });

  test("the last text that fits is taken, and one character more is not", () => {
    const free = 2048 - compile(targetOf([s3("b", ["x"], ["read"])])).characters;
    const filled = (length: number) => compile(targetOf([s3("b", ["x".repeat(length)], ["read"])]));
    expect(filled(free + 1).characters).toBe(2048);
    expect(codeThrown(() => filled(free + 2))).toBe("POLICY_TOO_LARGE");
  });

  test("a thousand prefixes are refused without a search through all pairs", () => {
    const started = performance.now();
    expect(tooLarge(targetOf([s3("b", long(1000), ["read", "write", "list"])])).characters).toBeGreaterThan(
      40_000,
    );
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

test("two accesses of one store are one session", () => {
  const accesses = [accessOf("read", [eu]), accessOf("write", [s3("b", ["eu/"], ["write"])])];
  const store = storeOf("customers", accesses);
  const { text, summary } = compile(...accesses.map((access) => ({ store, access })));
  for (const action of ["s3:GetObject", "s3:PutObject"]) {
    expect(allows(text, { action, resource: "arn:aws:s3:::b/eu/a" })).toBe(true);
  }
  expect(summary.map((one) => one.access)).toEqual(["read", "write"]);
});
