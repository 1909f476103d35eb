import { printPolicy } from "./print.ts";
import type { Policy } from "./types.ts";

/**
 * How long policies may be, and how AWS counts.
 * Sources: PolicyDocument and Policy parameters in the STS API reference; reference_iam-quotas.html.
 */

/** Inline session policy of AssumeRole, and each one of GetScopedCredentials: characters, as sent. */
export const SESSION_POLICY_LIMIT = 2048;
/** Trust policy of a role, by default: characters without white space. */
export const TRUST_POLICY_LIMIT = 2048;
/** All inline policies of one role together: characters without white space. */
export const ROLE_INLINE_LIMIT = 10_240;
/** All inline policies of one user together: characters without white space. */
export const USER_INLINE_LIMIT = 2048;
/** One managed policy: characters without white space. */
export const MANAGED_POLICY_LIMIT = 6144;

/** The length of a session policy as STS counts it: every character of the text counts, white space too. */
export function sessionPolicyLength(policy: Policy | string): number {
  return (typeof policy === "string" ? policy : printPolicy(policy)).length;
}

/** The length as IAM counts stored policies: white space outside and between the values does not count. */
export function storedPolicyLength(policy: Policy | string): number {
  return (typeof policy === "string" ? policy : printPolicy(policy)).replace(/\s/g, "").length;
}

/**
 * The first character that STS refuses in a session policy; it takes U+0009, U+000A, U+000D and U+0020 to U+00FF.
 *
 * @returns the character and its index in UTF-16 code units, `undefined` where all are fine
 */
export function refusedCharacter(
  text: string,
): { readonly character: string; readonly index: number } | undefined {
  const found = /[^\t\n\r\u0020-\u00ff]/u.exec(text);
  return found === null ? undefined : { character: found[0], index: found.index };
}
