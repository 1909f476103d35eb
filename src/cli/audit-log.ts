import type { LogTexts } from "../audit/log/entry.ts";
import type { LogPorts } from "../audit/log/read.ts";
import type { Audit } from "./compose.ts";
import { keptTexts } from "./render/texts.ts";

/** What reading the log needs of a bucket that is open for auditing. */
export function logPorts(audit: Audit): LogPorts {
  return {
    store: audit.store,
    log: audit.fingerprint,
    trust: audit.trust,
    catalogOf: audit.catalogOf,
    approvals: audit.approvals,
    textsOf: async (record, catalog): Promise<LogTexts> => {
      const texts = await keptTexts(audit, record, catalog);
      return texts ?? { state: "apart" };
    },
  };
}
