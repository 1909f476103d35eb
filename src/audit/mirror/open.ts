import { JitError } from "../../error.ts";
import { compareNames } from "../name-order.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import type { ReadFolder } from "./folder.ts";
import { type CopiedObject, type Part, packName, readManifest, readPart } from "./manifest.ts";

/** A mirror as a bucket that is only read. */
export interface MirrorStore extends RecordStore {
  readCurrent(key: string): Promise<Uint8Array | undefined>;
  /** Its parts, in the order of names. */
  readonly parts: readonly Part[];
}

/** Parts that are held: a listing is in one, and batches and tiles that are read meanwhile in others. */
const heldParts = 6;
/** Neighbours in a listing are neighbours in a pack: so much of it is read at once. */
const stretch = 256 * 1024;
/** Records, batches and tiles are read by turns. */
const heldStretches = 4;
/** Bytes: what a manifest calls larger is no object of a log, and takes no memory. */
const largest = 256 * 1024 * 1024;

/**
 * A copy of a log in a folder: packs of its objects' bytes, one after the other, and a manifest of what the bucket listed. What
 * the copy says of arrivals is its maker's word, but for what is in the sealed tree.
 * @throws JitError `MIRROR_INVALID` where there is no manifest, or it is not right; and, when it is read, for a part
 */
export function openMirror(folder: ReadFolder): MirrorStore {
  const { parts } = readManifest(folder);
  const packs = new PackReader(folder);
  const held = new Map<Part, readonly CopiedObject[]>();
  const objectsOf = (part: Part): readonly CopiedObject[] => {
    const known = held.get(part) ?? readPart(folder, part);
    held.delete(part);
    held.set(part, known);
    const [oldest] = held.keys();
    if (held.size > heldParts && oldest !== undefined) held.delete(oldest);
    return known;
  };
  const finder = new Finder(parts, objectsOf);
  const of = (key: string): readonly CopiedObject[] => finder.versionsOf(key);
  const refuse = async (): Promise<never> => {
    throw new JitError("COPY_READ_ONLY", "a copy of a log is only read");
  };
  async function* pages(
    prefix: string,
    after = "",
    from = new Date(0),
    onLeftOut: (versions: number) => void = () => undefined,
  ): AsyncGenerator<readonly ListedObject[]> {
    let previous: string | undefined;
    const start = compareNames(prefix, after) > 0 ? prefix : after;
    for (const [at, part] of parts.entries()) {
      if (compareNames(part.last, start) < 0) continue;
      if (isBefore(parts, at, from)) {
        // All of a part is of one kind.
        if (part.first.startsWith(prefix)) onLeftOut(part.versions);
        continue;
      }
      if (compareNames(part.first, prefix) > 0 && !part.first.startsWith(prefix)) return;
      const page: ListedObject[] = [];
      for (const { key, versionId, size, lastModified, isDeleteMarker } of objectsOf(part)) {
        const isLatest = key !== previous;
        previous = key;
        const isAsked = key.startsWith(prefix) && (after === "" || compareNames(key, after) > 0);
        if (isAsked) page.push({ key, versionId, size, lastModified, isLatest, isDeleteMarker });
      }
      if (page.length > 0) yield page;
    }
  }
  async function* under(...asked: Parameters<typeof pages>): AsyncGenerator<ListedObject> {
    for await (const page of pages(...asked)) yield* page;
  }
  async function* current(prefix: string, after?: string): AsyncGenerator<ListedObject> {
    for await (const object of under(prefix, after)) {
      if (object.isLatest && !object.isDeleteMarker) yield object;
    }
  }
  return {
    parts,
    create: refuse,
    replace: refuse,
    read: async (key) => packs.read(of(key).findLast(({ isDeleteMarker }) => !isDeleteMarker)),
    readVersion: async (key, versionId) => packs.read(of(key).find((one) => one.versionId === versionId)),
    readCurrent: async (key) => packs.read(of(key)[0]),
    list: current,
    listVersions: (prefix, after) => under(prefix, after),
    versionPages: (prefix, after) => pages(prefix, after),
    listArrived: (prefix, from, onLeftOut) => under(prefix, "", from, onLeftOut),
    async *listPrefixes(prefix) {
      let before: string | undefined;
      for await (const { key } of current(prefix)) {
        const end = key.indexOf("/", prefix.length);
        const common = key.slice(0, end + 1);
        if (end < 0 || common === before) continue;
        before = common;
        yield common;
      }
    },
  };
}

