import { type AppendPorts, holdChain } from "./append.ts";
import type { Journal } from "./ports.ts";
import type { StoredRecord } from "./types.ts";

/**
 * What every run does before it asks for anything: sends what a crash left pending, and writes an abort of code CRASHED
 * for each request that a dead process had begun and not handed over. An abort names the session where it is known;
 * it never explains away one that AssumeRole gave. Where the issue record is stored and only the cache file is
 * missing, the abort's step is `cache`: nobody ever held the session.
 * @returns the abort records, oldest request first; none where there was nothing to do
 * @throws JitError as `appendRecord`; what was not repaired is found again by the next run
 */
export async function repairDangling(
  ports: AppendPorts & { readonly journal: Pick<Journal, "open" | "close" | "list"> },
): Promise<readonly StoredRecord<"abort">[]> {
  return holdChain(ports, async (append) => {
    const written: StoredRecord<"abort">[] = [];
    const done = new Set<string>();
    for (;;) {
      // Listed while the chain is held, so that no other run repairs the same entry; and again each time, because an
      // abort that the pending record owed has closed its own.
      const entries = (await ports.journal.list()).filter((entry) => !done.has(entry.request));
      const [oldest] = entries.sort((a, b) => (a.request < b.request ? -1 : 1));
      if (oldest === undefined) break;
      const { request, requestHash, step, accessKeyId } = oldest;
      const body = { requestHash, code: "CRASHED", step, accessKeyId };
      written.push(await append({ type: "abort", request, body: () => body }));
      // A crash here leaves the entry, and the next run aborts once more: twice is clumsy, never is a gap.
      await ports.journal.close(request);
      done.add(request);
    }
    return written;
  });
}
