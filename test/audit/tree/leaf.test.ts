import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../src/access/canonical.ts";
import { readLeaf, writeLeaf } from "../../../src/audit/tree/leaf.ts";

const leaf = fc.record({
  key: fc.string({ unit: "binary" }).map((text) => `v1/rec/${text}`),
  versionId: fc.oneof(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: "binary" })),
  sha256: fc.constantFrom("-", "ab".repeat(32)),
  serverTime: fc.constantFrom("2026-11-24T08:16:36Z", "2024-02-29T00:00:00Z"),
  lockedUntil: fc.constantFrom("-", "2027-11-24T08:16:36Z"),
  fault: fc.constantFrom("-", "NAME_INVALID"),
});

test("every leaf is read as it was written", () => {
  fc.assert(
    fc.property(leaf, (one) => {
      fc.pre([one.key, one.versionId].every((text) => text.isWellFormed()));
      expect(readLeaf(writeLeaf(one))).toEqual(one);
    }),
  );
});

const good = {
  key: "v1/rec/20261124T08/x",
  versionId: "v1",
  sha256: "ab".repeat(32),
  serverTime: "2026-11-24T08:16:36Z",
  lockedUntil: "-",
  fault: "-",
};
const text = Buffer.from(writeLeaf(good)).toString();

test.each<[string, string]>([
  ["a space", text.replace(",", ", ")],
  ["an escape that is needless", text.replace("x", "\\u0078")],
  ["a slash that is escaped", text.replace("/rec/", "\\/rec\\/")],
  ["a member more", text.replace("}", ',"x":1}')],
  ["a member twice", text.replace("{", '{"fault":"-",')],
  ["another order", JSON.stringify(good)],
  ["a day that is none", text.replace("11-24T", "11-31T")],
  ["a fault that is none", text.replace('"fault":"-"', '"fault":"oops"')],
  ["a digest in capitals", text.replace("ab", "AB")],
  ["a name elsewhere", text.replace("v1/rec", "v1/xyz")],
  ["no version", text.replace('"versionId":"v1"', '"versionId":""')],
  ["what is behind it", `${text} `],
])("with %s it is no leaf", (_, changed) => {
  expect(changed).not.toBe(text);
  expect(readLeaf(Buffer.from(changed))).toBeUndefined();
});

test("canonical JSON of anything else is no leaf", () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 1, values: [fc.string(), fc.nat()] }), (value) => {
      fc.pre(JSON.stringify(value).isWellFormed() && !JSON.stringify(value).includes("\\ud"));
      expect(readLeaf(canonicalJson({ ...value }))).toBeUndefined();
    }),
  );
});
