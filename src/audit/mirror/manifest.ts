import { canonicalJson } from "../../access/canonical.ts";
import { isSha256Hex, sha256Hex } from "../../access/digest.ts";
import { compareNames } from "../name-order.ts";
import type { ListedObject } from "../ports.ts";
import { isTime } from "../time.ts";
import { invalidMirror, type MirrorFolder, type ReadFolder } from "./folder.ts";

/**
 * What a mirror says of itself. `manifest.jsonl` names its parts in the order of the names that are in them; a part, a file
 * called by its SHA-256, has a line for each version and delete marker that the bucket listed. So a reader holds one part
 * at a time, and a run that copies what is new writes the parts alone that something came into.
 */
export interface Manifest {
  /** Bytes of each pack that count, from pack 0 on. What lies behind is of a run that was cut off. */
  readonly packs: readonly number[];
  readonly parts: readonly Part[];
}

export interface Part {
  /** Of its bytes, and so its name. */
  readonly sha256: string;
  readonly first: string;
  readonly last: string;
  readonly versions: number;
  readonly markers: number;
  /** The latest arrival in it. */
  readonly newest: Date;
}

/** One version or delete marker. */
export interface CopiedObject extends Omit<ListedObject, "isLatest"> {
  /** Where its bytes are; `undefined` where they were not copied. */
  readonly place: Place | undefined;
}

export interface Place {
  readonly pack: number;
  readonly offset: number;
}

export const manifestName = "manifest.jsonl";
export const partsFolder = "parts";

export function partName(sha256: string): string {
  return `${partsFolder}/${sha256}.jsonl`;
}

/** Whether a name in the folder of parts is one of ours, or what a crash left of one. */
export function isPartName(name: string): boolean {
  return /^(?:[0-9a-f]{64}\.jsonl|\.tmp-[0-9-]+)$/.test(name);
}

export function packName(pack: number): string {
  return `packs/${String(pack).padStart(6, "0")}.pack`;
}

export function writeManifest({ packs, parts }: Manifest): Uint8Array {
  const lines = parts.map(({ newest, ...part }) => canonicalJson({ ...part, newest: newest.toISOString() }));
  return linesOf([canonicalJson({ type: "jit-mirror", v: 2, packs }), ...lines]);
}

/** @throws JitError `MIRROR_INVALID` where there is none, or it breaks its form */
export function readManifest(folder: Pick<ReadFolder, "read">): Manifest {
  const bytes = folder.read(manifestName);
  if (bytes === undefined || bytes.length === 0) throw invalidMirror(`there is no ${manifestName} in it`);
  const [header, ...lines] = textLines(bytes, manifestName);
  const { type, v, packs, ...more } = header ?? {};
  const known = type === "jit-mirror" && v === 2 && Object.keys(more).length === 0;
  if (!known || !Array.isArray(packs) || !packs.every(isSize)) {
    throw invalidMirror("its manifest is none of this version");
  }
  const parts = lines.map((line, at) => partOf(line, `line ${at + 2} of its manifest`));
  for (const [at, { first }] of parts.entries()) {
    const before = parts[at - 1];
    // Versions of one name may go on in the next part.
    if (before !== undefined && compareNames(before.last, first) > 0)
      throw invalidMirror("its parts are out of order");
  }
  return { packs, parts };
}

function partOf(line: Fields, where: string): Part {
  const { sha256, first, last, versions, markers, newest } = line;
  const at = timeOf(newest);
  const good =
    typeof sha256 === "string" &&
    isSha256Hex(sha256) &&
    typeof first === "string" &&
    typeof last === "string" &&
    isSize(versions) &&
    isSize(markers) &&
    at !== undefined;
  if (!good) throw invalidMirror(`${where} is not right`);
  return { sha256, first, last, versions, markers, newest: at };
}

