import type { Target } from "../types.ts";
import { compileSessionPolicy, endOf } from "./compile.ts";

/**
 * The session policies of the same targets, of which nothing but the end differs: compiled once, and each end put into its place.
 * @returns the text that `compileSessionPolicy` gives for a `notAfter`, and no other
 * @throws JitError as `compileSessionPolicy`
 */
export function sessionPolicies(targets: readonly Target[]): (notAfter: Date) => string {
  const compile = (notAfter: Date) => compileSessionPolicy({ targets, notAfter }).text;
  const [before, after, ...more] = compile(sample).split(sampleEnd);
  if (before === undefined || after === undefined || more.length > 0 || mayMeetEnd(targets)) return compile;
  return (notAfter) => {
    const end = endOf(notAfter);
    // How statements are laid out hangs on how long they are.
    return end.length === sampleEnd.length ? before + end + after : compile(notAfter);
  };
}

const sample = new Date(0);
const sampleEnd = endOf(sample);

/** Whether the catalog's own words can be taken for the end's, or be merged with them: only then does it matter which end it is. */
function mayMeetEnd(targets: readonly Target[]): boolean {
  const words = JSON.stringify(targets.map(({ store, access }) => [store.networks, access.grants]));
  return words.includes(sampleEnd) || /currenttime/i.test(words);
}
