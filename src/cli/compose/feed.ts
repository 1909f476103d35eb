import { join } from "node:path";
import { sha256Hex } from "../../access/digest.ts";
import { Cursor, type FeedState, readFeedState } from "../../audit/feed/cursor.ts";
import type { KnownKeys } from "../../audit/feed/known-enrolments.ts";
import { JitError } from "../../error.ts";
import { ownDirectory, readPrivate, writePrivate } from "../../local/files.ts";
import { writeFlushed } from "../../local/flushed.ts";
import { segmentOf } from "../../local/paths.ts";
import { version } from "../version.ts";
import type { Here } from "./here.ts";
import { workedOut } from "./organization.ts";

/** Where a feed remembers what it told, unless told. */
export function feedFile(state: string, fingerprint: string): string {
  return join(state, "feed", `${segmentOf(fingerprint)}.json`);
}

/**
 * What a file remembers of a log's feed; `undefined` where there is none yet.
 * @throws JitError `FEED_STATE` where it is damaged, or another log's: whoever removes it decides what is told again
 */
export function readFeed(path: string, log: string): Cursor | undefined {
  const bytes = readPrivate(path);
  if (bytes === undefined) return undefined;
  const state = readFeedState(jsonOf(bytes));
  if (state?.log === log) return new Cursor(state);
  const what = state === undefined ? "does not say what was told" : "is of another organization's log";
  throw new JitError("FEED_STATE", `${path} ${what}`, {
    hint: "name another file with --state; or remove this one, and say with --from what is to be told again",
  });
}

/** Whole or not at all, and durable. */
export async function saveFeed(path: string, state: FeedState): Promise<void> {
  ownDirectory(join(path, ".."));
  writePrivate(path, `${JSON.stringify(state)}\n`);
}

/** Where it is kept what a bucket's hours hold about keys: sealed, in the cache, for this version of the program. */
export function keptKeys(
  here: Here,
  fingerprint: string,
  bucket: string,
): { get(): KnownKeys | undefined; set(known: KnownKeys): void } {
  const cache = workedOut(here);
  const name = `feed-keys-${version}-${sha256Hex(Buffer.from(JSON.stringify([fingerprint, bucket])))}.json`;
  return {
    get() {
      const text = cache.get(name);
      return text === undefined ? undefined : (JSON.parse(text) as KnownKeys);
    },
    set: (known) => cache.set(name, JSON.stringify(known)),
  };
}

/** Lines for whoever reads standard output. */
export async function writeLines(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await writeFlushed(1, `${lines.join("\n")}\n`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
