import { completeHash, type Hash, type Node } from "./merkle.ts";

/** C2SP tlog-tiles: how a Merkle tree and its entries lie in files. */

/** Hashes in a full tile, and entries in a full bundle. */
export const tileWidth = 256;
/** Levels of the tree that a tile spans. */
export const tileHeight = 8;

/** A tile of hashes by its level, or the bundle of `entries` beside level 0. */
export interface TileName {
  readonly level: number | "entries";
  readonly index: number;
  /** 256 for a full tile, else how many it holds. */
  readonly width: number;
}

/** `tile/0/x001/067`, `tile/entries/000.p/12` */
export function tilePath({ level, index, width }: TileName): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const parts = padded.match(/\d{3}/g) ?? [];
  const name = parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join("/");
  return `tile/${level}/${name}${width === tileWidth ? "" : `.p/${width}`}`;
}

/** The tile of a path in its one spelling, else `undefined`. */
export function readTilePath(path: string): TileName | undefined {
  const [, level = "", digits = "", width = "256"] =
    /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path) ??
    [];
  const tile = {
    level: level === "entries" ? level : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, "")),
    width: Number(width),
  } as const;
  return level !== "" && tilePath(tile) === path ? tile : undefined;
}

/** The tiles and bundles that a tree of a size ends with, those of 256 left out: they are full. */
export function partialTiles(size: number): readonly TileName[] {
  const tiles: TileName[] = [];
  for (let level = 0, row = size; row > 0; level++, row = Math.floor(row / tileWidth)) {
    const width = row % tileWidth;
    if (width === 0) continue;
    const index = Math.floor(row / tileWidth);
    tiles.push({ level, index, width });
    if (level === 0) tiles.push({ level: "entries", index, width });
  }
  return tiles;
}

/** The tile that holds a complete subtree of a tree of `size`, and where in it. */
export function tileOf({ level, index }: Node, size: number): { readonly tile: TileName; readonly at: Node } {
  const tileLevel = Math.floor(level / 8);
  const height = level - tileLevel * 8;
  const perTile = tileWidth / 2 ** height;
  const tileIndex = Math.floor(index / perTile);
  const row = Math.floor(size / tileWidth ** tileLevel);
  const width = Math.min(tileWidth, row - tileIndex * tileWidth);
  return {
    tile: { level: tileLevel, index: tileIndex, width },
    at: { level: height, index: index - tileIndex * perTile },
  };
}

/** The hashes of a tile, or `undefined` where the file does not have its length. */
export function readTile(bytes: Uint8Array, { width }: TileName): readonly Hash[] | undefined {
  if (bytes.length !== width * 32) return undefined;
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * 32, (i + 1) * 32));
}

/** The hash of a complete subtree within a tile. */
export function hashInTile(hashes: readonly Hash[], at: Node): Hash {
  return completeHash(hashes, at);
}

/** Entries of at most 65,535 bytes, each behind its length in two bytes. */
export function writeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > 0xffff) throw new RangeError("an entry has at most 65535 bytes");
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** The entries of a bundle, or `undefined` where it does not hold as many, or more. */
export function readBundle(bytes: Uint8Array, { width }: TileName): readonly Uint8Array[] | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < buffer.length) {
    if (at + 2 > buffer.length) return undefined;
    const end = at + 2 + buffer.readUInt16BE(at);
    if (end > buffer.length || entries.length === width) return undefined;
    entries.push(buffer.subarray(at + 2, end));
    at = end;
  }
  return entries.length === width ? entries : undefined;
}
