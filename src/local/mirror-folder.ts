import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { MirrorFolder } from "../audit/mirror/folder.ts";
import { codeOf } from "../error.ts";
import { privateDirectory, removeFile, writePrivate } from "./files.ts";
import { localError } from "./local-error.ts";
import { writeAll } from "./temporary-file.ts";

/** A mirror on this machine's disk: what is in it names people, so its files are private. Others' copies are read as well. */
export function mirrorFolder(root: string): MirrorFolder {
  const known = new Set<string>();
  const prepared = (path: string): string => {
    const folder = dirname(join(root, path));
    if (!known.has(folder)) privateDirectory(folder);
    known.add(folder);
    return join(root, path);
  };
  const orNone = <T>(path: string, work: (file: string) => T): T | undefined => {
    try {
      return work(join(root, path));
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
      throw localError(error, join(root, path));
    }
  };
  const withOpen = <T>(path: string, flags: number, work: (file: number) => T): T => {
    let file: number | undefined;
    try {
      file = openSync(path, flags, 0o600);
      return work(file);
    } catch (error) {
      throw localError(error, path);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
  return {
    size: (path) => orNone(path, (file) => statSync(file).size),
    read: (path) => orNone(path, (file) => readFileSync(file)),
    readAt: (path, offset, length) =>
      orNone(path, (name) => {
        const file = openSync(name, constants.O_RDONLY);
        try {
          const bytes = Buffer.allocUnsafeSlow(length);
          let filled = 0;
          for (let count = 1; count > 0 && filled < length; filled += count) {
            count = readSync(file, bytes, filled, length - filled, offset + filled);
          }
          return bytes.subarray(0, filled);
        } finally {
          closeSync(file);
        }
      }),
    names: (path) => orNone(path, (folder) => readdirSync(folder)) ?? [],
    write: (path, bytes) => writePrivate(prepared(path), bytes),
    append: (path, bytes) =>
      withOpen(prepared(path), constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, (file) =>
        writeAll(file, bytes),
      ),
    sync: (path) => withOpen(join(root, path), constants.O_RDWR, fsyncSync),
    truncate(path, size) {
      try {
        if (statSync(join(root, path)).size > size) truncateSync(join(root, path), size);
      } catch (error) {
        throw localError(error, join(root, path));
      }
    },
    remove: (path) => removeFile(join(root, path)),
  };
}
