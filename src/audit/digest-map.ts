import { hash } from "node:crypto";

/** Words of a name's digest that are kept: 128 bits. */
const words = 4;

/**
 * Numbers by names, for millions of them: of a name 128 bits of its SHA-256 are kept, in arrays outside the heap, some 30
 * bytes for each. Open addressing; nothing is ever taken out.
 */
export class DigestMap {
  #capacity = 1024;
  #keys = new Uint32Array(this.#capacity * words);
  /** One more than the number; 0 where nothing is. */
  #values = new Uint32Array(this.#capacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(name: string): number | undefined {
    const value = this.#values[this.#slotOf(digestOf(name))] ?? 0;
    return value === 0 ? undefined : value - 1;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** @param number less than 2^32 − 1 @returns `false`, and changes nothing, where the name has a number already */
  add(name: string, number = 0): boolean {
    const digest = digestOf(name);
    let slot = this.#slotOf(digest);
    if (this.#values[slot] !== 0) return false;
    if ((this.#size + 1) * 3 > this.#capacity * 2) {
      this.#grow();
      slot = this.#slotOf(digest);
    }
    this.#put(slot, digest, number + 1);
    this.#size++;
    return true;
  }

  #put(slot: number, digest: Uint32Array, value: number): void {
    this.#keys.set(digest, slot * words);
    this.#values[slot] = value;
  }

  /** Where a digest is, or would be put. */
  #slotOf(digest: Uint32Array): number {
    const [keys, mask] = [this.#keys, this.#capacity - 1];
    for (let slot = (digest[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * words;
      if (this.#values[slot] === 0) return slot;
      const isSame =
        keys[at] === digest[0] &&
        keys[at + 1] === digest[1] &&
        keys[at + 2] === digest[2] &&
        keys[at + 3] === digest[3];
      if (isSame) return slot;
    }
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#capacity *= 2;
    this.#keys = new Uint32Array(this.#capacity * words);
    this.#values = new Uint32Array(this.#capacity);
    // Not the one that names come in: that of the name which is added is still needed.
    const digest = new Uint32Array(words);
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot] ?? 0;
      if (value === 0) continue;
      for (let word = 0; word < words; word++) digest[word] = keys[slot * words + word] ?? 0;
      this.#put(this.#slotOf(digest), digest, value);
    }
  }
}

/** @returns the same array each time: a buffer for each name would cost more than its digest */
function digestOf(name: string): Uint32Array {
  const digest = hash("sha256", name, "binary");
  for (let word = 0; word < words; word++) {
    const at = word * 4;
    scratch[word] =
      digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24);
  }
  return scratch;
}

const scratch = new Uint32Array(words);
