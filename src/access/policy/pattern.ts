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
  const quick = quickly(wide, narrow);
  if (quick === false || wide === narrow || wide === "*") return quick === true;
  return quick === true && wide.split(":").length >= 6 ? true : coversArn(wide, narrow);
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

/** Drops the values that others take in; of several that take in each other, one stays. */
export function withoutCovered(
  values: readonly string[],
  takes: (wide: string, narrow: string) => boolean,
): readonly string[] {
  const dropped = new Set<string>();
  for (const value of values) {
    if (values.some((other) => other !== value && !dropped.has(other) && takes(other, value)))
      dropped.add(value);
  }
  return values.filter((value) => !dropped.has(value));
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
