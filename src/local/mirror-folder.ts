import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { MirrorFolder } from "../audit/mirror/folder.ts";
import { codeOf, JitError } from "../error.ts";
import { noFollow, noWait, privateDirectory, removeFile, writePrivate } from "./files.ts";
import { localError } from "./local-error.ts";
import { writeAll } from "./temporary-file.ts";

/**
 * A mirror on this machine's disk: what is in it names people, so its files are private. Others' copies are read as well, by links
 * too; only files are.
 */
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
  const withOpen = <T>(name: string, flags: number, work: (file: number) => T): T => {
    const file = openSync(name, flags | noWait, 0o600);
    try {
      if (!fstatSync(file).isFile()) {
        throw new JitError("LOCAL_UNSAFE", `${name} is not a file`, { hint: `remove ${name}` });
      }
      return work(file);
    } finally {
      closeSync(file);
    }
  };
  const withOwn = (path: string, flags: number, work: (file: number) => void): void => {
    const name = prepared(path);
    try {
      withOpen(name, flags | noFollow, work);
    } catch (error) {
      throw localError(error, name);
    }
  };
  return {
    size: (path) => orNone(path, (file) => statSync(file).size),
    read: (path) => orNone(path, (name) => withOpen(name, constants.O_RDONLY, (file) => readFileSync(file))),
    readAt: (path, offset, length) =>
      orNone(path, (name) =>
        withOpen(name, constants.O_RDONLY, (file) => {
          const there = Math.max(0, fstatSync(file).size - offset);
          const bytes = Buffer.allocUnsafeSlow(Math.min(length, there));
          let filled = 0;
          for (let count = 1; count > 0 && filled < bytes.length; filled += count) {
            count = readSync(file, bytes, filled, bytes.length - filled, offset + filled);
          }
          return bytes.subarray(0, filled);
        }),
      ),
    names: (path) => orNone(path, (folder) => readdirSync(folder)) ?? [],
    write: (path, bytes) => writePrivate(prepared(path), bytes),
    append: (path, bytes) =>
      withOwn(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, (file) =>
        writeAll(file, bytes),
      ),
    sync: (path) => withOwn(path, constants.O_RDWR, fsyncSync),
    truncate: (path, size) =>
      withOwn(path, constants.O_RDWR, (file) => {
        if (fstatSync(file).size > size) ftruncateSync(file, size);
      }),
    remove: (path) => removeFile(prepared(path)),
  };
}
