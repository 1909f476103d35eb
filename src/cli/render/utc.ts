/** Times in UTC, for tables that many read. */

/** `2026-11-24` */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** `2026-11-24 08:16` */
export function minute(at: Date): string {
  return at.toISOString().slice(0, 16).replace("T", " ");
}