/** Whether all in a part arrived before a time and none of it was deleted, and all versions of its names are in it. */
function isBefore(parts: readonly Part[], at: number, from: Date): boolean {
  const part = parts[at];
  if (part === undefined || part.newest >= from || part.markers > 0) return false;
  return parts[at - 1]?.last !== part.first && parts[at + 1]?.first !== part.last;
}

class Finder {
  readonly #parts: readonly Part[];
  readonly #objectsOf: (part: Part) => readonly CopiedObject[];
  /** Where the last name was found, and what comes after it: whoever reads a log asks for one name after the other. */
  #part = 0;
  #next = 0;

  constructor(parts: readonly Part[], objectsOf: (part: Part) => readonly CopiedObject[]) {
    this.#parts = parts;
    this.#objectsOf = objectsOf;
  }

  /** Newest first. */
  versionsOf(key: string): readonly CopiedObject[] {
    const found: CopiedObject[] = [];
    const first = firstAt(this.#parts, ({ last }) => last, key, this.#part);
    for (let at = first; at < this.#parts.length; at++) {
      const part = this.#parts[at];
      if (part === undefined || compareNames(part.first, key) > 0) break;
      const objects = this.#objectsOf(part);
      let i = firstAt(objects, (object) => object.key, key, at === this.#part ? this.#next : 0);
      for (let object = objects[i]; object?.key === key; object = objects[++i]) found.push(object);
      [this.#part, this.#next] = [at, i];
    }
    return found;
  }
}

/** Index of the first of ordered items whose name is not before `key`. @param likely where it may be */
function firstAt<T>(items: readonly T[], nameOf: (item: T) => string, key: string, likely: number): number {
  const isBefore = (at: number) => {
    const item = items[at];
    return item !== undefined && compareNames(nameOf(item), key) < 0;
  };
  if (likely < items.length && !isBefore(likely) && (likely === 0 || isBefore(likely - 1))) return likely;
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Stretch {
  readonly pack: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

class PackReader {
  readonly #folder: Pick<ReadFolder, "readAt">;
  /** The last that was read first. */
  #held: readonly Stretch[] = [];

  constructor(folder: Pick<ReadFolder, "readAt">) {
    this.#folder = folder;
  }

  read(object: CopiedObject | undefined): Uint8Array | undefined {
    if (object?.place === undefined || object.isDeleteMarker) return undefined;
    const { pack, offset } = object.place;
    if (object.size > largest) return undefined;
    for (const held of this.#held) {
      const bytes = within(held, pack, offset, object.size);
      if (bytes !== undefined) return bytes;
    }
    return this.#reach(pack, offset, object.size);
  }

  #reach(pack: number, offset: number, size: number): Uint8Array | undefined {
    const bytes = this.#folder.readAt(packName(pack), offset, Math.max(size, stretch));
    if (bytes === undefined) return undefined;
    const read = { pack, offset, bytes };
    this.#held = [read, ...this.#held.slice(0, heldStretches - 1)];
    return within(read, pack, offset, size);
  }
}

function within(held: Stretch, pack: number, offset: number, size: number): Uint8Array | undefined {
  if (held.pack !== pack || offset < held.offset) return undefined;
  const start = offset - held.offset;
  return start + size <= held.bytes.length ? held.bytes.subarray(start, start + size) : undefined;
}
