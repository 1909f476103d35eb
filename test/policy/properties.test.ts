import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate } from "../../src/policy/evaluate.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { printPolicy } from "../../src/policy/print.ts";
import type { Layers, Policy, PolicyKind } from "../../src/policy/types.ts";
import { KEYS, policies, requests, valuesOf } from "./arbitraries.ts";

const parsed = (kind: PolicyKind, effect?: fc.Arbitrary<string>) =>
  policies(kind, effect).map((json) => parsePolicy(json, kind));
const listOf = (arbitrary: fc.Arbitrary<Policy>) => fc.array(arbitrary, { minLength: 1, maxLength: 2 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const layers: fc.Arbitrary<Layers> = fc
  .record({
    identity: listOf(parsed("identity")),
    resource: maybe(listOf(parsed("resource"))),
    boundary: maybe(listOf(parsed("boundary"))),
    session: maybe(fc.array(listOf(parsed("session")), { maxLength: 2 })),
    organization: maybe(fc.array(listOf(parsed("identity")), { maxLength: 1 })),
  })
  .map(
    (drawn) =>
      Object.fromEntries(Object.entries(drawn).filter(([, list]) => list !== undefined)) as unknown as Layers,
  );

const RUNS = { numRuns: 500 };

test("a further Deny never widens, in any layer", () => {
  const layer = fc.constantFrom("identity", "resource", "boundary", "session" as const);
  fc.assert(
    fc.property(requests, layers, layer, fc.gen(), (request, given, where, draw) => {
      const kind = where === "identity" ? "identity" : where;
      const more = draw(() => parsed(kind as PolicyKind, fc.constant("Deny")));
      const wider =
        where === "session"
          ? { ...given, session: [...(given.session ?? []).slice(1), [...(given.session?.[0] ?? []), more]] }
          : { ...given, [where]: [...(given[where as "identity"] ?? []), more] };
      if (evaluate(request, wider).verdict === "allow")
        expect(evaluate(request, given).verdict).toBe("allow");
    }),
    RUNS,
  );
});

test("a further session limit, boundary or SCP level never widens", () => {
  fc.assert(
    fc.property(requests, layers, listOf(parsed("session")), (request, given, limit) => {
      const before = evaluate(request, given).verdict;
      const narrower: readonly Layers[] = [
        { ...given, session: [...(given.session ?? []), limit] },
        { ...given, organization: [...(given.organization ?? []), limit] },
        ...(given.boundary === undefined ? [{ ...given, boundary: limit }] : []),
      ];
      for (const layersNow of narrower) {
        if (evaluate(request, layersNow).verdict === "allow") expect(before).toBe("allow");
      }
    }),
    RUNS,
  );
});

test("a further Allow in a layer that is there never narrows", () => {
  fc.assert(
    fc.property(requests, layers, parsed("identity", fc.constant("Allow")), (request, given, more) => {
      if (evaluate(request, given).verdict !== "allow") return;
      expect(evaluate(request, { ...given, identity: [...given.identity, more] }).verdict).toBe("allow");
    }),
    RUNS,
  );
});

test("without a resource policy an allow needs every layer by itself", () => {
  let allowed = 0;
  fc.assert(
    fc.property(requests, layers, (drawn, { resource: _, ...given }) => {
      const request = { ...drawn, resourceAccount: undefined };
      if (evaluate(request, given).verdict !== "allow") return;
      allowed++;
      for (const alone of [
        given.identity,
        given.boundary,
        ...(given.session ?? []),
        ...(given.organization ?? []),
      ]) {
        if (alone !== undefined) expect(evaluate(request, { identity: alone }).verdict).toBe("allow");
      }
    }),
    RUNS,
  );
  expect(allowed).toBeGreaterThan(20);
});

test("printing and parsing gives the policy back, and printing is stable", () => {
  for (const kind of ["identity", "resource"] as const) {
    fc.assert(
      fc.property(parsed(kind), (policy) => {
        const text = printPolicy(policy);
        expect(parsePolicy(text, kind)).toEqual(policy);
        expect(printPolicy(parsePolicy(text, kind))).toBe(text);
      }),
      { numRuns: 300 },
    );
  }
});

test("a verdict in spite of unknown keys holds for each of their values, and for none", () => {
  let decided = 0;
  fc.assert(
    fc.property(
      requests,
      layers,
      fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 }),
      (request, given, keys) => {
        const unknown = new Set(keys.map((key) => key.toLowerCase()));
        const { verdict, unknownKeys } = evaluate({ ...request, unknown }, given);
        for (const key of unknownKeys) expect(unknown.has(key)).toBe(true);
        if (verdict === "unknown") return;
        decided++;
        for (const context of everyContext(request.context, keys)) {
          const known = evaluate({ ...request, context }, given).verdict;
          // An implicit deny promises that access is denied, not how.
          if (verdict === "implicitDeny") expect(known).toMatch(/Deny$/);
          else expect(known).toBe(verdict);
        }
      },
    ),
    RUNS,
  );
  expect(decided).toBeGreaterThan(100);
});

test("an unknown verdict names the keys that it hangs on", () => {
  fc.assert(
    fc.property(requests, layers, fc.constantFrom(...KEYS), (request, given, key) => {
      const { verdict, unknownKeys } = evaluate({ ...request, unknown: new Set([key.toLowerCase()]) }, given);
      expect(unknownKeys).toEqual(verdict === "unknown" ? [key.toLowerCase()] : []);
    }),
    RUNS,
  );
});

function everyContext(context: Readonly<Record<string, unknown>>, keys: readonly string[]) {
  let all: Record<string, string>[] = [context as Record<string, string>];
  for (const key of keys) {
    all = all.flatMap((one) => {
      const { [key]: _, ...without } = one;
      return [without, ...valuesOf(key).map((value) => ({ ...without, [key]: value }))];
    });
  }
  return all;
}
