/** Milliseconds of a clock that nobody sets. `performance` has the same, and costs a millisecond of Node to begin with. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
