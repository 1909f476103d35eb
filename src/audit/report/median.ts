/** The middle of some whole numbers, of two middles the lower; `undefined` of none. */
export function median(values: readonly number[]): number | undefined {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.floor((ordered.length - 1) / 2)];
}
