import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { TrailFiles } from "../audit/reconcile/ports.ts";
import { codeOf, JitError } from "../error.ts";

/** Larger than any file that CloudTrail writes. */
const maximumBytes = 256 * 1024 * 1024;

/** A copy of a trail's files, in whatever folders (`aws s3 sync s3://TRAIL DIR`). Links are not followed. */
export function trailDirectory(directory: string): TrailFiles {
  return {
    name: directory,
    isCopy: true,
    bucket: undefined,
    async *list() {
      yield* under(directory, directory);
    },
    async read(name) {
      const path = join(directory, ...name.split("/"));
      try {
        return statSync(path).size > maximumBytes
          ? undefined
          : { bytes: new Uint8Array(readFileSync(path)), signature: undefined };
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw unreadable(path, error);
      }
    },
  };
}

function* under(root: string, folder: string): Generator<string> {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* under(root, path);
    else if (entry.isFile()) yield relative(root, path).split(sep).join("/");
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function unreadable(path: string, cause: unknown): JitError {
  return new JitError("FILE_UNREADABLE", `cannot read ${path} (${codeOf(cause) ?? "unknown"})`, {
    hint: "name the folder that the trail's files were copied to",
    cause,
  });
}
