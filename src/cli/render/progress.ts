const cells = 20;

/**
 * How far long work is, on one line of a terminal: a bar where it is known of how many, else the count alone. Where more
 * turns up than was known, the bar is full.
 */
export function progressLine(what: string, done: number, of?: number): string {
  if (of === undefined || of <= 0) return `${what}: ${done}`;
  const share = Math.min(1, done / of);
  const full = Math.floor(share * cells);
  const bar = "━".repeat(full) + "─".repeat(cells - full);
  return `${what} ${bar} ${Math.floor(share * 100)} % (${done} of ${Math.max(of, done)})`;
}
