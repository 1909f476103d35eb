import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { End, OwedEnds } from "../session/end.ts";
import { filesIn, privateDirectory, readPrivate, removeFile, writePrivate } from "./files.ts";

/** A file each; they hold hashes and times, and no secret. */
export function fileOwedEnds(folder: string): OwedEnds {
  return {
    async add(end) {
      privateDirectory(folder);
      writePrivate(
        join(folder, `${end.request}-${randomUUID()}.json`),
        `${JSON.stringify({ v: 1, ...end })}\n`,
      );
    },
    async list() {
      return filesIn(folder).flatMap((name) => {
        const end = readEnd(join(folder, name));
        return end === undefined ? [] : [{ name, end }];
      });
    },
    async remove(name) {
      removeFile(join(folder, name));
    },
  };
}

const hash = /^[0-9a-f]{64}$/;

/** What cannot be read is none: a crash leaves whole files or nothing. */
function readEnd(path: string): End | undefined {
  try {
    const bytes = readPrivate(path);
    if (bytes === undefined) return undefined;
    const { v, request, requestHash, issueHash, outcome, exitCode, seconds, command } = JSON.parse(
      Buffer.from(bytes).toString(),
    );
    const good =
      v === 1 &&
      /^[0-9A-Z]{26}$/.test(request) &&
      hash.test(requestHash) &&
      hash.test(issueHash) &&
      (outcome === "completed" ? hash.test(command) : outcome === "forgotten" && command === "-") &&
      [exitCode, seconds].every(Number.isSafeInteger);
    return good ? { request, requestHash, issueHash, outcome, exitCode, seconds, command } : undefined;
  } catch {
    return undefined;
  }
}
