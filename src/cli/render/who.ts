import { shortName } from "../../access/short-name.ts";
import type { Identity } from "../../access/types.ts";
import type { Grade } from "../../audit/statement.ts";

/**
 * Names for several callers, by userid: the user's or role session's own, or the whole ARN where that would be somebody
 * else's too. Not yet escaped.
 */
export function shortNames(identities: readonly Identity[]): ReadonlyMap<string, string> {
  const byUserid = new Map(identities.map((identity) => [identity.userid, identity.arn]));
  const all = [...byUserid.values()].map(shortName);
  return new Map(
    [...byUserid].map(([userid, arn]) => {
      const name = shortName(arn);
      return [userid, all.filter((one) => one === name).length > 1 ? arn : name];
    }),
  );
}

/** A person's name, and what it rests on where AWS did not sign whose key that is. */
export function gradedName(name: string, grade: Grade | undefined): string {
  return grade === "path only" ? `${name} (path only)` : name;
}
