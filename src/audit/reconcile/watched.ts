import { rolesOf } from "../../access/break-glass.ts";
import type { Catalog } from "../../access/types.ts";

/** What is looked at: taken from the catalog in force and from those that the records name. */
export interface Watched {
  /** ARNs of stores' roles, by `roleKey`. */
  readonly roles: ReadonlyMap<string, string>;
  /** Buckets that the log rests on: records, reasons, trail files. */
  readonly buckets: ReadonlySet<string>;
  /** Buckets of the stores themselves. */
  readonly storeBuckets: ReadonlySet<string>;
  /** ARNs of managed policies, attached to roles or their boundaries, with the role. */
  readonly ceilings: ReadonlyMap<string, string>;
  /** Accounts of whose roles all such policies are known. */
  readonly known: ReadonlySet<string>;
  /** Accounts whose trails must be read: the roles' and the audit bucket's. */
  readonly accounts: ReadonlySet<string>;
}

export function watchedOf(
  catalogs: readonly Catalog[],
  trailBuckets: readonly string[] = [],
): Omit<Watched, "ceilings" | "known"> {
  const roles = new Map<string, string>();
  const buckets = new Set(trailBuckets);
  const storeBuckets = new Set<string>();
  const accounts = new Set<string>();
  for (const { audit, stores } of catalogs) {
    buckets.add(audit.bucket);
    accounts.add(audit.account);
    const reasons = /^s3:\/\/([^/]+)/.exec(audit.reasons ?? "")?.[1];
    if (reasons !== undefined) buckets.add(reasons);
    for (const store of stores.values()) {
      for (const role of rolesOf(store)) {
        roles.set(roleKey(role), role);
        accounts.add(accountOf(role));
      }
      for (const { grants } of store.accesses.values()) {
        for (const grant of grants) if (grant.kind === "s3") storeBuckets.add(grant.bucket);
      }
    }
  }
  return { roles, buckets, storeBuckets, accounts };
}

/**
 * Account and name of a role, whatever path its ARN has, or of a session of it. IAM's names differ by more than case, so
 * another spelling means the same role.
 */
export function roleKey(arn: string): string {
  const [, account = "", name = ""] =
    /^arn:[a-z0-9-]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ??
    /^arn:[a-z0-9-]+:sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(arn) ??
    [];
  return `${account}/${name.toLowerCase()}`;
}

export function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}
