/** Values that repeat, each once; they are told by their place. */
export class Table<T extends object> {
  readonly #values: T[];
  #places: Map<string, number> | undefined;

  constructor(values: readonly T[] = []) {
    this.#values = [...values];
  }

  get values(): readonly T[] {
    return this.#values;
  }

  /** @throws Error where no value has that place */
  at(place: number): T {
    const value = this.#values[place];
    if (value === undefined) throw new Error(`the table has no value ${place}`);
    return value;
  }

  place(value: T): number {
    this.#places ??= new Map(this.#values.map((known, place) => [JSON.stringify(known), place]));
    const text = JSON.stringify(value);
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.#values.length);
    return this.#values.push(value) - 1;
  }
}
