import { maximumEnvelope } from "../envelope.ts";
import { recordPrefix } from "../key.ts";
import { compareNames } from "../name-order.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import { inBatches, mapAtMost } from "../scan.ts";
import { invalidMirror, type MirrorFolder } from "./folder.ts";
import {
  type CopiedObject,
  isPartName,
  type Manifest,
  manifestName,
  type Part,
  type Place,
  packName,
  partName,
  partsFolder,
  readManifest,
  readPart,
  writeManifest,
  writePart,
} from "./manifest.ts";

export interface Mirrored {
  /** Versions and delete markers. */
  readonly versions: number;
  /** Versions that this run fetched; the others were there. */
  readonly fetched: number;
}

const everything = "v1/";
const parallelReads = 32;
const batchSize = 256;

/**
 * Copies a log. What is there already is not fetched again: versions never change, and both the listing and the manifest
 * are in the order of names. The manifest is written last, so that a run that was cut off leaves the copy of before. One
 * run at a time.
 * @param tell is told how many versions were looked at, and how many of them fetched
 */
export async function mirrorLog(
  store: Pick<RecordStore, "listVersions" | "readVersion">,
  folder: MirrorFolder,
  tell: (mirrored: Mirrored) => void = () => undefined,
): Promise<Mirrored> {
  const before = folder.size(manifestName) === undefined ? { packs: [], parts: [] } : readManifest(folder);
  tidy(folder, before);
  const known = new KnownPlaces(folder, before.parts);
  const writer = new MirrorWriter(folder, before.packs);
  let fetched = 0;
  for await (const batch of inBatches(store.listVersions(everything), batchSize)) {
    const read = await mapAtMost(parallelReads, batch, async (object) => {
      const place = known.find(object);
      const isWanted = place === undefined && isKept(object);
      const bytes = isWanted ? await store.readVersion(object.key, object.versionId) : undefined;
      return { object, place, bytes };
    });
    fetched += read.filter(({ bytes }) => bytes !== undefined).length;
    writer.add(read);
    tell({ versions: writer.versions, fetched });
  }
  writer.finish();
  return { versions: writer.versions, fetched };
}

/** What is larger than any record is none, whatever it says. */
function isKept({ key, size, isDeleteMarker }: ListedObject): boolean {
  return !isDeleteMarker && (!key.startsWith(recordPrefix) || size <= maximumEnvelope);
}

/**
 * Takes away what a run that was cut off left: the ends of packs, packs and parts that the manifest does not name. Parts that the
 * run before replaced have been there until now, for whoever was reading them. What has no name of ours is somebody else's.
 */
function tidy(folder: MirrorFolder, { packs, parts }: Manifest): void {
  const named = new Set(parts.map(({ sha256 }) => partName(sha256)));
  for (const name of folder.names(partsFolder)) {
    if (isPartName(name) && !named.has(`${partsFolder}/${name}`)) folder.remove(`${partsFolder}/${name}`);
  }
  for (let pack = Math.max(0, packs.length - 1); folder.size(packName(pack)) !== undefined; pack++) {
    folder.truncate(packName(pack), packs[pack] ?? 0);
  }
  const last = packs.length - 1;
  if (last >= 0 && folder.size(packName(last)) !== packs[last]) {
    throw invalidMirror(`${packName(last)} is shorter than its manifest says`);
  }
}

/** Where versions are, of a manifest that is read alongside a listing in the same order. */
class KnownPlaces {
  readonly #objects: Iterator<CopiedObject>;
  #next: CopiedObject | undefined;
  /** Of the name that was asked for last. */
  #key: string | undefined;
  #versions: CopiedObject[] = [];

  constructor(folder: MirrorFolder, parts: readonly Part[]) {
    this.#objects = objectsOf(folder, parts);
    this.#advance();
  }

  find({ key, versionId, size }: ListedObject): Place | undefined {
    if (key !== this.#key) this.#moveTo(key);
    return this.#versions.find((one) => one.versionId === versionId && one.size === size)?.place;
  }

  #moveTo(key: string): void {
    this.#key = key;
    this.#versions = [];
    while (this.#next !== undefined && compareNames(this.#next.key, key) <= 0) {
      if (this.#next.key === key) this.#versions.push(this.#next);
      this.#advance();
    }
  }

  #advance(): void {
    const { value, done } = this.#objects.next();
    this.#next = done === true ? undefined : value;
  }
}

function* objectsOf(folder: MirrorFolder, parts: readonly Part[]): Generator<CopiedObject> {
  for (const part of parts) yield* readPart(folder, part);
}

/** A version as it goes into a mirror. */
export interface Incoming {
  readonly object: Omit<ListedObject, "isLatest">;
  /** Where it is already. */
  readonly place?: Place | undefined;
  readonly bytes: Uint8Array | undefined;
}

/** A pack is full with that many bytes. */
const maximumPack = 256 * 1024 * 1024;
/** Most lines of a part: a reader holds few parts at once. */
const maximumPart = 4096;

/** Writes packs and parts in the order in which versions are given to it, and at the end the manifest. */
export class MirrorWriter {
  readonly #folder: MirrorFolder;
  readonly #packs: number[];
  readonly #parts: Part[] = [];
  #part: CopiedObject[] = [];
  #versions = 0;

  /** @param packs bytes of each that are there and count */
  constructor(folder: MirrorFolder, packs: readonly number[] = []) {
    this.#folder = folder;
    this.#packs = [...packs];
  }

  get versions(): number {
    return this.#versions;
  }

  add(incoming: readonly Incoming[]): void {
    this.#versions += incoming.length;
    const places = this.#append(incoming.flatMap(({ bytes }) => bytes ?? []));
    for (const { object, place, bytes } of incoming) {
      const { key, versionId, size, lastModified, isDeleteMarker } = object;
      const there = bytes === undefined ? place : places.shift();
      const [first] = this.#part;
      const isOther = first !== undefined && groupOf(first.key) !== groupOf(key);
      if (isOther || this.#part.length === maximumPart) this.#cut();
      this.#part.push({ key, versionId, size, lastModified, isDeleteMarker, place: there });
    }
  }

  /** What was there before is left as it is until the manifest is written. */
  finish(): void {
    this.#cut();
    if (this.#packs.length > 0) this.#folder.sync(packName(this.#packs.length - 1));
    this.#folder.write(manifestName, writeManifest({ packs: this.#packs, parts: this.#parts }));
  }

  #append(all: readonly Uint8Array[]): Place[] {
    if (all.length === 0) return [];
    const last = this.#packs.length - 1;
    const isFull = (this.#packs[last] ?? maximumPack) >= maximumPack;
    if (isFull && last >= 0) this.#folder.sync(packName(last));
    const pack = isFull ? last + 1 : last;
    let offset = isFull ? 0 : (this.#packs[last] ?? 0);
    const places = all.map(({ length }) => {
      const place = { pack, offset };
      offset += length + 1;
      return place;
    });
    this.#folder.append(packName(pack), Buffer.concat(all.flatMap((bytes) => [bytes, newline])));
    this.#packs[pack] = offset;
    return places;
  }

  #cut(): void {
    if (this.#part.length > 0) this.#parts.push(writePart(this.#folder, this.#part));
    this.#part = [];
  }
}

/** So that packs of records can be read as lines. */
const newline = Buffer.of(0x0a);

/** A part ends where a day of records does, or a kind of objects: what comes later changes few parts. */
function groupOf(key: string): string {
  return /^v1\/(rec\/.{8}|tree\/[^/]*\/|[^/]*\/)/.exec(key)?.[0] ?? "";
}
