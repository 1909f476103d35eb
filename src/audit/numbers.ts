/** A set of integers as ranges: places of a chain are dense, so a few ranges hold any number of them. */
export class Numbers {
  /** Disjoint, in order, none touching the next; both ends included. */
  readonly #ranges: { from: number; to: number }[] = [];

  has(number: number): boolean {
    const range = this.#ranges[this.#at(number)];
    return range !== undefined && range.from <= number;
  }

  add(number: number): void {
    const at = this.#at(number - 1);
    const range = this.#ranges[at];
    if (range === undefined || range.from > number + 1) {
      this.#ranges.splice(at, 0, { from: number, to: number });
      return;
    }
    range.from = Math.min(range.from, number);
    range.to = Math.max(range.to, number);
    const next = this.#ranges[at + 1];
    if (next !== undefined && next.from <= range.to + 1) {
      range.to = next.to;
      this.#ranges.splice(at + 1, 1);
    }
  }

  /** How many there are from `from` to before `end`. */
  count(from: number, end: number): number {
    let count = 0;
    for (let at = this.#at(from); ; at++) {
      const range = this.#ranges[at];
      if (range === undefined || range.from >= end) return count;
      count += Math.min(range.to, end - 1) - Math.max(range.from, from) + 1;
    }
  }

  /** Index of the first range that does not end before a number. */
  #at(number: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.to ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
