import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChainBook } from "../../../src/audit/rules/chain.ts";
import type { SeenRecord } from "../../../src/audit/rules/place.ts";
import type { AuditRecord } from "../../../src/audit/types.ts";

const key = (n: number) => ({
  hour: "20261124T08",
  request: "-",
  userid: "AIDAEXAMPLEEXAMPLE12",
  thumbprint: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
  n,
  type: "abort" as const,
});
const seen = (n: number): SeenRecord => ({
  name: `record ${n}`,
  key: key(n),
  kid: key(n).thumbprint,
  record: { n, prev: n === 0 ? "-" : `hash ${n - 1}`, at: "2026-11-24T08:16:36Z" } as AuditRecord,
  sha256: `hash ${n}`,
  lastModified: new Date(0),
});
const codes = (records: readonly SeenRecord[], spoilt: readonly number[] = []) => {
  const book = new ChainBook();
  const found = records.flatMap((record) => book.add(record));
  for (const n of spoilt) book.spoil(key(n));
  return [...found, ...book.finish()].map(({ code, object }) => `${code} ${object}`);
};
const upTo = (length: number) => Array.from({ length }, (_, n) => seen(n));
const shuffled = fc
  .nat(30)
  .chain((length) => fc.shuffledSubarray(upTo(length), { minLength: length, maxLength: length }));

describe("chains", () => {
  test("in any order are in order", () => {
    fc.assert(
      fc.property(shuffled, (records) => {
        expect(codes(records)).toEqual([]);
      }),
    );
  });

  test("with one record missing have one gap, wherever it is", () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), (records, place) => {
        fc.pre(records.length > 1);
        const n = place % (records.length - 1);
        const rest = records.filter(({ record }) => record.n !== n);
        expect(codes(rest)).toEqual([`CHAIN_GAP record ${n + 1}`]);
        expect(codes(rest, [n])).toEqual([]);
      }),
    );
  });

  test("with a record changed have one break, at its successor", () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), (records, place) => {
        fc.pre(records.length > 1);
        const n = place % (records.length - 1);
        const changed = records.map((record) =>
          record.record.n === n ? { ...record, sha256: "other" } : record,
        );
        expect(codes(changed)).toEqual([`CHAIN_PREV record ${n + 1}`]);
      }),
    );
  });

  test("with a number twice have one fork", () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), (records, place) => {
        fc.pre(records.length > 0);
        const twin = { ...seen(place % records.length), name: "twin" };
        expect(codes([...records, twin])).toEqual(["CHAIN_FORK twin"]);
      }),
    );
  });

  test("with numbers far apart end quickly", () => {
    const far = [2 ** 53 - 1, 2 ** 52, 2 ** 40, 7];
    expect(codes(far.map(seen)).sort()).toEqual(far.map((n) => `CHAIN_GAP record ${n}`).sort());
  });
});
