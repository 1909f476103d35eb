import { mapAtMost } from "../scan.ts";
import type { RolePolicyLookup } from "./ports.ts";
import { accountOf, type Watched } from "./watched.ts";

const parallel = 4;

/** Adds the managed policies that the watched roles of one account rest on, where all of them can be told. */
export async function withCeilings(
  watched: Omit<Watched, "ceilings" | "known">,
  lookup: RolePolicyLookup,
): Promise<Watched> {
  const roles = [...watched.roles.values()].filter((role) => accountOf(role) === lookup.account);
  const policies = await mapAtMost(parallel, roles, (role) => lookup.managedPolicies(role));
  const ceilings = new Map<string, string>();
  for (const [index, role] of roles.entries()) {
    for (const policy of policies[index] ?? []) ceilings.set(policy, role);
  }
  const isWhole = policies.every((found) => found !== undefined);
  return { ...watched, ceilings, known: new Set(isWhole ? [lookup.account] : []) };
}
