import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TreeBuilder } from "../../../src/audit/tree/builder.ts";
import {
  emptyRoot,
  foldNodes,
  type Hash,
  leafHash,
  nodesOf,
  type Range,
  rootOf,
} from "../../../src/audit/tree/merkle.ts";
import {
  consistencyRanges,
  inclusionRanges,
  provesConsistency,
  provesInclusion,
} from "../../../src/audit/tree/proof.ts";
import {
  hashInTile,
  partialTiles,
  readBundle,
  readTile,
  readTilePath,
  type TileName,
  tileOf,
  tilePath,
  tileWidth,
} from "../../../src/audit/tree/tile.ts";
import { entries, mth, path, proof } from "./naive.ts";

const hex = (hash: Uint8Array) => Buffer.from(hash).toString("hex");

/** Of the certificate-transparency project's reference implementation; other implementations test with them, too. */
const published = {
  leaves: [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
  ],
  roots: [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ],
  inclusionOf1In8: [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
  ],
  consistencyOf6In8: [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ],
};

const rangeRoot = (leaves: readonly Hash[], { start, end }: Range) => rootOf(leaves.slice(start, end));
const leavesOf = (count: number) => entries(count).map(leafHash);

describe("the published tree", () => {
  const data = published.leaves.map((text) => Buffer.from(text, "hex"));
  const leaves = data.map(leafHash);

  test("roots", () => {
    expect(hex(emptyRoot)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(leaves.map((_, i) => hex(rootOf(leaves.slice(0, i + 1))))).toEqual(published.roots);
  });

  test("proofs", () => {
    expect(inclusionRanges(1, 8).map((range) => hex(rangeRoot(leaves, range)))).toEqual(
      published.inclusionOf1In8,
    );
    expect(consistencyRanges(6, 8).map((range) => hex(rangeRoot(leaves, range)))).toEqual(
      published.consistencyOf6In8,
    );
  });
});

describe("proofs against the definition", () => {
  const most = 70;
  const data = entries(most);
  const leaves = data.map(leafHash);
  const roots = data.map((_, i) => mth(data.slice(0, i + 1)));
  const headOf = (size: number) => ({ size, root: size === 0 ? emptyRoot : (roots[size - 1] ?? emptyRoot) });
  const sizes = fc.integer({ min: 1, max: most });
  const pair = sizes.chain((size) => fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)));

  test("roots of every size", () => {
    for (let size = 1; size <= most; size++) expect(rootOf(leaves.slice(0, size))).toEqual(headOf(size).root);
  });

  test("inclusion proofs are those of the definition, and only they prove", () => {
    fc.assert(
      fc.property(pair, fc.nat(), ([index, size], other) => {
        const made = inclusionRanges(index, size).map((range) => rangeRoot(leaves, range));
        expect(made).toEqual(path(index, data.slice(0, size)));
        const leaf = leaves[index] ?? emptyRoot;
        expect(provesInclusion(made, leaf, index, headOf(size))).toBe(true);
        const wrong = other % size;
        if (wrong !== index) expect(provesInclusion(made, leaf, wrong, headOf(size))).toBe(false);
        expect(provesInclusion([...made, emptyRoot], leaf, index, headOf(size))).toBe(false);
        if (made.length > 0) expect(provesInclusion(made.slice(1), leaf, index, headOf(size))).toBe(false);
        expect(provesInclusion(made, emptyRoot, index, headOf(size))).toBe(false);
      }),
    );
  });

  test("consistency proofs are those of the definition, and only they prove", () => {
    fc.assert(
      fc.property(pair, fc.nat(), ([below, size], at) => {
        const first = below + 1;
        const made = consistencyRanges(first, size).map((range) => rangeRoot(leaves, range));
        expect(made).toEqual(proof(first, data.slice(0, size)));
        expect(provesConsistency(made, headOf(first), headOf(size))).toBe(true);
        expect(provesConsistency([...made, emptyRoot], headOf(first), headOf(size))).toBe(false);
        expect(provesConsistency(made, { ...headOf(first), root: emptyRoot }, headOf(size))).toBe(false);
        expect(provesConsistency(made, headOf(first), { ...headOf(size), root: emptyRoot })).toBe(false);
        if (first < size) expect(provesConsistency(made, headOf(size), headOf(first))).toBe(false);
        if (made.length > 0) {
          const spoilt = made.map((hash, i) => (i === at % made.length ? emptyRoot : hash));
          expect(provesConsistency(spoilt, headOf(first), headOf(size))).toBe(false);
        }
      }),
    );
  });

  test("every tree continues the empty one", () => {
    expect(provesConsistency([], headOf(0), headOf(5))).toBe(true);
    expect(provesConsistency([emptyRoot], headOf(0), headOf(5))).toBe(false);
  });
});

