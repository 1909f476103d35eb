/**
 * Inline policies of roles in the caller's own account. A role is named by its ARN. IAM has no compare-and-swap, and what
 * is read may be some seconds old. Failures are JitError: `IAM_DENIED`, `IAM_UNREACHABLE`, `IAM_LIMIT` (all inline
 * policies of the role together would be too long), `IAM_ROLE_MISSING`, `IAM_REFUSED`, `IAM_OTHER_ACCOUNT`, and the `AWS_…`
 * of every service.
 */
export interface RolePolicies {
  /** Names of all inline policies of the role. */
  list(role: string): Promise<readonly string[]>;
  /** The policy's text, or `undefined` where there is none of that name. */
  get(role: string, name: string): Promise<string | undefined>;
  /** Makes or replaces one. */
  put(role: string, name: string, document: string): Promise<void>;
  /** Removing what is not there is no error. */
  remove(role: string, name: string): Promise<void>;
}
