import type { AuditRecord } from "../../audit/types.ts";
import { JitError } from "../../error.ts";
import type { Credentials } from "../types.ts";

/** Sealing to the one-time key of a request; the cryptography is loaded when it is needed. */
export function sealedTo(
  { sealTo }: AuditRecord<"request">,
  requestHash: string,
): { check(): Promise<void>; seal(credentials: Credentials): Promise<string> } {
  if (sealTo === "-") {
    throw new JitError("ISSUE_REFUSED", "the requester issues this request alone", {
      hint: "an approval is all that it takes",
    });
  }
  return {
    async check() {
      const { checkSealTo } = await import("./seal.ts");
      await checkSealTo(sealTo);
    },
    async seal(credentials) {
      const { sealCredentials } = await import("./seal.ts");
      return await sealCredentials(credentials, sealTo, requestHash);
    },
  };
}