describe("tiles", () => {
  test("paths of the specification", () => {
    expect(tilePath({ level: 0, index: 1234067, width: 256 })).toBe("tile/0/x001/x234/067");
    expect(tilePath({ level: "entries", index: 0, width: 12 })).toBe("tile/entries/000.p/12");
    expect(tilePath({ level: 0, index: 1067, width: 256 })).toBe("tile/0/x001/067");
    expect(partialTiles(70_000).map(tilePath)).toEqual([
      "tile/0/273.p/112",
      "tile/entries/273.p/112",
      "tile/1/001.p/17",
      "tile/2/000.p/1",
    ]);
    expect(partialTiles(256).map(tilePath)).toEqual(["tile/1/000.p/1"]);
  });

  test("a path has one spelling", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant("entries" as const)),
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.integer({ min: 1, max: 256 }),
        (level, index, width) => {
          const tile: TileName = { level, index, width };
          expect(readTilePath(tilePath(tile))).toEqual(tile);
        },
      ),
    );
    const wrong = [
      "tile/0/1",
      "tile/0/x000/001",
      "tile/00/001",
      "tile/0/001.p/0",
      "tile/0/001.p/256",
      "tile/0/000.p/01",
    ];
    for (const path of [...wrong, "tile/entries/0001", "tile/a/001", "", "tile/0/x001"]) {
      expect([path, readTilePath(path)]).toEqual([path, undefined]);
    }
  });

  test("any bytes are a bundle or none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 256 }), (bytes, width) => {
        const read = readBundle(bytes, { level: "entries", index: 0, width });
        expect(read === undefined || read.length === width).toBe(true);
      }),
    );
    expect(readTile(new Uint8Array(33), { level: 0, index: 0, width: 1 })).toBeUndefined();
  });

  test("what a builder gives out is the tree, whatever sizes it stopped at", async () => {
    const count = 3 * tileWidth + 7;
    const data = entries(count);
    const leaves = data.map(leafHash);
    const files = new Map<string, Uint8Array>();
    let builder = new TreeBuilder();
    const stops = new Set([1, 5, 255, 256, 257, 600, 768, count]);
    const read = (tile: TileName) => files.get(tilePath(tile)) ?? new Uint8Array();
    for (const entry of data) {
      for (const tile of builder.append(entry)) files.set(tilePath(tile), tile.bytes);
      if (!stops.has(builder.size)) continue;
      for (const tile of builder.partial()) files.set(tilePath(tile), tile.bytes);
      expect(builder.root()).toEqual(rootOf(leaves.slice(0, builder.size)));
      builder = await TreeBuilder.restore(
        builder.size,
        async (tile) => readTile(read(tile), tile) ?? [],
        async (tile) => readBundle(read(tile), tile) ?? [],
      );
      expect(builder.root()).toEqual(rootOf(leaves.slice(0, builder.size)));
    }
    const bundle = { level: "entries", index: 1, width: tileWidth } as const;
    expect(readBundle(read(bundle), bundle)).toEqual(data.slice(256, 512));
    for (const range of [...inclusionRanges(300, count), ...consistencyRanges(600, count)]) {
      const hashes = nodesOf(range).map((node) => {
        const { tile, at } = tileOf(node, count);
        return hashInTile(readTile(read(tile), tile) ?? [], at);
      });
      expect(foldNodes(hashes)).toEqual(rangeRoot(leaves, range));
    }
  });

  test("a builder's root is the tree's across levels of tiles", () => {
    const builder = new TreeBuilder();
    const leaves = leavesOf(66_000);
    for (const entry of entries(66_000)) builder.append(entry);
    expect(builder.root()).toEqual(rootOf(leaves));
  });
});
