import type { CatalogRules, Group, Identity } from "../types.ts";

/** Where a statement that AWS signed names the IAM Identity Center user. */
export const identityCenterUser = "identityCenter.userId";

/**
 * The groups that a caller belongs to, in the catalog's order. A pattern is compared with the ARN that AWS gives for
 * the caller; Identity Center users and tags only count where they are attested.
 */
export function groupsOf(
  rules: Pick<CatalogRules, "groups">,
  identity: Identity,
  attested: Readonly<Record<string, string>>,
): readonly string[] {
  const user = attested[identityCenterUser];
  return [...rules.groups.values()]
    .filter(
      ({ principals, users, tags }) =>
        principals.some((pattern) => matches(pattern, identity.arn)) ||
        (user !== undefined && users.includes(user)) ||
        hasTags(tags, attested),
    )
    .map(({ name }) => name);
}

/** A group of no tags has nobody by them. */
function hasTags(tags: Group["tags"], attested: Readonly<Record<string, string>>): boolean {
  if (tags === undefined || tags.size === 0) return false;
  return [...tags].every(([key, values]) => values.includes(attested[`tag.${key}`] ?? ""));
}

/** Whether an ARN fits a pattern; `*` stands for any characters but `/` and `:`, so never for more than one part. */
export function matches(pattern: string, arn: string): boolean {
  const parts = pattern.split(/([/:])/);
  const own = arn.split(/([/:])/);
  return parts.length === own.length && parts.every((part, index) => fits(part, own[index] ?? ""));
}

/** One part of a pattern. Each piece is looked for once, left to right, so that no pattern takes long. */
function fits(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
