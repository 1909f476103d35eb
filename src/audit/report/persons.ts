import { type LogEntry, nameOf } from "../log/entry.ts";

/** Who asked, as far as records tell persons apart. */
export interface Requester {
  /** A name that no other requester here has; not escaped. */
  readonly name: string;
  /** ARNs and userids that are this one's. */
  readonly known: readonly string[];
  /** Whether AWS signed whose keys they are, of every request that can be believed. */
  readonly attested: boolean;
}

/**
 * Requests by requester. Two `aws:userid` are one requester where AWS attests one person of both; else each is its own.
 * @returns for each entry, in their order, who asked
 */
export function requestersOf(entries: readonly LogEntry[]): readonly Requester[] {
  const leaders = new Map<string, string>();
  const find = (id: string): string => {
    let at = id;
    for (let next = leaders.get(at); next !== undefined && next !== at; next = leaders.get(at)) at = next;
    return at;
  };
  for (const { userid, personIds } of entries) {
    const own = find(`userid:${userid}`);
    leaders.set(own, own);
    for (const id of personIds) {
      const other = find(id);
      if (other !== own) leaders.set(other, own);
    }
  }
  const groups = new Map<string, LogEntry[]>();
  const places = entries.map(({ userid }) => find(`userid:${userid}`));
  for (const [index, entry] of entries.entries()) {
    const place = places[index] ?? "";
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [entry]);
    else group.push(entry);
  }
  const named = new Map([...groups].map(([place, own]) => [place, requesterOf(own)]));
  const counts = new Map<string, number>();
  for (const { name } of named.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const known = new Map(
    [...named].map(([place, one]) => {
      const isShared = (counts.get(one.name) ?? 0) > 1;
      return [place, isShared ? { ...one, name: one.known[0] ?? one.name } : one];
    }),
  );
  return places.map((place) => known.get(place) as Requester);
}

function requesterOf(entries: readonly LogEntry[]): Requester {
  // What cannot be believed says neither a name nor whose key it is.
  const believed = entries.filter(({ asked }) => asked !== undefined);
  const last = believed.at(-1) ?? entries.at(-1);
  const arns = entries.flatMap(({ asked }) => asked?.by.arn ?? []);
  const userids = entries.map(({ userid }) => userid);
  return {
    name: last === undefined ? "-" : nameOf(last),
    known: [...new Set(arns.length === 0 ? userids : [...arns.reverse(), ...userids])],
    attested: believed.every(({ grade }) => grade === "attested"),
  };
}
