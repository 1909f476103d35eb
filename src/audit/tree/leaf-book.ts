import { DigestMap } from "../digest-map.ts";
import { secondsOf } from "../time.ts";
import type { BatchEntry } from "./batch.ts";
import { nameOf } from "./sealed-versions.ts";

/** What the tree says of one version. */
export interface SealedAs {
  readonly index: number;
  /** `-` where the sealer did not read it. */
  readonly sha256: string;
  /** When S3 took it, Unix seconds. */
  readonly arrived: number;
}

interface Page {
  readonly first: number;
  readonly digests: Buffer;
  readonly hasDigest: Uint8Array;
  /** Unix seconds. */
  readonly times: Float64Array;
  /** Whether its version was met, and whether as a record: one of the three below. */
  readonly met: Uint8Array;
}

const asNothing = 0;
const asObject = 1;
const asRecord = 2;

/** The leaves of a tree, by the versions that they are of: little enough of each to hold a million. */
export class LeafBook {
  readonly #pages: Page[] = [];
  readonly #byName = new DigestMap();
  #size: number;
  /** Indexes of leaves that say again what one before them says. */
  readonly repeated: number[] = [];

  /** @param start how many leaves come before the first that is added */
  constructor(start = 0) {
    this.#size = start;
  }

  get size(): number {
    return this.#size;
  }

  add(entries: readonly BatchEntry[]): void {
    const page: Page = {
      first: this.#size,
      digests: Buffer.alloc(entries.length * 32),
      hasDigest: new Uint8Array(entries.length),
      times: new Float64Array(entries.length),
      met: new Uint8Array(entries.length),
    };
    for (let at = 0; at < entries.length; at++) {
      const leaf = entries[at]?.leaf;
      if (leaf === undefined) continue;
      const name = nameOf(leaf.key, leaf.versionId);
      if (!this.#byName.add(name, this.#size + at)) {
        this.repeated.push(this.#size + at);
        page.met[at] = asObject;
      }
      page.hasDigest[at] = page.digests.write(leaf.sha256, at * 32, "hex") === 32 ? 1 : 0;
      page.times[at] = secondsOf(leaf.serverTime);
    }
    this.#pages.push(page);
    this.#size += entries.length;
  }

  /** What is sealed of a version, which then counts as met; `undefined` where it is in no leaf. */
  meet(key: string, versionId: string, isRecord: boolean): SealedAs | undefined {
    const found = this.find(key, versionId);
    const page = found === undefined ? undefined : this.#pageOf(found.index);
    if (found !== undefined && page !== undefined)
      page.met[found.index - page.first] = isRecord ? asRecord : asObject;
    return found;
  }

  /** What is sealed of a version. */
  find(key: string, versionId: string): SealedAs | undefined {
    const index = this.#byName.get(nameOf(key, versionId));
    const page = index === undefined ? undefined : this.#pageOf(index);
    if (index === undefined || page === undefined) return undefined;
    const at = index - page.first;
    return {
      index,
      sha256: page.hasDigest[at] === 1 ? page.digests.toString("hex", at * 32, (at + 1) * 32) : "-",
      arrived: page.times[at] ?? 0,
    };
  }

  /** How many leaves from an index to before another were met as records. */
  records(start: number, end: number): number {
    let count = 0;
    for (const { first, met } of this.#pages) {
      const part = met.subarray(Math.max(0, start - first), Math.max(0, end - first));
      for (const how of part) if (how === asRecord) count++;
    }
    return count;
  }

  /** Indexes below `end` of leaves whose versions nobody met, in order. */
  *unmet(end: number): Generator<number> {
    for (const { first, met } of this.#pages) {
      for (let at = met.indexOf(asNothing); at >= 0 && first + at < end; at = met.indexOf(asNothing, at + 1))
        yield first + at;
    }
  }

  /** The newest of the times below `end`, Unix seconds; `undefined` where there are none. */
  newest(end: number): number | undefined {
    let newest: number | undefined;
    for (const { first, times } of this.#pages) {
      for (const time of times.subarray(0, Math.max(0, end - first))) {
        if (newest === undefined || time > newest) newest = time;
      }
    }
    return newest;
  }

  #pageOf(index: number): Page | undefined {
    let [low, high] = [0, this.#pages.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#pages[middle]?.first ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return this.#pages[low];
  }
}
