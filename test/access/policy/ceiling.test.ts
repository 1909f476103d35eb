import { describe, expect, test } from "vitest";
import { storeCeiling } from "../../../src/access/policy/ceiling.ts";
import type { Grant, Networks, Store } from "../../../src/access/types.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { ANYWHERE, accessOf, codeThrown, raw, s3, storeOf, verdictOf } from "./fixtures.ts";

function store(accesses: Readonly<Record<string, readonly Grant[]>>, networks: Networks = ANYWHERE): Store {
  return storeOf(
    "customers",
    Object.entries(accesses).map(([name, grants]) => accessOf(name, grants)),
    networks,
  );
}

function opens(text: string, action: string, key: string, context = {}): boolean {
  return (
    verdictOf(parsePolicy(text, "boundary"), { action, resource: `arn:aws:s3:::b/${key}`, context }) ===
    "allow"
  );
}

test("what any access opens, and nothing else, at any time", () => {
  const text = storeCeiling(
    store({ read: [s3("b", ["eu/"], ["read"])], write: [s3("b", ["in/"], ["write"])] }),
  );
  const late = { "aws:CurrentTime": "2050-01-01T00:00:00Z" };
  expect(opens(text, "s3:GetObject", "eu/a", late)).toBe(true);
  expect(opens(text, "s3:PutObject", "in/a", late)).toBe(true);
  expect(opens(text, "s3:PutObject", "eu/a")).toBe(false);
  expect(opens(text, "s3:GetObject", "in/a")).toBe(false);
});

test("from the store's networks alone", () => {
  const text = storeCeiling(
    store({ read: [s3("b", [""], ["read"])] }, { ...ANYWHERE, cidrs: ["203.0.113.0/24"] }),
  );
  expect(opens(text, "s3:GetObject", "a", { "aws:SourceIp": "203.0.113.1" })).toBe(true);
  expect(opens(text, "s3:GetObject", "a", { "aws:SourceIp": "198.51.100.1" })).toBe(false);
});

test("a raw Deny counts where every access has it", () => {
  const deny = raw({ Effect: "Deny", Action: "s3:*", Resource: "arn:aws:s3:::b/hr/*" });
  const all = s3("b", [""], ["read"]);
  expect(opens(storeCeiling(store({ a: [all, deny], b: [all, deny] })), "s3:GetObject", "hr/a")).toBe(false);
  expect(opens(storeCeiling(store({ a: [all, deny], b: [all] })), "s3:GetObject", "hr/a")).toBe(true);
  expect(opens(storeCeiling(store({ a: [all, deny, deny], b: [all] })), "s3:GetObject", "hr/a")).toBe(true);
});

describe("nothing of sts or iam", () => {
  const allow = (elements: Record<string, unknown>) => raw({ Effect: "Allow", Resource: "*", ...elements });
  test.each<readonly [string, Grant, string | undefined]>([
    ["sts:AssumeRole", allow({ Action: "sts:AssumeRole" }), "CEILING_IDENTITY"],
    ["IAM:PassRole", allow({ Action: ["s3:GetObject", "IAM:PassRole"] }), "CEILING_IDENTITY"],
    ["everything", allow({ Action: "*" }), "CEILING_IDENTITY"],
    ["everything but S3", allow({ NotAction: "s3:*" }), "CEILING_IDENTITY"],
    ["everything but one of the two", allow({ NotAction: ["iam:*"] }), "CEILING_IDENTITY"],
    ["everything but a part of the two", allow({ NotAction: ["iam:*", "sts:Get*"] }), "CEILING_IDENTITY"],
    ["everything but the two", allow({ NotAction: ["IAM:*", "sts:*"] }), undefined],
    ["another service", allow({ Action: "athena:*" }), undefined],
    ["a Deny", raw({ Effect: "Deny", Action: "iam:*", Resource: "*" }), undefined],
  ])("%s", (_what, grant, code) => {
    expect(codeThrown(() => storeCeiling(store({ read: [s3("b", [""], ["read"]), grant] })))).toBe(code);
  });
});

test("a store that grants nothing has no ceiling", () => {
  expect(codeThrown(() => storeCeiling(store({})))).toBe("POLICY_EMPTY");
});

test("room for 6,144 characters, not more", () => {
  const long = (count: number) =>
    s3(
      "b",
      Array.from({ length: count }, (_, at) => `customer-${1000 + at}/`),
      ["read"],
    );
  expect(storeCeiling(store({ read: [long(120)] })).length).toBeGreaterThan(2048);
  expect(codeThrown(() => storeCeiling(store({ read: [long(200)] })))).toBe("POLICY_TOO_LARGE");
});
