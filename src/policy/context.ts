import type { AccessRequest, ContextValue } from "./types.ts";

/** Stands for the value of a key that nobody knows here. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** The request context, prepared for one evaluation. */
export interface Context {
  /**
   * @param key in lower case
   * @returns the value; `undefined` for a key that is absent or has no values; `UNKNOWN`, which is noted
   */
  lookup(key: string): ContextValue | undefined | typeof UNKNOWN;
  /** Runs a test and returns the unknown keys that it met. */
  noted<T>(test: () => T): { readonly result: T; readonly keys: readonly string[] };
}

export function contextOf(request: AccessRequest): Context {
  const values = new Map<string, ContextValue>();
  for (const [key, value] of Object.entries(request.context)) {
    if (typeof value === "string" || value.length > 0) values.set(key.toLowerCase(), value);
  }
  const unknown = request.unknown;
  let met: Set<string> | undefined;
  return {
    lookup(key) {
      if (unknown?.has(key)) {
        met?.add(key);
        return UNKNOWN;
      }
      return values.get(key);
    },
    noted(test) {
      if (unknown === undefined || unknown.size === 0) return { result: test(), keys: [] };
      met = new Set();
      const result = test();
      return { result, keys: [...met] };
    },
  };
}
