import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bucket, Shelf, Version } from "./model.ts";

/**
 * A shelf of files: `DIR/<bucket>/bucket.json`, and per version `DIR/<bucket>/<sha256 of key>.<version id>`, one
 * line of JSON and then the body. Files appear by rename, so a crash leaves a whole version or none (and perhaps
 * a `.tmp` file, which is ignored).
 */
export function directoryShelf(dir: string): Shelf {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const bucketDir = (name: string) => join(dir, name);
  const versionFile = (bucket: string, { key, versionId }: Version) =>
    join(bucketDir(bucket), `${createHash("sha256").update(key).digest("hex")}.${versionId}`);

  return {
    load() {
      const buckets: Bucket[] = [];
      const versions: (readonly [string, Version])[] = [];
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        for (const file of readdirSync(bucketDir(entry.name))) {
          const path = join(bucketDir(entry.name), file);
          if (file.endsWith(".tmp")) continue;
          if (file === "bucket.json") buckets.push(JSON.parse(readFileSync(path, "utf8"), reviveDates));
          else versions.push([entry.name, readVersion(path)]);
        }
      }
      const known = new Set(buckets.map(({ name }) => name));
      return { buckets, versions: versions.filter(([bucket]) => known.has(bucket)) };
    },
    putBucket(bucket) {
      mkdirSync(bucketDir(bucket.name), { recursive: true, mode: 0o700 });
      replace(join(bucketDir(bucket.name), "bucket.json"), Buffer.from(JSON.stringify(bucket)));
    },
    removeBucket(name) {
      rmSync(bucketDir(name), { recursive: true, force: true });
    },
    putVersion(bucket, version) {
      const { body, ...head } = version;
      replace(versionFile(bucket, version), Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]));
    },
    removeVersion(bucket, version) {
      rmSync(versionFile(bucket, version), { force: true });
    },
  };
}

function replace(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.tmp`, bytes, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

const DATES = new Set(["created", "modified", "until"]);

function reviveDates(name: string, value: unknown): unknown {
  return DATES.has(name) && typeof value === "string" ? new Date(value) : value;
}

function readVersion(path: string): Version {
  const bytes = readFileSync(path);
  const end = bytes.indexOf(0x0a);
  // Stored headers have dashes in their names or other words, never one of DATES: only our own fields are revived.
  const head = JSON.parse(bytes.toString("utf8", 0, end), reviveDates);
  return { ...head, body: bytes.subarray(end + 1) };
}
