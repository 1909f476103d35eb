import { isTime, secondsOf } from "./time.ts";
import type { RequestBody } from "./types.ts";

/** Under this name of `claimed` a request says when its window opens; its duration says when it ends. */
export const notBeforeName = "notBefore";

/** How far ahead a window may open, seconds. */
export const furthestAhead = 30 * 86_400;
/** Seconds that the clocks of two writers may differ. */
const clockTolerance = 60;

/** When a request may be issued and used. Unix seconds. */
export interface Window {
  readonly opens: number;
  readonly ends: number;
}

/**
 * The window that a request was made for; `undefined` where it was made for now, `invalid` where it names no time, one that had
 * passed, or one too far ahead. Such a request is nothing that jit makes, and is not issued.
 * @param at when it was signed, Unix seconds
 */
export function windowOf(
  { claimed, duration }: Pick<RequestBody, "claimed" | "duration">,
  at: number,
): Window | "invalid" | undefined {
  const named = claimed[notBeforeName];
  if (named === undefined) return undefined;
  if (!isTime(named)) return "invalid";
  const opens = secondsOf(named);
  if (opens < at - clockTolerance || opens > at + furthestAhead + clockTolerance) return "invalid";
  return { opens, ends: opens + duration };
}
