import fc from "fast-check";
import { expect, test } from "vitest";
import { type CacheInputs, cacheName, fnv1a32, isCacheName } from "../../src/session/cache-name.ts";

const inputs: CacheInputs = {
  fingerprint: "f".repeat(64),
  location: "s3://audit-bucket",
  catalog: "c".repeat(64),
  caller: "env AKIAEXAMPLEEXAMPLE00",
  endpoints: ["", ""],
  targets: ["customers:read"],
  only: [],
};

const anyInputs: fc.Arbitrary<CacheInputs> = fc.record({
  fingerprint: fc.string(),
  location: fc.string({ unit: "binary" }),
  catalog: fc.string(),
  caller: fc.string({ unit: "binary" }),
  endpoints: fc.array(fc.string()),
  targets: fc.array(fc.string({ unit: "binary", maxLength: 80 })),
  only: fc.array(fc.string()),
});

test("a name says what it is for, whatever the order", () => {
  const { name } = cacheName({ ...inputs, targets: ["orders:read", "customers:read"] });
  expect(name).toMatch(/^s-customers\.read\+orders\.read-[0-9a-f]{8}\.json$/);
  expect(cacheName({ ...inputs, targets: ["customers:read", "orders:read", "customers:read"] }).name).toBe(
    name,
  );
});

test("the names of a version stay what they are", () => {
  expect(cacheName(inputs).name).toMatchInlineSnapshot(`"s-customers.read-8be055e4.json"`);
});

test("every name is short, safe on every file system, and known as one", () => {
  fc.assert(
    fc.property(anyInputs, (any) => {
      const { name } = cacheName(any);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      expect(name).toMatch(/^[a-z0-9][a-z0-9._+-]*$/);
      expect(isCacheName(name)).toBe(true);
    }),
  );
});

test.each<[string, Partial<CacheInputs>]>([
  ["fingerprint", { fingerprint: "unsigned" }],
  ["location", { location: "s3://audit-bucket2" }],
  ["catalog", { catalog: "d".repeat(64) }],
  ["caller", { caller: "env AKIAEXAMPLEEXAMPLE01" }],
  ["endpoint", { endpoints: ["http://127.0.0.1:4566", ""] }],
  ["the other endpoint", { endpoints: ["", "http://127.0.0.1:4566"] }],
  ["target", { targets: ["customers:write"] }],
  ["case of a target", { targets: ["Customers:read"] }],
  ["one target more", { targets: ["customers:read", "orders:read"] }],
  ["narrowing", { only: ["s3:GetObject"] }],
])("another %s is another name", (_what, change) => {
  const one = cacheName(inputs);
  const other = cacheName({ ...inputs, ...change });
  expect(other.name.toLowerCase()).not.toBe(one.name.toLowerCase());
  expect(other.inputs).not.toBe(one.inputs);
});

test("inputs are equal exactly where each input is", () => {
  const canonical = (of: CacheInputs) =>
    JSON.stringify({ ...of, targets: [...new Set(of.targets)].sort(), only: [...new Set(of.only)].sort() });
  fc.assert(
    fc.property(anyInputs, anyInputs, (one, other) => {
      expect(cacheName(one).inputs === cacheName(other).inputs).toBe(canonical(one) === canonical(other));
      expect(cacheName(one).inputs).toBe(cacheName({ ...one }).inputs);
    }),
  );
});

test("the hash is FNV-1a of 32 bits", () => {
  const reference = (text: string) => {
    let state = 0x811c9dc5n;
    for (const byte of Buffer.from(text, "latin1")) {
      state = BigInt.asUintN(32, (state ^ BigInt(byte)) * 0x01000193n);
    }
    return state.toString(16).padStart(8, "0");
  };
  // Published with the algorithm.
  expect(fnv1a32("")).toBe("811c9dc5");
  expect(fnv1a32("a")).toBe("e40c292c");
  expect(fnv1a32("foobar")).toBe("bf9cf968");
  const latin1 = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(
    fc.property(latin1, (text) => {
      expect(fnv1a32(text)).toBe(reference(text));
    }),
  );
});
