import { statSync } from "node:fs";
import { join } from "node:path";
import type { Segments } from "../audit/log/index/log-index.ts";
import { filesIn, removeFile } from "./files.ts";
import { ownCache } from "./own-cache.ts";

/** Of an hour more than this is judged anew every time. Characters. */
const largestSegment = 64 * 1024 * 1024;
/** Of one bucket; what goes first is the oldest hour. Bytes. */
const largestFolder = 512 * 1024 * 1024;

export interface SegmentPlace {
  /** Of one organization's bucket; nothing else lies in it. */
  readonly folder: string;
  /** Outside the cache. */
  readonly keyFile: string;
  /** 64 hexadecimal digits for all that must be the same when a text is used again; texts under another are removed. */
  readonly boundTo: string;
}

/** Texts in the cache, sealed with a key that lies outside it; the seal covers hour and what it is bound to. */
export function logSegments(
  { folder, keyFile, boundTo }: SegmentPlace,
  limit: { readonly folder: number } = { folder: largestFolder },
): Segments {
  const cache = ownCache(folder, keyFile);
  const nameOf = (hour: string) => `log-${hour}-${boundTo}`;
  return {
    get: (hour) => cache.get(nameOf(hour)),
    set(hour, text) {
      if (text.length > largestSegment) return;
      cache.set(nameOf(hour), text);
      try {
        prune(folder, boundTo, limit.folder);
      } catch {
        // What is left over costs room alone.
      }
    },
  };
}

function prune(folder: string, boundTo: string, largest: number): void {
  let room = largest;
  // Names begin with the hour: the newest first.
  for (const name of [...filesIn(folder)].reverse()) {
    const path = join(folder, name);
    room -= statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (room < 0 || !name.endsWith(boundTo)) removeFile(path);
  }
}
