import { hash } from "node:crypto";
import { canonicalJson, parseStrictJson } from "../access/canonical.ts";
import { JitError } from "../error.ts";
import { type CopiedVersion, copyStore } from "./copy-store.ts";
import { maximumEnvelope } from "./envelope.ts";
import { recordPrefix } from "./key.ts";
import type { ListedObject, RecordStore } from "./ports.ts";
import { inBatches, mapAtMost } from "./scan.ts";

/**
 * A copy of a log in a folder: a file for each version of each object, and a manifest of what the bucket listed. What the
 * copy says of arrivals is its maker's word, but for what is in the sealed tree.
 */

/** The folder, by paths with `/` below it. */
export interface MirrorFolder {
  /** Size of a file, `undefined` where there is none. */
  size(path: string): number | undefined;
  read(path: string): Uint8Array | undefined;
  /** Whole or not at all. */
  write(path: string, bytes: Uint8Array): void;
}

export interface Mirrored {
  /** Versions and delete markers. */
  readonly versions: number;
  /** Files that this run fetched; the others were there. */
  readonly fetched: number;
}

const manifest = "manifest.jsonl";
const header = { type: "jit-mirror", v: 1 };
const everything = "v1/";
const parallelReads = 32;
const batchSize = 256;

/**
 * Copies a log. What is there already is not fetched again: versions never change. The manifest is written last, so that a
 * run that was cut off leaves the copy of before.
 */
export async function mirrorLog(
  store: Pick<RecordStore, "listVersions" | "readVersion">,
  folder: MirrorFolder,
): Promise<Mirrored> {
  const lines: Uint8Array[] = [canonicalJson(header)];
  let fetched = 0;
  for await (const batch of inBatches(store.listVersions(everything), batchSize)) {
    await mapAtMost(parallelReads, batch.filter(isKept), async ({ key, versionId, size }) => {
      const path = mirrorPath(key, versionId);
      if (folder.size(path) === size) return;
      const bytes = await store.readVersion(key, versionId);
      if (bytes === undefined) return;
      fetched++;
      folder.write(path, bytes);
    });
    lines.push(...batch.map(lineOf));
  }
  folder.write(manifest, Buffer.concat(lines.flatMap((line) => [line, Buffer.of(0x0a)])));
  return { versions: lines.length - 1, fetched };
}

/** What is larger than any record is none, whatever it says. */
function isKept({ key, size, isDeleteMarker }: ListedObject): boolean {
  return !isDeleteMarker && (!key.startsWith(recordPrefix) || size <= maximumEnvelope);
}

function lineOf({ key, versionId, size, lastModified, isDeleteMarker }: ListedObject): Uint8Array {
  return canonicalJson({ key, versionId, size, arrived: lastModified.toISOString(), isDeleteMarker });
}

/**
 * The copy as a bucket that is only read.
 * @throws JitError `MIRROR_INVALID` where there is no manifest, or a line of it breaks its form
 */
export function openMirror(folder: Pick<MirrorFolder, "read">): RecordStore {
  const bytes = folder.read(manifest);
  if (bytes === undefined || bytes.length === 0) throw invalid(`there is no ${manifest} in it`);
  const versions: CopiedVersion[] = [];
  let number = 0;
  for (let start = 0; start < bytes.length; number++) {
    const end = bytes.indexOf(0x0a, start);
    const line = end < 0 ? undefined : bytes.subarray(start, end);
    if (number > 0) versions.push(versionOf(folder, line, number));
    else if (line === undefined || Buffer.compare(line, canonicalJson(header)) !== 0) {
      throw invalid("its manifest is none of this version");
    }
    start = end < 0 ? bytes.length : end + 1;
  }
  return copyStore(versions);
}

function versionOf(
  folder: Pick<MirrorFolder, "read">,
  line: Uint8Array | undefined,
  number: number,
): CopiedVersion {
  const { key, versionId, size, arrived, isDeleteMarker } = fieldsOf(line);
  const lastModified = typeof arrived === "string" ? new Date(arrived) : undefined;
  if (
    typeof key !== "string" ||
    typeof versionId !== "string" ||
    typeof size !== "number" ||
    typeof isDeleteMarker !== "boolean" ||
    lastModified === undefined ||
    Number.isNaN(lastModified.getTime())
  ) {
    throw invalid(`line ${number + 1} of its manifest is not right`);
  }
  const bytes = async () => folder.read(mirrorPath(key, versionId));
  return { key, versionId, size, lastModified, isDeleteMarker, bytes };
}

function fieldsOf(line: Uint8Array | undefined): Readonly<Partial<Record<string, unknown>>> {
  try {
    const value = line === undefined ? undefined : parseStrictJson(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** File systems take names of 255 bytes. */
const longestName = 160;

/**
 * Where a version lies: the segments of its name, percent-encoded (what is not `[A-Za-z0-9_.=,@+-]`, and a first full stop),
 * the last with `~` and 16 digits of SHA-256(name ‖ NUL ‖ version) behind it, so that no file is in a folder's way.
 */
export function mirrorPath(key: string, versionId: string): string {
  const digest = hash("sha256", `${key}\0${versionId}`, "hex").slice(0, 16);
  const parts = key.split("/").map(segment);
  return `objects/${parts.slice(0, -1).join("/")}/${parts.at(-1)}~${digest}`;
}

function segment(text: string): string {
  const encoded = [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.=,@+-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("")
    .replace(/^\./, "%2E");
  // An empty segment is one, too; a long one is told by its hash.
  if (encoded === "") return "%";
  if (encoded.length <= longestName) return encoded;
  return `${encoded.slice(0, longestName - 33)}~${hash("sha256", text, "hex").slice(0, 32)}`;
}

function invalid(what: string): JitError {
  return new JitError("MIRROR_INVALID", `the folder is no mirror of a log: ${what}`, {
    hint: "`jit audit mirror DIR` makes one",
  });
}
