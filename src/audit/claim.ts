import { canonicalJson } from "../access/canonical.ts";

/** Where claims lie; the bucket's policy lets approvers alone create there, and each name once. */
export const claimPrefix = "v1/claim/";

/** What stands in a claim: by which approval somebody issues a request. */
export interface Claim {
  readonly request: string;
  readonly requestHash: string;
  /** SHA-256 of the approval record of whoever issues. */
  readonly approval: string;
}

/** The one spelling of a claim: canonical JSON. The same approval makes the same bytes, so claiming twice is claiming once. */
export function claimBytes({ request, requestHash, approval }: Claim): Uint8Array {
  return canonicalJson({ approval, request, requestHash, v: 1 });
}
