import { join } from "node:path";
import type { Journal, JournalEntry, JournalStep } from "../audit/ports.ts";
import { JitError } from "../error.ts";
import { filesIn, privateDirectory, readPrivate, removeFile, writePrivate } from "./files.ts";
import { hasEnded, ownIdentity, type ProcessIdentity } from "./process-identity.ts";

const steps: readonly JournalStep[] = ["request", "assumeRole", "issueRecord", "cache"];

/** Requests under way, a file each, with the process that makes them. */
export function fileJournal(folder: string): Journal {
  const fileOf = (request: string): string => {
    if (!/^[0-9A-Z]{26}$/.test(request))
      throw new JitError("LOCAL_JOURNAL", "a journal's file is named by a request id");
    return join(folder, `${request}.json`);
  };
  const write = (entry: JournalEntry): void => {
    writePrivate(fileOf(entry.request), `${JSON.stringify({ v: 1, ...entry, process: ownIdentity() })}\n`);
  };
  return {
    async open(entry) {
      privateDirectory(folder);
      write(entry);
    },
    async mark(request, step, accessKeyId) {
      const read = readEntry(fileOf(request));
      if (read === undefined) throw new JitError("LOCAL_JOURNAL", `request ${request} is not in the journal`);
      const { process: _, ...entry } = read;
      write({ ...entry, step, accessKeyId: accessKeyId ?? entry.accessKeyId });
    },
    async close(request) {
      removeFile(fileOf(request));
    },
    async list() {
      return filesIn(folder).flatMap((name) => {
        const entry = readEntry(join(folder, name));
        if (entry === undefined || !hasEnded(entry.process, true)) return [];
        const { process: _, ...rest } = entry;
        return [rest];
      });
    },
  };
}

/** What cannot be read is no entry: a crash leaves whole files or none. */
function readEntry(path: string): (JournalEntry & { process: ProcessIdentity }) | undefined {
  const bytes = readPrivate(path);
  if (bytes === undefined) return undefined;
  try {
    const { v, request, requestHash, step, accessKeyId, process } = JSON.parse(Buffer.from(bytes).toString());
    const good =
      v === 1 &&
      [request, requestHash, accessKeyId, process?.host, process?.started].every(
        (value) => typeof value === "string",
      ) &&
      steps.includes(step) &&
      Number.isSafeInteger(process.pid);
    return good ? { request, requestHash, step, accessKeyId, process } : undefined;
  } catch {
    return undefined;
  }
}
