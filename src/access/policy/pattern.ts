import { coversResource as coversArn, covers as coversPattern } from "../../policy/cover.ts";

/**
 * How two patterns with `*`, `?` and `${variables}` stand to each other. `covers` may miss a cover (where
 * variables are), `mayOverlap` may see an overlap where there is none: both err on the side that keeps.
 */

/** Whether every text that `narrow` matches is matched by `wide`, whatever the variables' values. */
export function covers(wide: string, narrow: string): boolean {
  return quickly(wide, narrow) ?? coversPattern(wide, narrow);
}

/** `covers` for Resource values, whose wildcards do not reach over the colons of an ARN's first five parts. */
export function coversResource(wide: string, narrow: string): boolean {
  // A `*` at the end stands for the parts that are missing too, so a plain prefix takes in whatever begins with it.
  return quickly(wide, narrow) ?? coversArn(wide, narrow);
}

/** The common cases without laying out tokens; `undefined` where only those decide. */
function quickly(wide: string, narrow: string): boolean | undefined {
  if (wide === narrow || wide === "*") return true;
  const wild = wide.search(/[*?$]/);
  if (wild === -1) return /[*?$]/.test(narrow) ? undefined : false;
  // Up to its first special character a pattern is literal, in both; a trailing * takes whatever follows.
  if (!narrow.startsWith(wide.slice(0, wild))) return /[*?$]/.test(narrow.slice(0, wild)) ? undefined : false;
  return wild === wide.length - 1 && wide[wild] === "*" ? true : undefined;
}

/**
 * For each value those others that take it in. What a pattern with nothing special but its last `*` takes in
 * is looked up, not searched for, so that a thousand prefixes are no matter.
 *
 * @param caseCounts `false` where `takes` folds case
 */
export function coverersOf(
  values: readonly string[],
  takes: (wide: string, narrow: string) => boolean,
  caseCounts = true,
): ReadonlyMap<string, readonly string[]> {
  const byHead = new Map<string, string>();
  const searched: string[] = [];
  for (const value of values) {
    const wild = value.search(/[*?$]/);
    if (wild === -1) continue;
    const plain = caseCounts && wild === value.length - 1 && value[wild] === "*";
    if (plain) byHead.set(value.slice(0, wild), value);
    else searched.push(value);
  }
  const lengths = [...new Set([...byHead.keys()].map((head) => head.length))];
  return new Map(
    values.map((value) => {
      const shorter = lengths.filter((length) => length <= value.length);
      const found = shorter.map((length) => byHead.get(value.slice(0, length)));
      const prefixes = found.filter((wide) => wide !== undefined && wide !== value) as string[];
      return [value, [...prefixes, ...searched.filter((wide) => wide !== value && takes(wide, value))]];
    }),
  );
}

/** Drops the values that others take in; of several that take in each other, one stays. */
export function withoutCovered(
  values: readonly string[],
  takes: (wide: string, narrow: string) => boolean,
  caseCounts = true,
): readonly string[] {
  const coverers = coverersOf(values, takes, caseCounts);
  const kept = new Set(values);
  for (const value of values) {
    if (coverers.get(value)?.some((wide) => kept.has(wide))) kept.delete(value);
  }
  return [...kept];
}

/** Whether some text may match both. */
export function mayOverlap(a: string, b: string): boolean {
  const wildA = a.search(/[*?$]/);
  const wildB = b.search(/[*?$]/);
  if (wildA === -1 && wildB === -1) return a === b;
  const headA = wildA === -1 ? a : a.slice(0, wildA);
  const headB = wildB === -1 ? b : b.slice(0, wildB);
  if (wildA === -1) return a.startsWith(headB);
  if (wildB === -1) return b.startsWith(headA);
  return headA.startsWith(headB) || headB.startsWith(headA);
}
