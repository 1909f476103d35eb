import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf } from "../error.ts";

/** Files that are not complete, or about to go: readers of a folder pass them over. */

const prefix = ".tmp-";
let counter = 0;

export function isTemporary(name: string): boolean {
  return name.startsWith(prefix);
}

/** A name in a folder that this process has not used yet. */
export function temporaryPath(folder: string): string {
  counter += 1;
  return join(folder, `${prefix}${process.pid}-${process.hrtime.bigint()}-${counter}`);
}

/** Writes a new file of a name nobody else has and returns its path. */
export function writeTemporary(folder: string, bytes: Uint8Array | string, durable: boolean): string {
  for (;;) {
    const path = temporaryPath(folder);
    let file: number;
    try {
      file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    } catch (error) {
      // Another container with the same pid may share the folder.
      if (codeOf(error) === "EEXIST") continue;
      throw error;
    }
    try {
      writeAll(file, bytes);
      if (durable) fsyncSync(file);
      return path;
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  }
}

/** Removes what writers that died have left behind for longer than `age` ms. Never fails. */
export function removeStaleTemporaries(folder: string, now: number, age = 3_600_000): void {
  try {
    for (const name of readdirSync(folder)) {
      if (!isTemporary(name)) continue;
      const path = join(folder, name);
      if (Math.abs(now - lstatSync(path).mtimeMs) > age) rmSync(path, { force: true });
    }
  } catch {
    // Tidying up is worth no error.
  }
}

export function writeAll(file: number, content: Uint8Array | string): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}
