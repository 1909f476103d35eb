/** Three-valued truth (Kleene): what does not follow from the known facts is `unknown`. */
export type Tri = boolean | "unknown";

export function not(value: Tri): Tri {
  return value === "unknown" ? value : !value;
}

/** `false` as soon as one is false, else `unknown` where one is, else `true` (also for none). */
export function all<T>(items: Iterable<T>, test: (item: T) => Tri): Tri {
  let result: Tri = true;
  for (const item of items) {
    const value = test(item);
    if (value === false) return false;
    if (value === "unknown") result = value;
  }
  return result;
}

/** `true` as soon as one is true, else `unknown` where one is, else `false` (also for none). */
export function some<T>(items: Iterable<T>, test: (item: T) => Tri): Tri {
  let result: Tri = false;
  for (const item of items) {
    const value = test(item);
    if (value === true) return true;
    if (value === "unknown") result = value;
  }
  return result;
}

export function and(...values: readonly Tri[]): Tri {
  return all(values, (value) => value);
}

export function or(...values: readonly Tri[]): Tri {
  return some(values, (value) => value);
}
