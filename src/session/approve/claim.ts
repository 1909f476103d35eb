import { type Claim, claimBytes, claimPrefix } from "../../audit/claim.ts";
import type { RecordStore } from "../../audit/ports.ts";
import { codeOf, JitError } from "../../error.ts";

/**
 * Claims the issuing of a request. When the promise resolves, nobody else can claim it. Nobody ever gives a claim back: where
 * its holder does not issue, a new request is needed.
 * @throws JitError `CLAIM_TAKEN`, and those of the store: the claim may stand then, and claiming again finds out
 */
export async function claim(store: Pick<RecordStore, "create">, of: Claim): Promise<void> {
  try {
    await store.create(`${claimPrefix}${of.request}`, claimBytes(of));
  } catch (cause) {
    if (codeOf(cause) !== "RECORD_CONFLICT") throw cause;
    throw new JitError("CLAIM_TAKEN", "somebody else is issuing this request", {
      hint: "if no session comes of it within a minute, their jit has crashed: have the requester ask anew",
      cause,
    });
  }
}
