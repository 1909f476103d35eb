import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExportFolder } from "../audit/export/ports.ts";
import { codeOf } from "../error.ts";
import { privateDirectory, writePrivate } from "./files.ts";
import { localError } from "./local-error.ts";
import { mirrorFolder } from "./mirror-folder.ts";
import { writeParquet } from "./parquet.ts";
import { temporaryPath, writeAll } from "./temporary-file.ts";

/** An export on this machine's disk: what is in it names people, so its files are private. */
export function exportFolder(root: string): ExportFolder {
  const { read } = mirrorFolder(root);
  return {
    read,
    names(path) {
      try {
        return readdirSync(join(root, path)).sort();
      } catch (error) {
        if (codeOf(error) === "ENOENT") return [];
        throw localError(error, join(root, path));
      }
    },
    write(path, bytes) {
      privateDirectory(dirname(join(root, path)));
      writePrivate(join(root, path), bytes);
    },
    async writeTable(path, rows, keeps) {
      const place = join(root, path);
      const folder = dirname(place);
      privateDirectory(folder);
      const temporary = temporaryPath(folder);
      const digest = createHash("sha256");
      let bytes = 0;
      try {
        const file = openSync(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
        let count: number;
        try {
          count = await writeParquet(rows, (some) => {
            digest.update(some);
            bytes += some.length;
            writeAll(file, some);
          });
        } finally {
          closeSync(file);
        }
        const sha256 = digest.digest("hex");
        if (sha256 !== keeps) renameSync(temporary, place);
        return { rows: count, bytes, sha256 };
      } catch (error) {
        throw codeOf(error)?.startsWith("E") === true ? localError(error, place) : error;
      } finally {
        rmSync(temporary, { force: true });
      }
    },
    remove(path) {
      const place = join(root, path);
      // Through a folder that is a link, what goes would be somebody else's.
      privateDirectory(dirname(place));
      try {
        rmSync(place, { recursive: true, force: true });
      } catch (error) {
        throw localError(error, place);
      }
    },
  };
}
