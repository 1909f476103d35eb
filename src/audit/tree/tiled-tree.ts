import type { RecordStore } from "../ports.ts";
import { foldNodes, type Hash, nodesOf, type Range } from "./merkle.ts";
import { tileName } from "./places.ts";
import { consistencyRanges, inclusionRanges } from "./proof.ts";
import { hashInTile, readTile, tileOf } from "./tile.ts";

/** A stored tree of one size: makes proofs from its tiles, which nobody has checked. Check each proof. */
export class TiledTree {
  readonly #store: Pick<RecordStore, "read">;
  readonly #size: number;
  readonly #tiles = new Map<string, Promise<readonly Hash[] | undefined>>();

  /** @param size of a checkpoint: partial tiles are stored for those alone */
  constructor(store: Pick<RecordStore, "read">, size: number) {
    this.#store = store;
    this.#size = size;
  }

  /** RFC 6962, section 2.1.1; `undefined` where a tile is missing or has not its length. */
  async inclusionProof(index: number): Promise<readonly Hash[] | undefined> {
    return await this.#rootsOf(inclusionRanges(index, this.#size));
  }

  /** RFC 6962, section 2.1.2, from the tree of the first `first` leaves, of 0 to `size`. */
  async consistencyProof(first: number): Promise<readonly Hash[] | undefined> {
    return first === 0 ? [] : await this.#rootsOf(consistencyRanges(first, this.#size));
  }

  async #rootsOf(ranges: readonly Range[]): Promise<readonly Hash[] | undefined> {
    const roots = await Promise.all(ranges.map((range) => this.#rootOf(range)));
    const known = roots.filter((root) => root !== undefined);
    return known.length === roots.length ? known : undefined;
  }

  async #rootOf(range: Range): Promise<Hash | undefined> {
    const hashes: Hash[] = [];
    for (const node of nodesOf(range)) {
      const { tile, at } = tileOf(node, this.#size);
      const name = tileName(tile);
      const read =
        this.#tiles.get(name) ?? this.#store.read(name).then((bytes) => bytes && readTile(bytes, tile));
      this.#tiles.set(name, read);
      const row = await read;
      if (row === undefined) return undefined;
      hashes.push(hashInTile(row, at));
    }
    return foldNodes(hashes);
  }
}
