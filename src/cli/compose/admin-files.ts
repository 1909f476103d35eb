import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, JitError } from "../../error.ts";
import { makeFolder } from "../../local/files.ts";

/** Files that administrators keep in version control: catalogs and trust files. Nothing in them is secret. */

/** @throws JitError `FILE_UNREADABLE` */
export function readFile(path: string): Uint8Array {
  const bytes = readFileIfThere(path);
  if (bytes !== undefined) return bytes;
  throw new JitError("FILE_UNREADABLE", `there is no ${path}`, {
    hint: "name the file, or go to the folder where it is",
  });
}

export function readFileIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new JitError("FILE_UNREADABLE", `cannot read ${path} (${codeOf(error) ?? "unknown"})`);
  }
}

/** Replaces whole, or creates only. @throws JitError `FILE_EXISTS`, `FILE_UNWRITABLE` */
export function writeFile(path: string, bytes: Uint8Array, options: { createOnly?: boolean }): void {
  try {
    makeFolder(dirname(path), 0o777);
    if (options.createOnly === true) {
      writeFileSync(path, bytes, { flag: "wx" });
      return;
    }
    const temporary = `${path}.new`;
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } catch (error) {
    const code = codeOf(error) ?? "unknown";
    if (code === "EEXIST")
      throw new JitError("FILE_EXISTS", `${path} is there already`, {
        hint: "it is never overwritten: move it away",
      });
    throw new JitError("FILE_UNWRITABLE", `cannot write ${path} (${code})`);
  }
}

/** `1.json`, `2.json` … of a folder, in order, without a gap. */
export function trustFilesOf(folder: string): readonly Uint8Array[] {
  const names = new Set(namesIn(folder));
  const files: Uint8Array[] = [];
  for (let version = 1; names.has(`${version}.json`); version += 1)
    files.push(readFile(join(folder, `${version}.json`)));
  return files;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
