import type { LogTexts } from "../audit/log/asked.ts";
import type { Period } from "../audit/log/moment.ts";
import type { LogPorts } from "../audit/log/read.ts";
import { type Audit, openChecker } from "./compose/audit.ts";
import { keptTexts } from "./render/texts.ts";

/** What reading the log needs of a bucket that is open for auditing. */
export function logPorts(audit: Audit): LogPorts {
  return {
    store: audit.store,
    log: audit.fingerprint,
    trust: audit.trust,
    catalogOf: audit.catalogOf,
    approvals: audit.approvals,
    segments: audit.segments,
    openChecker: () => openChecker(audit.fingerprint),
    textsOf: async (record, catalog): Promise<LogTexts> => {
      const texts = await keptTexts(audit, record, catalog);
      return texts ?? { state: "apart" };
    },
  };
}

const day = 86_400_000;
/** So long after a request its records are looked for. */
const laterDays = 31;

/** What must be listed to tell what came of the requests of a time. */
export function listedFor({ from, to }: Period, now: Date): Period {
  const latest = now.getTime() + 3_600_000;
  return { from, to: new Date(Math.min(latest, Math.max(to.getTime(), from.getTime()) + laterDays * day)) };
}
