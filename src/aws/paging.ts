import { JitError } from "../error.ts";

/**
 * Where the next page of a listing begins. What names the page that was just read would be asked for ever.
 * @throws JitError `AWS_ENDLESS`
 */
export function nextPage<T extends string | undefined>(next: T, before: string | undefined): T {
  if (next === undefined || next !== before) return next;
  throw new JitError("AWS_ENDLESS", "AWS's listing says that it goes on, and does not");
}
