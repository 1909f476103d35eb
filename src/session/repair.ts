import { repairDangling } from "../audit/repair.ts";
import type { StoredRecord } from "../audit/types.ts";
import type { AttemptPorts } from "./attempt.ts";
import { payOwedEnds } from "./end.ts";
import type { SessionCache } from "./ports.ts";

/**
 * What every run does before it asks for a session: aborts what a dead process had begun, and records
 * the ends that one could not. One that died between
 * writing its cache file and saying so had handed the session over: that is no abort, only a note to remove.
 * @param cache absent where sessions are not kept on this machine
 * @returns the abort records
 */
export async function repairCrashed(
  { records, journal, ends }: AttemptPorts,
  cache: Pick<SessionCache, "list"> | undefined,
): Promise<readonly StoredRecord<"abort">[]> {
  const entries = cache === undefined ? [] : await journal.list();
  if (cache !== undefined && entries.some(({ step }) => step === "cache")) {
    const kept = new Set((await cache.list()).map(({ session }) => session.credentials.accessKeyId));
    for (const { request, step, accessKeyId } of entries) {
      if (step === "cache" && kept.has(accessKeyId)) await journal.close(request);
    }
  }
  const aborts = await repairDangling({ ...records, journal });
  if (ends !== undefined) await payOwedEnds(records, ends);
  return aborts;
}
