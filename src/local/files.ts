import {
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf, JitError } from "../error.ts";
import { localError } from "./local-error.ts";
import { isTemporary, temporaryPath, writeAll, writeTemporary } from "./temporary-file.ts";

/**
 * Files that only this user may read. All calls are synchronous: they are small, few, and often stand between two
 * steps that must not be interleaved. Failures are JitError: `LOCAL_UNSAFE`, `LOCAL_DISK_FULL`, `LOCAL_READ_ONLY`,
 * `LOCAL_FAILED`.
 */

/** What is opened is the file itself, never what a link that somebody put there points to. */
export const noFollow = constants.O_NOFOLLOW ?? 0;
/** A pipe that nobody writes to must not hold us up. */
export const noWait = constants.O_NONBLOCK ?? 0;

/**
 * Makes the folder (0700) where it is missing. An existing one must be a real folder of this user that nobody else may
 * write to; read permission of others is taken away.
 */
export function privateDirectory(path: string): void {
  const { mode } = ownDirectory(path);
  try {
    if (process.platform !== "win32" && (mode & 0o077) !== 0) chmodSync(path, 0o700);
  } catch (error) {
    throw localError(error, path);
  }
}

/**
 * The same for a folder that a person named a file in: who may read what else is in it is not ours to say.
 * @returns what it is now
 */
export function ownDirectory(path: string): Stats {
  try {
    makeFolder(path, 0o700);
    const stats = lstatSync(path);
    if (!stats.isDirectory()) throw unsafe(path, "is not a folder", `remove ${path}, or name another`);
    checkOwner(path, stats);
    return stats;
  } catch (error) {
    throw localError(error, path);
  }
}

/**
 * Makes a folder and those above it, where they are missing. Node's own recursion never ends below a folder that says ENOENT of what
 * is made in it (`/proc`), and says ENOENT where the file system is read-only.
 */
export function makeFolder(path: string, mode: number): void {
  for (const missing of [dirname(path), path]) {
    try {
      mkdirSync(path, { mode });
      return;
    } catch (error) {
      // What else may be there, a link to nothing say, whoever opens it will find.
      if (codeOf(error) === "EEXIST") return;
      // The second time the folder above it is there, and says so all the same.
      if (codeOf(error) !== "ENOENT" || missing === path) throw error;
      makeFolder(missing, mode);
    }
  }
}

/** The bytes of a private file, `undefined` where there is none. Links and files of others are refused. */
export function readPrivate(path: string): Uint8Array<ArrayBuffer> | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | noFollow | noWait);
    const stats = fstatSync(file);
    if (!stats.isFile()) throw unsafe(path, "is not a file", `move ${path} away, or name another`);
    checkOwner(path, stats);
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw localError(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Writes a file (0600) so that a reader sees the old bytes or the new ones, never a part, after a crash too: they are
 * durable when the call returns. `beforePublish` runs when all is written and nothing is visible yet; if it throws,
 * nothing changes.
 * @param options.durable `false`: after a loss of power the file may be damaged; `"whole"`: it may be the old one
 */
export function writePrivate(
  path: string,
  bytes: Uint8Array | string,
  options: { readonly durable?: boolean | "whole"; readonly beforePublish?: () => void } = {},
): void {
  const durable = options.durable ?? true;
  const folder = dirname(path);
  let temporary: string | undefined;
  try {
    temporary = writeTemporary(folder, bytes, durable !== false);
    options.beforePublish?.();
    replace(temporary, path);
    temporary = undefined;
    if (durable === true) syncDirectory(folder);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw localError(error, path);
  }
}

/**
 * Adds to the end of a private file that is there; durable when the call returns. A crash may leave the beginning of the
 * text alone.
 */
export function appendPrivate(path: string, text: string): void {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_APPEND | noFollow);
    checkOwner(path, fstatSync(file));
    writeAll(file, text);
    fdatasyncSync(file);
  } catch (error) {
    throw localError(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Creates a file (0600) that must not exist; a crash leaves all of it or nothing. `false`: somebody was first, and
 * nothing changed. Durable.
 * @param beforePublish gets the inode that the file will have, when all is written and nothing is visible yet
 */
export function createPrivate(
  path: string,
  bytes: Uint8Array | string,
  beforePublish?: (inode: number) => void,
): boolean {
  const folder = dirname(path);
  let temporary: string | undefined;
  try {
    temporary = writeTemporary(folder, bytes, true);
    beforePublish?.(lstatSync(temporary).ino);
    const created = linkNew(temporary, path);
    syncDirectory(folder);
    return created;
  } catch (error) {
    throw localError(error, path);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

/** Gives a file a second name. `false` where that name is taken. */
export function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Removes a file; that it is gone already is no failure. */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw localError(error, path);
  }
}

/** The inode of a file, by which a later one of the same name is told apart; `undefined` where there is none. */
export function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * Removes a file unless another has taken its name since it had that inode: that one stays, though for a moment it is
 * not to be seen. A crash in that moment leaves it under a temporary name.
 */
export function removeIfSame(path: string, inode: number): void {
  const aside = temporaryPath(dirname(path));
  try {
    renameSync(path, aside);
    if (inodeOf(aside) !== inode) linkNew(aside, path);
    rmSync(aside, { force: true });
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw localError(error, path);
  }
}

/** Names in a folder, sorted, without temporary files; none where there is no folder. */
export function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !isTemporary(name))
      .sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw localError(error, folder);
  }
}

/** On Windows a reader or a virus scanner that has the target open makes rename fail for a moment. */
function replace(from: string, to: string): void {
  for (let attempt = 0; ; attempt += 1) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const busy = process.platform === "win32" && ["EPERM", "EACCES", "EBUSY"].includes(codeOf(error) ?? "");
      if (!busy || attempt === 10) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 * (attempt + 1));
    }
  }
}

/** Makes a name durable. Windows has no such call, and some file systems refuse it for folders. */
function syncDirectory(folder: string): void {
  if (process.platform === "win32") return;
  const file = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(file);
  } catch (error) {
    if (codeOf(error) !== "EINVAL" && codeOf(error) !== "ENOTSUP") throw error;
  } finally {
    closeSync(file);
  }
}

function checkOwner(path: string, stats: Stats): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  if (stats.uid !== user) {
    throw unsafe(
      path,
      `belongs to user ${stats.uid}, not to ${user}`,
      "run jit as the owner, or set HOME to your own",
    );
  }
  if ((stats.mode & 0o022) !== 0) {
    throw unsafe(path, "can be written by others", `look at what is in it, then: chmod go-rwx '${path}'`);
  }
}

function unsafe(path: string, what: string, hint: string): JitError {
  return new JitError("LOCAL_UNSAFE", `${path} ${what}`, { hint });
}
