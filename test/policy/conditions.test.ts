import { expect, test } from "vitest";
import { compileCondition } from "../../src/policy/conditions.ts";
import { contextOf } from "../../src/policy/context.ts";
import { operatorNames } from "../../src/policy/operators.ts";
import type { Tri } from "../../src/policy/tri.ts";
import type { Condition, ContextValue } from "../../src/policy/types.ts";
import { requestBy, user } from "./requests.ts";

const KEY = "svc:Key";

/** Tests `operator` against the policy's values for a request in which the key has this value; `null` is absent. */
function holds(
  operator: string,
  values: readonly string[],
  actual: ContextValue | null,
  others: object = {},
): Tri {
  const [, qualifier, base = "", suffix] =
    /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(operator) ?? [];
  const condition: Condition = {
    operator: base,
    qualifier: qualifier as Condition["qualifier"],
    ifExists: suffix !== undefined,
    key: KEY,
    values,
  };
  const context = { ...others, ...(actual === null ? {} : { [KEY.toUpperCase()]: actual }) };
  return compileCondition(condition, true)(contextOf(requestBy(user("ann"), { context })));
}

test.each<[string, readonly string[], ContextValue | null, boolean]>([
  ["StringEquals", ["a", "b"], "b", true],
  ["StringEquals", ["a", "b"], "B", false],
  ["StringEquals", ["a*"], "ab", false],
  ["StringEquals", ["a*"], "a*", true],
  ["StringNotEquals", ["a", "b"], "c", true],
  ["StringNotEquals", ["a", "b"], "b", false],
  ["StringEqualsIgnoreCase", ["Ab"], "aB", true],
  ["StringNotEqualsIgnoreCase", ["Ab"], "aB", false],
  ["StringLike", ["home/*", "x?"], "home/ann", true],
  ["StringLike", ["home/*", "x?"], "x", false],
  ["StringLike", [""], "", true],
  ["StringNotLike", ["home/*"], "home/ann", false],
  ["StringNotLike", ["home/*"], "tmp", true],
  ["NumericEquals", ["10"], "10.0", true],
  ["NumericEquals", ["10"], "1e1", true],
  ["NumericEquals", ["10"], "ten", false],
  ["NumericNotEquals", ["10", "11"], "11", false],
  ["NumericNotEquals", ["10", "11"], "12", true],
  ["NumericLessThan", ["10"], "9.5", true],
  ["NumericLessThan", ["10"], "10", false],
  ["NumericLessThanEquals", ["10"], "10", true],
  ["NumericGreaterThan", ["-1"], "0", true],
  ["NumericGreaterThanEquals", ["10"], "9", false],
  ["DateEquals", ["2026-01-01"], "2026-01-01T00:00:00Z", true],
  ["DateEquals", ["2026-01-01T01:00:00+01:00"], "2026-01-01T00:00:00.000Z", true],
  ["DateEquals", ["1767225600"], "2026-01-01T00:00:00Z", true],
  ["DateEquals", ["2026-01"], "1767225600", true],
  ["DateNotEquals", ["2026-01-01"], "2026-01-02", true],
  ["DateLessThan", ["2026-01-01T00:00:00Z"], "2025-12-31T23:59:59Z", true],
  ["DateLessThan", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", false],
  ["DateLessThanEquals", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", true],
  ["DateGreaterThan", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00.001Z", true],
  ["DateGreaterThan", ["2026-01-01T00:00:00Z"], "2026-01-01T00:30:00+01:00", false],
  ["DateGreaterThanEquals", ["2026-01-01T00:00:00Z"], "1767225600", true],
  ["DateGreaterThan", ["2026-01-01T00:00:00Z"], "soon", false],
  ["Bool", ["true"], "TRUE", true],
  ["Bool", ["false"], "true", false],
  ["Bool", ["false"], "no", false],
  ["BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", true],
  ["BinaryEquals", ["QQ=="], "QQ", true],
  ["BinaryEquals", ["QQ=="], "QR==", false],
  ["IpAddress", ["203.0.113.0/24"], "203.0.113.255", true],
  ["IpAddress", ["203.0.113.0/24"], "203.0.114.0", false],
  ["IpAddress", ["203.0.113.9/24"], "203.0.113.1", true],
  ["IpAddress", ["203.0.113.9"], "203.0.113.9", true],
  ["IpAddress", ["0.0.0.0/0"], "203.0.113.9", true],
  ["IpAddress", ["0.0.0.0/0"], "2001:db8::1", false],
  ["IpAddress", ["2001:DB8:1234:5678::/64"], "2001:db8:1234:5678:ffff::1", true],
  ["IpAddress", ["2001:db8::1"], "2001:0db8:0:0:0:0:0:1", true],
  ["IpAddress", ["::ffff:10.0.0.1"], "::ffff:a00:1", true],
  ["IpAddress", ["2001:db8::/33"], "2001:db8:8000::", false],
  ["IpAddress", ["10.0.0.0/8"], "10.0.0", false],
  ["NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], "192.168.1.1", false],
  ["NotIpAddress", ["10.0.0.0/8", "192.168.0.0/16"], "11.0.0.1", true],
  ["NotIpAddress", ["10.0.0.0/8"], "2001:db8::1", true],
  ["ArnEquals", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:t", true],
  ["ArnLike", ["arn:aws:sns:eu-west-1:1:t*"], "arn:aws:sns:eu-west-1:1:topic:x", true],
  ["ArnLike", ["arn:aws:sns:eu-west-1:1:t*"], "arn:aws:sns:eu-west-1:2:topic", false],
  ["ArnNotEquals", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:t", false],
  ["ArnNotLike", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:u", true],
])("%s %j on %j: %j", (operator, values, actual, expected) => {
  expect(holds(operator, values, actual)).toBe(expected);
});

const SAMPLE: Readonly<Record<string, string>> = {
  Numeric: "1",
  Date: "2026-01-01",
  Bool: "true",
  Binary: "QQ==",
  Ip: "10.0.0.0/8",
  NotIp: "10.0.0.0/8",
  Arn: "arn:aws:sns:eu-west-1:1:t",
};
const sampleOf = (name: string) =>
  Object.entries(SAMPLE).find(([prefix]) => name.startsWith(prefix))?.[1] ?? "a";

test.each(operatorNames().filter((name) => name !== "Null"))("%s where the key is absent", (name) => {
  const values = [sampleOf(name)];
  expect(holds(name, values, null)).toBe(name.includes("Not"));
  expect(holds(`${name}IfExists`, values, null)).toBe(true);
  expect(holds(`ForAllValues:${name}`, values, null)).toBe(true);
  expect(holds(`ForAllValues:${name}`, values, [])).toBe(true);
  expect(holds(`ForAnyValue:${name}`, values, null)).toBe(false);
  expect(holds(`ForAnyValue:${name}`, values, [])).toBe(false);
  expect(holds(`ForAnyValue:${name}IfExists`, values, null)).toBe(true);
});

test.each(operatorNames())("%s where the key is unknown", (name) => {
  const context = contextOf(requestBy(user("ann"), { unknown: new Set([KEY.toLowerCase()]) }));
  for (const qualifier of ["ForAllValues", "ForAnyValue", undefined] as const) {
    for (const ifExists of [true, false]) {
      const condition = { operator: name, qualifier, ifExists, key: KEY, values: ["true"] };
      expect(compileCondition(condition, true)(context)).toBe("unknown");
    }
  }
});

test("a key of several values needs a qualifier", () => {
  expect(holds("StringEquals", ["a"], ["a"])).toBe(false);
  expect(holds("StringNotEquals", ["a"], ["b"])).toBe(false);
  expect(holds("StringEqualsIfExists", ["a"], ["a"])).toBe(false);
});

test.each<[string, ContextValue, boolean]>([
  ["ForAllValues:StringEquals", ["a", "b"], true],
  ["ForAllValues:StringEquals", ["a", "c"], false],
  ["ForAllValues:StringEquals", "a", true],
  ["ForAnyValue:StringEquals", ["c", "b"], true],
  ["ForAnyValue:StringEquals", ["c", "d"], false],
  ["ForAnyValue:StringEquals", "a", true],
  ["ForAllValues:StringNotEquals", ["c", "d"], true],
  ["ForAllValues:StringNotEquals", ["c", "a"], false],
  ["ForAnyValue:StringNotEquals", ["c", "a"], true],
  ["ForAnyValue:StringNotEquals", ["a", "b"], false],
])('%s ["a","b"] on %j: %j', (operator, actual, expected) => {
  expect(holds(operator, ["a", "b"], actual)).toBe(expected);
});

test("Null tells whether the key is there", () => {
  expect(holds("Null", ["true"], null)).toBe(true);
  expect(holds("Null", ["true"], [])).toBe(true);
  expect(holds("Null", ["true"], "")).toBe(false);
  expect(holds("Null", ["False"], "x")).toBe(true);
  expect(holds("Null", ["true", "false"], "x")).toBe(true);
});

test("a variable without value is equal to nothing, so a negated operator holds", () => {
  const nobody = "home/$" + "{aws:username}/*";
  expect(holds("StringLike", [nobody], "home/ann/x")).toBe(false);
  expect(holds("StringNotLike", [nobody], "home/ann/x")).toBe(true);
  expect(holds("StringLike", [nobody], "home/ann/x", { "aws:username": "ann" })).toBe(true);
  expect(holds("Bool", ["$" + "{svc:other}"], "true", { "svc:other": "True" })).toBe(true);
});

test("an unknown variable among the values leaves open only what the others do not decide", () => {
  const condition = { operator: "StringEquals", qualifier: undefined, ifExists: false, key: KEY };
  const values = ["$" + "{aws:username}", "b"];
  const given = (actual: string) =>
    contextOf(requestBy(user("ann"), { context: { [KEY]: actual }, unknown: new Set(["aws:username"]) }));
  expect(compileCondition({ ...condition, values }, true)(given("b"))).toBe(true);
  expect(compileCondition({ ...condition, values }, true)(given("c"))).toBe("unknown");
});
