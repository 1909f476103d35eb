import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Journal, JournalEntry, JournalStep } from "../audit/ports.ts";
import { JitError } from "../error.ts";
import { appendPrivate, filesIn, privateDirectory, readPrivate, removeFile, writePrivate } from "./files.ts";
import { lifeOf, ownIdentity, type ProcessIdentity, parseIdentity } from "./process-identity.ts";

const steps: readonly JournalStep[] = ["request", "assumeRole", "issueRecord", "cache"];

/**
 * After this long, ms, a request counts as cut off where nobody can see whether its process still runs: a container that
 * is gone, another machine on the same home folder. Making a request takes minutes at most.
 */
const longEnough = 3_600_000;

/** Requests under way, a file each, with the process that makes them: a line for each step, the last of which counts. */
export function fileJournal(folder: string, now: () => number = Date.now): Journal {
  const fileOf = (request: string): string => {
    if (!/^[0-9A-Z]{26}$/.test(request))
      throw new JitError("LOCAL_JOURNAL", "a journal's file is named by a request id");
    return join(folder, `${request}.json`);
  };
  const lineOf = (entry: JournalEntry): string =>
    `${JSON.stringify({ v: 1, ...entry, process: ownIdentity() })}\n`;
  return {
    async open(entry) {
      privateDirectory(folder);
      writePrivate(fileOf(entry.request), lineOf(entry));
    },
    async mark(request, step, accessKeyId) {
      const read = readEntry(fileOf(request));
      if (read === undefined) throw new JitError("LOCAL_JOURNAL", `request ${request} is not in the journal`);
      const { process: _, ...entry } = read;
      appendPrivate(
        fileOf(request),
        lineOf({ ...entry, step, accessKeyId: accessKeyId ?? entry.accessKeyId }),
      );
    },
    async close(request) {
      removeFile(fileOf(request));
    },
    async list() {
      return filesIn(folder).flatMap((name) => {
        const path = join(folder, name);
        const entry = readEntry(path);
        if (entry === undefined) return [];
        const { process, ...rest } = entry;
        const life = lifeOf(process, true);
        const cutOff = life === "ended" || (life === "unknown" && now() - changedAt(path) > longEnough);
        return cutOff ? [rest] : [];
      });
    },
  };
}

/** The last line that is whole. What cannot be read is no entry: a crash leaves a whole first line or no file. */
function readEntry(path: string): (JournalEntry & { process: ProcessIdentity }) | undefined {
  const bytes = readPrivate(path);
  if (bytes === undefined) return undefined;
  try {
    const text = Buffer.from(bytes).toString().split("\n").at(-2) ?? "";
    const { v, request, requestHash, step, accessKeyId, process: writer } = JSON.parse(text);
    const process = parseIdentity(writer);
    const good =
      v === 1 &&
      [request, requestHash, accessKeyId].every((value) => typeof value === "string") &&
      steps.includes(step);
    return good && process !== undefined ? { request, requestHash, step, accessKeyId, process } : undefined;
  } catch {
    return undefined;
  }
}

function changedAt(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
}
