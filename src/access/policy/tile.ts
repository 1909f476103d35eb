import { type Clause, clause, conditionsOf, sorted, toJson } from "./clause.ts";

/** What one action on one resource pattern is allowed or denied. */
export interface Pair {
  readonly action: string;
  readonly resource: string;
}

interface Tile {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/**
 * Lays pairs out as clauses with the effect and conditions of `like`, each clause exactly the product of
 * its actions and resources. Tries two ways, by the resources that actions share and by the actions that
 * resources share, and takes the shorter.
 */
export function tile(like: Clause, pairs: readonly Pair[]): readonly Clause[] {
  const byActions = alike(pairs.map((pair) => [pair.action, pair.resource]));
  const byResources = alike(pairs.map((pair) => [pair.resource, pair.action]));
  const first = clausesOf(
    like,
    byActions.map(({ members, partners }) => ({ actions: members, resources: partners })),
  );
  const second = clausesOf(
    like,
    byResources.map(({ members, partners }) => ({ actions: partners, resources: members })),
  );
  return lengthOf(second) < lengthOf(first) ? second : first;
}

/** Puts those together that have the same partners. */
function alike(
  links: readonly (readonly [string, string])[],
): { members: string[]; partners: readonly string[] }[] {
  const partnersOf = Map.groupBy(links, ([one]) => one);
  const groups = new Map<string, { members: string[]; partners: readonly string[] }>();
  for (const [member, its] of partnersOf) {
    const partners = sorted(its.map(([, partner]) => partner));
    const key = partners.join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { members: [member], partners });
    else group.members.push(member);
  }
  return [...groups.values()];
}

function clausesOf(like: Clause, tiles: readonly Tile[]): readonly Clause[] {
  return tiles.map(({ actions, resources }) => ({
    ...clause(like.effect, actions, resources),
    conditions: conditionsOf(like.conditions),
  }));
}

function lengthOf(clauses: readonly Clause[]): number {
  return clauses.reduce((sum, one) => sum + JSON.stringify(toJson(one)).length + 1, 0);
}
