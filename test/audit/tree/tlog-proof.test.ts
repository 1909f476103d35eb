import fc from "fast-check";
import { expect, test } from "vitest";
import { readRequestProof } from "../../../src/audit/tree/request-proof.ts";
import { formatTlogProof, readTlogProof } from "../../../src/audit/tree/tlog-proof.ts";
import { codeOf } from "../../../src/error.ts";

const checkpoint = Buffer.from(
  "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n— x AAAA\n",
);

test("the specification's example is read, extra data passed over", () => {
  const lines = [
    "c2sp.org/tlog-proof@v1",
    "extra YWdl",
    "index 73894",
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=",
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=",
    "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=",
  ];
  const text = `${lines.join("\n")}\n\n${checkpoint}`;
  const proof = readTlogProof(text);
  expect(proof).toMatchObject({ index: 73894, checkpoint });
  expect(proof?.hashes.map((hash) => Buffer.from(hash).toString("base64"))).toEqual(lines.slice(3));
  expect(proof === undefined ? "" : formatTlogProof(proof)).toBe(text.replace("extra YWdl\n", ""));
});

test("a proof has one spelling", () => {
  const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 5 });
  fc.assert(
    fc.property(fc.maxSafeNat(), hashes, (index, some) => {
      const text = formatTlogProof({ index, hashes: some, checkpoint });
      const read = readTlogProof(text);
      expect(read?.index).toBe(index);
      expect(read?.hashes.map((hash) => [...hash])).toEqual(some.map((hash) => [...hash]));
    }),
  );
  const good = formatTlogProof({ index: 1, hashes: [Buffer.alloc(32)], checkpoint });
  for (const wrong of [
    good.replace("@v1", "@v2"),
    good.replace("index 1", "index 01"),
    good.replace("index 1", "index -1"),
    good.replace("index 1\n", ""),
    good.replace("AAA=", "AAB="),
    good.replace("AAAA=", "="),
    good.replace("index 1", "extra !\nindex 1"),
    good.slice(0, 40),
    "",
  ]) {
    expect([wrong, readTlogProof(wrong)]).toEqual([wrong, undefined]);
  }
});

test("any bytes are a request's proof or an error of its own", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        try {
          readRequestProof(bytes);
          return false;
        } catch (error) {
          return codeOf(error) === "PROOF_INVALID";
        }
      },
    ),
  );
});
