import type { Identity } from "../../access/types.ts";

/**
 * Names for several callers, by userid: the user's or role session's own, or the whole ARN where that would be somebody
 * else's too. Not yet escaped.
 */
export function shortNames(identities: readonly Identity[]): ReadonlyMap<string, string> {
  const byUserid = new Map(identities.map((identity) => [identity.userid, identity.arn]));
  const short = (arn: string) => arn.slice(arn.lastIndexOf("/") + 1);
  const all = [...byUserid.values()].map(short);
  return new Map(
    [...byUserid].map(([userid, arn]) => {
      const name = short(arn);
      return [userid, all.filter((one) => one === name).length > 1 ? arn : name];
    }),
  );
}
