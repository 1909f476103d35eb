/**
 * What people call a principal: the last part of its ARN, which is a user's or a role session's own name. For reading
 * alone, since a session's name is its caller's choice. Not escaped.
 */
export function shortName(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
