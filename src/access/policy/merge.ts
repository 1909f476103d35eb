import { coversAction } from "../../policy/cover.ts";
import { type Clause, conditionsKey, implies } from "./clause.ts";
import { joinConditions } from "./join.ts";
import { coversResource } from "./pattern.ts";
import { type Pair, tile } from "./tile.ts";

/**
 * The same permissions in fewer characters: for every request the merged clauses give the verdict that the
 * given ones give. Nothing is ever replaced by a wildcard that was not there.
 *
 * Clauses that differ in one list of alternatives of a condition are joined; then all (action, resource)
 * pairs under the same conditions are laid out anew in as few characters as found, without those that a
 * wider pair under the same or weaker conditions takes in.
 */
export function mergeClauses(clauses: readonly Clause[]): readonly Clause[] {
  // Laying out can make more clauses alike, so join once more, and keep what is not worse.
  const once = layOut(joinConditions(clauses));
  const again = joinConditions(once);
  return again.length < once.length ? layOut(again) : once;
}

interface Group {
  readonly like: Clause;
  readonly pairs: Pair[];
}

function layOut(clauses: readonly Clause[]): readonly Clause[] {
  const groups = new Map<string, Group>();
  const opaque = new Map<string, Clause>();
  for (const one of clauses) {
    const conditions = conditionsKey(one.conditions);
    if (one.action.not || one.resource.not) {
      opaque.set(JSON.stringify([one.effect, one.action, one.resource, conditions]), one);
      continue;
    }
    const key = `${one.effect}\n${conditions}`;
    const group = groups.get(key) ?? { like: one, pairs: [] };
    groups.set(key, group);
    for (const action of one.action.values) {
      for (const resource of one.resource.values) group.pairs.push({ action, resource });
    }
  }
  const all = [...groups.values()].map((group) => ({ ...group, pairs: unique(group.pairs) }));
  const kept = all.map((group, at) => {
    const weaker = all.filter(
      (other, index) =>
        index !== at &&
        other.like.effect === group.like.effect &&
        other.like.conditions.size < group.like.conditions.size &&
        implies(group.like.conditions, other.like.conditions),
    );
    return { like: group.like, pairs: uncovered(group.pairs, weaker) };
  });
  return [...kept.flatMap((group) => tile(group.like, group.pairs)), ...opaque.values()];
}

function unique(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [`${pair.action}\n${pair.resource}`, pair])).values()];
}

/** Drops the pairs that another one that is kept, or one of a weaker group, takes in. */
function uncovered(pairs: readonly Pair[], weaker: readonly Group[]): readonly Pair[] {
  const outside = weaker.flatMap((group) => group.pairs);
  const dropped = new Set<Pair>();
  const resources = memoized(coversResource);
  const actions = memoized(coversAction);
  const takes = (wide: Pair, narrow: Pair) =>
    actions(wide.action, narrow.action) && resources(wide.resource, narrow.resource);
  for (const pair of pairs) {
    const covered =
      outside.some((other) => takes(other, pair)) ||
      pairs.some((other) => other !== pair && !dropped.has(other) && takes(other, pair));
    if (covered) dropped.add(pair);
  }
  return pairs.filter((pair) => !dropped.has(pair));
}

function memoized(test: (wide: string, narrow: string) => boolean) {
  const known = new Map<string, Map<string, boolean>>();
  return (wide: string, narrow: string): boolean => {
    if (wide === narrow) return true;
    let row = known.get(wide);
    if (row === undefined) {
      row = new Map();
      known.set(wide, row);
    }
    let answer = row.get(narrow);
    if (answer === undefined) {
      answer = test(wide, narrow);
      row.set(narrow, answer);
    }
    return answer;
  };
}
