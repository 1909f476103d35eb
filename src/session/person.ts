import type { Identity } from "../access/types.ts";
import { JitError } from "../error.ts";

/**
 * What AWS's `sts:GetCallerIdentity` tells of the caller's name. A name says who asked, for people to read; who
 * counts as one person is decided elsewhere and never from a name that the caller chose.
 */
export interface Caller {
  /** IAM user name without its path, or role session name. */
  readonly name: string;
  /** True for a role session: AssumeRole from it is role chaining, and lasts an hour at most. */
  readonly chained: boolean;
}

const userArn = /^arn:[a-z-]+:iam::\d{12}:user\/(?:.*\/)?([^/]+)$/;
const sessionArn = /^arn:[a-z-]+:sts::\d{12}:assumed-role\/[^/]+\/([^/]+)$/;

/**
 * @throws JitError `IDENTITY_UNUSABLE` for the root user and federated users, which AWS does not let assume roles,
 *   and for what is no ARN of a caller
 */
export function callerOf(identity: Identity): Caller {
  const session = sessionArn.exec(identity.arn)?.[1];
  if (session !== undefined) return { name: session, chained: true };
  const user = userArn.exec(identity.arn)?.[1];
  if (user !== undefined) return { name: user, chained: false };
  throw new JitError("IDENTITY_UNUSABLE", `${identity.arn} cannot assume a role`, {
    hint: "use the credentials of an IAM user or of a role",
  });
}

/** What RoleSessionName and SourceIdentity may hold (STS API reference). */
const stsName = /^[A-Za-z0-9_+=,.@-]{2,64}$/;

/**
 * The requester's name as a source identity. It is refused, not rewritten, where it does not fit: a changed name
 * would be another person's in the trail.
 * @throws JitError `SOURCE_IDENTITY_INVALID`
 */
export function sourceIdentityOf(identity: Identity): string {
  const { name } = callerOf(identity);
  if (stsName.test(name)) return name;
  throw new JitError("SOURCE_IDENTITY_INVALID", "the caller's name cannot be a source identity", {
    hint: "a source identity has 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -; use another user or session name",
  });
}
