import { TRUST_POLICY_LIMIT } from "../../policy/measure.ts";
import type { PolicyKind } from "../../policy/types.ts";
import { cachedParser } from "../authorize.ts";
import { AwsError } from "../service.ts";
import { malformedPolicy } from "../sts/policies.ts";
import { roleByArn, type World } from "../world.ts";

const parse = cachedParser();

/** White space does not count towards IAM's limits. */
function sizeOf(document: string): number {
  return document.replace(/\s/g, "").length;
}

/** @throws AwsError `MalformedPolicyDocument` (400) */
export function checkDocument(document: string, kind: PolicyKind): string {
  try {
    parse(document, kind);
  } catch (error) {
    throw malformedPolicy(error);
  }
  return document;
}

/**
 * A trust policy: at most 2,048 characters, and the users and roles that it names exist.
 * @throws AwsError `LimitExceeded` (409), `MalformedPolicyDocument` (400)
 */
export function checkTrust(world: World, document: string): string {
  if (sizeOf(document) > TRUST_POLICY_LIMIT) {
    throw new AwsError("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048");
  }
  checkDocument(document, "trust");
  for (const statement of parse(document, "trust").statements) {
    const principals = statement.principal ?? statement.notPrincipal;
    if (principals === undefined || principals.any) continue;
    for (const name of principals.byType["AWS"] ?? []) {
      if (!principalExists(world, name)) {
        throw new AwsError("MalformedPolicyDocument", 400, `Invalid principal in policy: "AWS":"${name}"`);
      }
    }
  }
  return document;
}

/** Accounts that the sandbox does not have are taken on trust. */
function principalExists(world: World, name: string): boolean {
  const match = /^arn:[^:]+:iam::(\d{12}):(user|role)\/(?:.*\/)?([^/]+)$/.exec(name);
  const account = world.accounts.get(match?.[1] ?? "");
  if (match === null || account === undefined) return true;
  return match[2] === "role"
    ? roleByArn(world, name) !== undefined
    : account.users.get(match[3] ?? "")?.arn === name;
}

/**
 * An inline policy beside those that the entity has.
 * @param limit characters that all inline policies may have together: 10,240 for a role, 2,048 for a user
 * @throws AwsError `LimitExceeded` (409), `MalformedPolicyDocument` (400)
 */
export function checkInline(
  inline: ReadonlyMap<string, string>,
  name: string,
  document: string,
  limit: number,
  owner: string,
): string {
  checkDocument(document, "identity");
  let total = sizeOf(document);
  for (const [other, text] of inline) if (other !== name) total += sizeOf(text);
  if (total > limit) {
    throw new AwsError("LimitExceeded", 409, `Maximum policy size of ${limit} bytes exceeded for ${owner}`);
  }
  return document;
}

/** @throws AwsError `LimitExceeded` (409), `MalformedPolicyDocument` (400) */
export function checkManaged(document: string): string {
  if (sizeOf(document) > 6_144) {
    throw new AwsError("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144");
  }
  return checkDocument(document, "identity");
}
