import type { BreakGlassTerms } from "../../access/types.ts";
import { idTime } from "../../audit/id.ts";
import type { Clock, RecordStore } from "../../audit/ports.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Notice } from "../types.ts";
import { type Debt, openDebts } from "./debt.ts";

/**
 * What a requester's unreviewed emergencies mean for the next request.
 * @returns what the requester should know
 * @throws JitError `BREAK_GLASS_UNREVIEWED` where the catalog refuses, and one is older than the grace; and where the
 *   catalog refuses, what listing them throws: what cannot be seen is not taken for none
 */
export async function owedBy(
  bucket: Pick<RecordStore, "list">,
  userid: string,
  terms: BreakGlassTerms,
  clock: Clock,
): Promise<readonly Notice[]> {
  const debts = await openDebts(bucket, userid).catch((error: unknown): readonly Debt[] | Notice => {
    if (terms.unreviewed === "refuse") throw error;
    const message = `whether an emergency of yours waits for its review cannot be told (${codeOf(error) ?? "unknown"})`;
    return { code: "DEBT_UNKNOWN", message };
  });
  if ("code" in debts) return [debts];
  const [oldest] = debts;
  if (oldest === undefined) return [];
  const what = `${debts.length === 1 ? "an emergency" : `${debts.length} emergencies`} of yours ${debts.length === 1 ? "waits" : "wait"} for a review: ${debts.map(({ request }) => request).join(", ")}`;
  if (terms.unreviewed === "refuse" && idTime(oldest.request) + terms.grace * 1000 <= clock.now().getTime()) {
    throw new JitError("BREAK_GLASS_UNREVIEWED", `${what}; until then nothing more is given`, {
      hint: "have an approver settle it: jit review-debt settle REQUEST",
    });
  }
  return [{ code: "BREAK_GLASS_UNREVIEWED", message: what }];
}
