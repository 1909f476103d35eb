import { JitError } from "../../error.ts";
import type { DatabaseGrant, Grant, KmsGrant, S3Grant, S3Use, SecretGrant } from "../types.ts";
import { type Clause, clause } from "./clause.ts";
import { dynamoClauses } from "./dynamodb.ts";
import { literal } from "./literal.ts";
import { rawClause } from "./raw.ts";

/**
 * The statements of one grant: the fewest actions that do what its words say, on exactly its resources.
 *
 * @param partition `aws`, `aws-cn`, `aws-us-gov`: that of the store's role
 * @throws JitError `GRANT_IMPOSSIBLE` for a grant that opens nothing, or that IAM cannot hold to its limits
 */
export function grantClauses(grant: Grant, partition: string): readonly Clause[] {
  if (grant.kind === "statement") return [rawClause(grant)];
  const clauses = plainClauses(grant, partition);
  if (clauses.length === 0) {
    throw new JitError("GRANT_IMPOSSIBLE", `a ${grant.kind} grant opens nothing`, {
      hint: "name what it allows, and on what",
    });
  }
  return clauses;
}

function plainClauses(grant: Exclude<Grant, { kind: "statement" }>, partition: string): readonly Clause[] {
  switch (grant.kind) {
    case "s3":
      return s3Clauses(grant, partition);
    case "dynamodb":
      return dynamoClauses(grant, partition);
    case "secret":
      return secretClauses(grant);
    case "kms":
      return kmsClauses(grant);
    case "database":
      return databaseClauses(grant, partition);
  }
}

/**
 * Downloads and HEAD need GetObject alone. Older versions (GetObjectVersion, DeleteObjectVersion), ACLs and
 * tags are left out: a store's old versions hold what was erased, and an ACL could publish. A broken upload
 * is aborted by every client, and would else leave invisible parts behind.
 */
const OBJECT_ACTIONS: Readonly<Record<Exclude<S3Use, "list">, readonly string[]>> = {
  read: ["s3:GetObject"],
  write: ["s3:PutObject", "s3:AbortMultipartUpload"],
  delete: ["s3:DeleteObject"],
};

function s3Clauses(grant: S3Grant, partition: string): readonly Clause[] {
  if (grant.prefixes.length === 0) return [];
  const bucket = literal(`arn:${partition}:s3:::${grant.bucket}`);
  const patterns = grant.prefixes.map((prefix) => `${literal(prefix)}*`);
  const actions = grant.allow.flatMap((use) => (use === "list" ? [] : OBJECT_ACTIONS[use]));
  const clauses: Clause[] = [];
  if (actions.length > 0) {
    clauses.push(
      clause(
        "Allow",
        actions,
        patterns.map((pattern) => `${bucket}/${pattern}`),
      ),
    );
  }
  if (grant.allow.includes("list")) {
    // A listing that names no prefix has no s3:prefix, and StringLike then fails: that is wanted.
    const whole = grant.prefixes.includes("");
    clauses.push(
      clause("Allow", ["s3:ListBucket"], [bucket], whole ? [] : [["StringLike s3:prefix", patterns]]),
    );
  }
  return clauses;
}

/** DescribeSecret is what caching clients ask to learn of a rotation; it returns no secret. */
function secretClauses(grant: SecretGrant): readonly Clause[] {
  const unknownSuffix = "-??????";
  const resource = grant.arn.endsWith(unknownSuffix)
    ? literal(grant.arn.slice(0, -unknownSuffix.length)) + unknownSuffix
    : literal(grant.arn);
  return [clause("Allow", ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], [resource])];
}

function kmsClauses(grant: KmsGrant): readonly Clause[] {
  const actions = grant.allow.flatMap((use) =>
    use === "decrypt" ? ["kms:Decrypt"] : ["kms:Encrypt", "kms:GenerateDataKey"],
  );
  if (actions.length === 0) return [];
  const via: readonly (readonly [string, readonly string[]])[] =
    grant.viaServices.length === 0 ? [] : [["StringEquals kms:ViaService", grant.viaServices]];
  return [clause("Allow", actions, [literal(grant.key)], via)];
}

function databaseClauses(grant: DatabaseGrant, partition: string): readonly Clause[] {
  const arn = `arn:${partition}:rds-db:${grant.region}:${grant.account}:dbuser:${grant.resourceId}/${grant.user}`;
  return [clause("Allow", ["rds-db:connect"], [literal(arn)])];
}
