import fc from "fast-check";
import { expect, test } from "vitest";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import { sessionPolicies } from "../../../src/access/policy/endings.ts";
import type { Grant, Networks } from "../../../src/access/types.ts";
import { raw, s3, table, targetOf } from "./fixtures.ts";

/** Ends that catalogs name too, one that no compiler may hold for its own among them. */
const time = fc.constantFrom("1970-01-01T00:00:00Z", "2026-11-24T10:00:00Z", "9999-12-31T23:59:59Z");
const clock = fc.constantFrom("aws:CurrentTime", "aws:currenttime", "aws:TokenIssueTime");

const timed = fc
  .tuple(
    fc.constantFrom("Allow", "Deny"),
    fc.constantFrom("DateGreaterThan", "DateLessThan", "DateEquals", "StringEquals"),
    clock,
    fc.uniqueArray(time, { minLength: 1 }),
    fc.constantFrom("*", "s3:GetObject"),
  )
  .map(([Effect, operator, key, values, Action]) =>
    raw({ Effect, Action, Resource: "*", Condition: { [operator]: { [key]: values } } }),
  );
const grant: fc.Arbitrary<Grant> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("a", "b", "1970-01-01T00:00:00Z"),
      fc.subarray(["", "eu/", "us/"], { minLength: 1 }),
    )
    .map(([bucket, prefixes]) => s3(bucket, prefixes, ["read", "list", "write"])),
  fc.constant(table(["read", "query"])),
  fc.constant(raw({ Effect: "Deny", Action: "*", Resource: "*" })),
  fc.constant(raw({ Effect: "Deny", Action: "s3:*", Resource: "1970-01-01T00:00:00Z" })),
  timed,
);
const networks: fc.Arbitrary<Networks> = fc.record({
  cidrs: fc.constantFrom([], ["203.0.113.0/24"]),
  vpcEndpoints: fc.constantFrom([], ["vpce-1"]),
  vpcs: fc.constant([]),
});
const targets = fc
  .array(fc.tuple(fc.array(grant, { minLength: 1, maxLength: 4 }), networks), { minLength: 1, maxLength: 3 })
  .map((list) => list.map(([grants, bound], at) => targetOf(grants, bound, `store${at}`)));
const end = fc.oneof(
  time.map((text) => new Date(text)),
  fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59Z"),
    noInvalidDate: true,
  }),
  fc.constant(new Date("+010000-01-01T00:00:00Z")),
);

/** The text, or the code of why there is none. */
function outcome(work: () => string): string {
  try {
    return work();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("a policy whose end is put into its place is the one that is compiled", () => {
  fc.assert(
    fc.property(targets, fc.array(end, { minLength: 1, maxLength: 3 }), (given, ends) => {
      for (const notAfter of ends)
        expect(outcome(() => sessionPolicies(given)(notAfter))).toBe(
          outcome(() => compileSessionPolicy({ targets: given, notAfter }).text),
        );
    }),
    { numRuns: 500 },
  );
});

test("a statement that ends when the sample does is no second end", () => {
  const until = raw({
    Effect: "Deny",
    Action: "*",
    Resource: "*",
    Condition: { DateGreaterThan: { "aws:CurrentTime": "1970-01-01T00:00:00Z" } },
  });
  const given = [targetOf([s3("a", ["eu/"], ["read"]), until])];
  const policy = sessionPolicies(given)(new Date("2026-11-24T10:00:00Z"));
  expect(policy.match(/aws:CurrentTime/g)).toHaveLength(2);
});
