import { type Clause, clause, toJson } from "./clause.ts";

/** What is allowed or denied: one action on one resource pattern. */
export interface Pair {
  readonly action: string;
  readonly resource: string;
}

export function nameOf(action: string, resource: string): string {
  return `${action}\n${resource}`;
}

/**
 * Lays pairs out as clauses, each the product of its actions and resources: all that are needed, none that
 * is not among `pairs`. Tries grouping the actions that share resources, and the resources that share
 * actions, beside what is there, and takes the shortest.
 *
 * @param clauses all of one effect and the same conditions, whose pairs `pairs` are
 * @param needed names of the pairs that must appear
 */
export function tile(
  clauses: readonly Clause[],
  pairs: ReadonlyMap<string, Pair>,
  needed: ReadonlySet<string>,
): readonly Clause[] {
  const [like] = clauses;
  if (like === undefined || needed.size === 0) return [];
  const named = [...pairs];
  const byAction = grouped(named.map(([name, pair]) => [pair.action, pair.resource, needed.has(name)]));
  const byResource = grouped(named.map(([name, pair]) => [pair.resource, pair.action, needed.has(name)]));
  const ways = [
    byAction.map(({ members, partners }) => ({ ...like, ...elements(members, partners) })),
    byResource.map(({ members, partners }) => ({ ...like, ...elements(partners, members) })),
    unlike(clauses.filter((one) => isNeeded(one, needed))),
  ];
  return ways.reduce((best, way) => (lengthOf(way) < lengthOf(best) ? way : best));
}

function elements(
  actions: Iterable<string>,
  resources: Iterable<string>,
): Pick<Clause, "action" | "resource"> {
  const { action, resource } = clause("Allow", actions, resources);
  return { action, resource };
}

interface Row {
  readonly members: string[];
  /** What the group must be combined with. */
  partners: ReadonlySet<string>;
  /** What it may be combined with. */
  possible: ReadonlySet<string>;
}

/** Puts those together whose needed partners are possible for all of them. */
function grouped(
  links: readonly (readonly [member: string, partner: string, needed: boolean])[],
): readonly Row[] {
  const rows = [...Map.groupBy(links, ([member]) => member)].map(
    ([member, its]): Row => ({
      members: [member],
      partners: new Set(its.filter(([, , isNeeded]) => isNeeded).map(([, partner]) => partner)),
      possible: new Set(its.map(([, partner]) => partner)),
    }),
  );
  const groups: Row[] = [];
  for (const row of rows.sort((a, b) => b.partners.size - a.partners.size)) {
    if (row.partners.size === 0) continue;
    const group = groups.find(
      (one) => one.partners.isSubsetOf(row.possible) && row.partners.isSubsetOf(one.possible),
    );
    if (group === undefined) groups.push(row);
    else {
      group.members.push(...row.members);
      group.partners = group.partners.union(row.partners);
      group.possible = group.possible.intersection(row.possible);
    }
  }
  return groups;
}

function isNeeded(one: Clause, needed: ReadonlySet<string>): boolean {
  return one.action.values.some((action) =>
    one.resource.values.some((resource) => needed.has(nameOf(action, resource))),
  );
}

function unlike(clauses: readonly Clause[]): readonly Clause[] {
  const named = clauses.map((one) => [JSON.stringify([one.action, one.resource]), one] as const);
  return [...new Map(named).values()];
}

function lengthOf(clauses: readonly Clause[]): number {
  return clauses.reduce((sum, one) => sum + JSON.stringify(toJson(one)).length + 1, 0);
}
