import { coversAction } from "../../policy/cover.ts";
import { byText, type Clause, conditionsKey, implies } from "./clause.ts";
import { joinConditions } from "./join.ts";
import { coverersOf, coversResource } from "./pattern.ts";
import { nameOf, type Pair, tile } from "./tile.ts";

/**
 * The same permissions in fewer characters: for every request the merged clauses give the verdict that the
 * given ones give. Nothing is ever replaced by a wildcard that was not there.
 *
 * Clauses that differ in one list of alternatives of a condition are joined; then all (action, resource)
 * pairs under the same conditions are laid out anew in as few characters as found. A pair that a wider one
 * under the same or weaker conditions takes in need not appear, and may where that makes the text shorter.
 */
export function mergeClauses(clauses: readonly Clause[]): readonly Clause[] {
  // Laying out can make more clauses alike, so join once more.
  const once = layOut(joinConditions(clauses));
  const again = joinConditions(once);
  return again.length < once.length ? layOut(again) : once;
}

/** Clauses of one effect under the same conditions. */
interface Group {
  readonly clauses: Clause[];
  readonly pairs: ReadonlyMap<string, Pair>;
}

function layOut(clauses: readonly Clause[]): readonly Clause[] {
  const grouped = new Map<string, Clause[]>();
  const opaque = new Map<string, Clause>();
  for (const one of clauses) {
    const conditions = conditionsKey(one.conditions);
    if (one.action.not || one.resource.not) {
      opaque.set(JSON.stringify([one.effect, one.action, one.resource, conditions]), one);
      continue;
    }
    const key = `${one.effect}\n${conditions}`;
    const group = grouped.get(key);
    if (group === undefined) grouped.set(key, [one]);
    else group.push(one);
  }
  const groups = [...grouped.values()].map((its): Group => ({ clauses: its, pairs: pairsOf(its) }));
  const laid = groups.flatMap((group) => {
    const weaker = groups
      .filter((other) => isWeaker(other, group))
      .flatMap((other) => [...other.pairs.values()]);
    return tile(group.clauses, group.pairs, needed(group.pairs, weaker));
  });
  return [...laid, ...opaque.values()];
}

function pairsOf(clauses: readonly Clause[]): ReadonlyMap<string, Pair> {
  const pairs = clauses.flatMap((one) =>
    one.action.values.flatMap((action) => one.resource.values.map((resource) => ({ action, resource }))),
  );
  const named = pairs.map((pair) => [nameOf(pair.action, pair.resource), pair] as const);
  return new Map(named.sort(([a], [b]) => byText(a, b)));
}

/** Whether whatever meets the conditions of `group` meets the fewer ones of `other`. */
function isWeaker(other: Group, group: Group): boolean {
  const [wide] = other.clauses;
  const [narrow] = group.clauses;
  return (
    wide !== undefined &&
    narrow !== undefined &&
    wide.effect === narrow.effect &&
    wide.conditions.size < narrow.conditions.size &&
    implies(narrow.conditions, wide.conditions)
  );
}

/** The names of the pairs that neither another one that is needed nor one of a weaker group takes in. */
function needed(pairs: ReadonlyMap<string, Pair>, weaker: readonly Pair[]): ReadonlySet<string> {
  const outside = new Set(weaker.map((pair) => nameOf(pair.action, pair.resource)));
  const all = [...pairs.values(), ...weaker];
  const actions = coverersOf([...new Set(all.map((pair) => pair.action))], coversAction, false);
  const resources = coverersOf([...new Set(all.map((pair) => pair.resource))], coversResource);
  const kept = new Set(pairs.keys());
  for (const [name, { action, resource }] of pairs) {
    const covered = [action, ...(actions.get(action) ?? [])].some((wideAction) =>
      [resource, ...(resources.get(resource) ?? [])].some((wideResource) => {
        const wide = nameOf(wideAction, wideResource);
        return outside.has(wide) || (wide !== name && kept.has(wide));
      }),
    );
    if (covered) kept.delete(name);
  }
  return kept;
}
