import { ANY, type Glob, globOf, STAR } from "./match.ts";
import { tokenize } from "./variables.ts";

/** Whether some action is matched by both patterns. Exact; Action elements know wildcards, no variables, and no case. */
export function overlapActions(one: string, other: string): boolean {
  const [a, b] = [actionGlob(one), actionGlob(other)];
  /** Positions of `b` that can be reached with what of `a` was read; a star on either side may take any letter of the other. */
  let reached = settle(b, new Set([0]));
  for (const want of a) {
    const next = new Set<number>(want === STAR ? reached : []);
    for (const at of reached) {
      const have = b[at];
      if (want === STAR) for (let rest = at; rest <= b.length; rest++) next.add(rest);
      else if (have === STAR) next.add(at);
      else if (have !== undefined && (want === have || want === ANY || have === ANY)) next.add(at + 1);
    }
    reached = settle(b, next);
  }
  return reached.has(b.length);
}

/** A star may also take nothing. */
function settle(glob: Glob, reached: Set<number>): ReadonlySet<number> {
  for (const at of reached) if (glob[at] === STAR) reached.add(at + 1);
  return reached;
}

function actionGlob(pattern: string): Glob {
  return globOf(tokenize(pattern.toLowerCase(), { wildcards: true, variables: false }));
}
