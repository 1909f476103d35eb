import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { MirrorFolder } from "../audit/mirror.ts";
import { codeOf } from "../error.ts";
import { privateDirectory, writePrivate } from "./files.ts";
import { localError } from "./local-error.ts";

/** A mirror on this machine's disk: what is in it names people, so its files are private. Others' copies are read as well. */
export function mirrorFolder(root: string): MirrorFolder {
  const known = new Set<string>();
  return {
    size: (path) => statSync(join(root, path), { throwIfNoEntry: false })?.size,
    read(path) {
      try {
        return readFileSync(join(root, path));
      } catch (error) {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
        throw localError(error, join(root, path));
      }
    },
    write(path, bytes) {
      const folder = dirname(join(root, path));
      if (!known.has(folder)) privateDirectory(folder);
      known.add(folder);
      writePrivate(join(root, path), bytes, { durable: false });
    },
  };
}
