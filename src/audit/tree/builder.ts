import { completeHash, foldNodes, type Hash, leafHash, nodeHash, nodesOf } from "./merkle.ts";
import { partialTiles, type TileName, tileHeight, tileWidth, writeBundle } from "./tile.ts";

/** A tile or bundle with its bytes. */
export interface Tile extends TileName {
  readonly bytes: Uint8Array;
}

/**
 * A tree that grows: keeps the hashes of its unfinished tiles alone, and gives out each tile once it is full.
 */
export class TreeBuilder {
  #size = 0;
  /** Hashes of the unfinished tile of each level. */
  readonly #rows: Hash[][] = [];
  /** By its height, the root of each complete subtree that nothing completes a larger one with. */
  readonly #peaks: (Hash | undefined)[] = [];
  /** Entries of the unfinished bundle. */
  #entries: Uint8Array[] = [];

  /** Goes on from a tree of `size`. @param read the hashes of an unfinished tile @param entries of the unfinished bundle */
  static async restore(
    size: number,
    read: (tile: TileName) => Promise<readonly Hash[]>,
    entries: (tile: TileName) => Promise<readonly Uint8Array[]>,
  ): Promise<TreeBuilder> {
    const builder = new TreeBuilder();
    builder.#size = size;
    for (const tile of partialTiles(size)) {
      if (tile.level === "entries") builder.#entries = [...(await entries(tile))];
      else builder.#restoreRow(tile.level, await read(tile));
    }
    return builder;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an entry; returns the tiles that are full with it. */
  append(entry: Uint8Array): readonly Tile[] {
    const full: Tile[] = [];
    this.#entries.push(entry);
    this.#size++;
    if (this.#entries.length === tileWidth) {
      const index = this.#size / tileWidth - 1;
      full.push({ level: "entries", index, width: tileWidth, bytes: writeBundle(this.#entries) });
      this.#entries = [];
    }
    let hash = leafHash(entry);
    for (let height = 0; ; height++) {
      if (height % tileHeight === 0) this.#put(height / tileHeight, hash, full);
      const left = this.#peaks[height];
      this.#peaks[height] = left === undefined ? hash : undefined;
      if (left === undefined) return full;
      hash = nodeHash(left, hash);
    }
  }

  /** The unfinished tiles and the unfinished bundle of the tree as it stands. */
  partial(): readonly Tile[] {
    return partialTiles(this.#size).map((tile) => ({
      ...tile,
      bytes: tile.level === "entries" ? writeBundle(this.#entries) : Buffer.concat(this.#row(tile.level)),
    }));
  }

  root(): Hash {
    return foldNodes(this.#peaks.toReversed().filter((peak) => peak !== undefined));
  }

  #put(level: number, hash: Hash, full: Tile[]): void {
    const row = this.#row(level);
    row.push(hash);
    if (row.length < tileWidth) return;
    const index = this.#size / tileWidth ** (level + 1) - 1;
    full.push({ level, index, width: tileWidth, bytes: Buffer.concat(row) });
    row.length = 0;
  }

  #restoreRow(level: number, hashes: readonly Hash[]): void {
    this.#row(level).push(...hashes);
    for (const node of nodesOf({ start: 0, end: hashes.length }))
      this.#peaks[level * tileHeight + node.level] = completeHash(hashes, node);
  }

  #row(level: number): Hash[] {
    for (let next = this.#rows.length; next <= level; next++) this.#rows.push([]);
    return this.#rows[level] ?? [];
  }
}
