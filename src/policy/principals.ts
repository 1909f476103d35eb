import type { Principal, Principals } from "./types.ts";

/**
 * How a Principal element took in the caller. In a resource policy of the caller's own account this decides
 * which limits an Allow goes around (evaluate.ts).
 *
 * - `self`: by its own ARN (user, role session, federated user), service name or provider
 * - `anyone`: by `*`
 * - `role`: by the ARN of the role whose session it is
 * - `account`: by its account, which only lets the account's own policies decide
 */
export type Named = "self" | "anyone" | "role" | "account";

const STRENGTH: readonly Named[] = ["self", "anyone", "role", "account"];

/** The strongest way in which the element names the caller. */
export function namedBy(principals: Principals, caller: Principal): Named | undefined {
  const ways = waysNamed(principals, caller);
  return STRENGTH.find((way) => ways.has(way));
}

/**
 * Whether NotPrincipal takes in the caller, that is: does not except it.
 *
 * With Deny, AWS excepts a caller only if everything that it is stands in the list: its account, its role if
 * it is a role's session, and its own ARN. With Allow, any one of them excepts it.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
export function outside(principals: Principals, caller: Principal, effect: "Allow" | "Deny"): boolean {
  const ways = waysNamed(principals, caller);
  if (effect === "Allow" || ways.has("anyone")) return ways.size === 0;
  const needed: Named[] = ["self"];
  if (caller.type === "user" || caller.type === "role") needed.push("account");
  if (caller.type === "role" && caller.roleArn !== undefined) needed.push("role");
  return !needed.every((way) => ways.has(way));
}

function waysNamed(principals: Principals, caller: Principal): Set<Named> {
  const ways = new Set<Named>();
  if (principals.any) return ways.add("anyone");
  const { AWS: aws = [], Service: services = [], Federated: providers = [] } = principals.byType;
  if (aws.includes("*")) ways.add("anyone");
  if (caller.type === "anonymous") return ways;
  if (caller.type === "service") return services.includes(caller.arn) ? ways.add("self") : ways;
  if (caller.type === "federated" && providers.includes(caller.arn)) ways.add("self");
  for (const name of aws) {
    if (name === caller.arn) ways.add("self");
    if (name === caller.roleArn) ways.add("role");
    if (accountNamed(name) === caller.account) ways.add("account");
  }
  // The root user is the account: to name one is to name the other.
  if (caller.type === "root" && ways.has("account")) ways.add("self");
  return ways;
}

/** The account that an AWS principal names as a whole: `111122223333` or `arn:aws:iam::111122223333:root`. */
export function accountNamed(name: string): string | undefined {
  return /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1];
}