/** Writes a part, unless it is there. @param objects one at least, in the order of their names */
export function writePart(folder: MirrorFolder, objects: readonly CopiedObject[]): Part {
  const [first] = objects;
  const last = objects.at(-1);
  if (first === undefined || last === undefined) throw new RangeError("a part has a line at least");
  const bytes = linesOf(objects.map(lineOf));
  const sha256 = sha256Hex(bytes);
  if (folder.size(partName(sha256)) !== bytes.length) folder.write(partName(sha256), bytes);
  return {
    sha256,
    first: first.key,
    last: last.key,
    versions: objects.length,
    markers: objects.filter(({ isDeleteMarker }) => isDeleteMarker).length,
    newest: new Date(Math.max(...objects.map(({ lastModified }) => lastModified.getTime()))),
  };
}

function lineOf({ key, versionId, size, lastModified, isDeleteMarker, place }: CopiedObject): Uint8Array {
  return canonicalJson({
    key,
    versionId,
    size,
    arrived: lastModified.toISOString(),
    isDeleteMarker,
    ...place,
  });
}

/** @throws JitError `MIRROR_INVALID` where it is not there, or not what the manifest says */
export function readPart(folder: Pick<ReadFolder, "read">, part: Part): readonly CopiedObject[] {
  const name = partName(part.sha256);
  const bytes = folder.read(name);
  if (bytes === undefined) throw invalidMirror(`${name} is not there`);
  if (sha256Hex(bytes) !== part.sha256) throw invalidMirror(`${name} is not what its manifest says`);
  let before = part.first;
  const objects = textLines(bytes, name).map((line, at) => {
    const object = objectOf(line);
    if (object === undefined) throw invalidMirror(`line ${at + 1} of ${name} is not right`);
    if (compareNames(before, object.key) > 0) throw invalidMirror(`${name} is out of order`);
    before = object.key;
    return object;
  });
  const isSame = objects.length === part.versions && objects[0]?.key === part.first && before === part.last;
  let [newest, markers] = [0, 0];
  for (const { lastModified, isDeleteMarker } of objects) {
    newest = Math.max(newest, lastModified.getTime());
    if (isDeleteMarker) markers++;
  }
  if (!isSame || newest !== part.newest.getTime() || markers !== part.markers) {
    throw invalidMirror(`${name} is not what its manifest says`);
  }
  return objects;
}

function objectOf(line: Fields): CopiedObject | undefined {
  const { key, versionId, size, arrived, isDeleteMarker, pack, offset } = line;
  const lastModified = timeOf(arrived);
  const good =
    typeof key === "string" &&
    typeof versionId === "string" &&
    isSize(size) &&
    typeof isDeleteMarker === "boolean" &&
    lastModified !== undefined;
  if (!good) return undefined;
  if (pack === undefined && offset === undefined) {
    return { key, versionId, size, lastModified, isDeleteMarker, place: undefined };
  }
  if (!isSize(pack) || !isSize(offset)) return undefined;
  return { key, versionId, size, lastModified, isDeleteMarker, place: { pack, offset } };
}

/** Bytes: a manifest of a million parts is not so large. */
const largest = 256 * 1024 * 1024;

type Fields = Readonly<Partial<Record<string, unknown>>>;

function textLines(bytes: Uint8Array, name: string): readonly Fields[] {
  if (bytes.length > largest) throw invalidMirror(`${name} is larger than any of ours`);
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString().split("\n");
  if (lines.pop() !== "") throw invalidMirror(`${name} is cut off`);
  return lines.map((line, at) => {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === "object" && value !== null) return value as Fields;
    } catch {
      // Told below.
    }
    throw invalidMirror(`line ${at + 1} of ${name} is not right`);
  });
}

function linesOf(lines: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(lines.flatMap((line) => [line, newline]));
}

const newline = Buffer.of(0x0a);

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** In its one spelling, and of a year that all else has a spelling for. */
function timeOf(value: unknown): Date | undefined {
  if (typeof value !== "string" || !milliseconds.test(value)) return undefined;
  return isTime(`${value.slice(0, wholeSeconds)}Z`) ? new Date(value) : undefined;
}

const wholeSeconds = "2026-11-24T10:00:00".length;
const milliseconds = /^.{19}\.\d{3}Z$/;
