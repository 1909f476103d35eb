/**
 * The name of a session's cache file. It covers everything that a warm call knows without asking AWS. There is no
 * `node:crypto` here, which alone costs a warm call 5 ms: the name ends in a 64-bit FNV-1a of the inputs, and since
 * the file holds the inputs themselves, which readers compare, a collision is a miss and nothing worse.
 */
export interface CacheInputs {
  /** The organization's fingerprint, `unsigned` on loopback without one. */
  readonly fingerprint: string;
  readonly location: string;
  /** Digest of the catalog believed now. */
  readonly catalog: string;
  /** Whose AWS credentials ask (`caller-fingerprint.ts`). */
  readonly caller: string;
  /** Endpoint overrides of the environment; a session of one endpoint is nothing at another. */
  readonly endpoints: readonly string[];
  /** `store:access`, in any order. */
  readonly targets: readonly string[];
  /** Actions that the session is narrowed to; empty: not narrowed. */
  readonly only: readonly string[];
}

export interface CacheName {
  /** At most 200 bytes of `a-z 0-9 . _ + -`, safe where file names ignore case; ends in `.json`. */
  readonly name: string;
  /** All inputs in one string: equal if and only if every input is. */
  readonly inputs: string;
}

/** Targets as names of the cache know them: a session of an emergency is never answered for one of every day, nor the reverse. */
export function cachedAs(targets: readonly string[], isBreakGlass: boolean): readonly string[] {
  return isBreakGlass ? targets.map((target) => `${target}!`) : targets;
}

const longestReadable = 120;

export function cacheName(of: CacheInputs): CacheName {
  const targets = distinct(of.targets);
  const inputs = JSON.stringify([
    1,
    of.fingerprint,
    of.location,
    of.catalog,
    of.caller,
    of.endpoints,
    targets,
    distinct(of.only),
  ]);
  const readable = targets
    .join("+")
    .toLowerCase()
    .replaceAll(":", ".")
    .replace(/[^a-z0-9.+-]/g, "_")
    .slice(0, longestReadable);
  return { name: `s-${readable}-${fnv1a64(inputs)}.json`, inputs };
}

/** Whether a file of the cache folder is a session's. */
export function isCacheName(file: string): boolean {
  return /^s-[a-z0-9._+-]{0,120}-[0-9a-f]{16}\.json$/.test(file);
}

function distinct(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}

/**
 * 64-bit FNV-1a over UTF-16 code units, low byte first, in 16 hexadecimal digits. The state is kept in four limbs of
 * 16 bits; the prime is 2^40 + 0x1b3. http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function fnv1a64(text: string): string {
  let [a, b, c, d] = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (let index = 0; index < text.length * 2; index += 1) {
    const unit = text.charCodeAt(index >> 1);
    a ^= index % 2 === 0 ? unit & 0xff : unit >> 8;
    const low = a * 0x1b3;
    const second = b * 0x1b3 + (low >>> 16);
    const third = c * 0x1b3 + (a << 8) + (second >>> 16);
    const fourth = d * 0x1b3 + (b << 8) + (third >>> 16);
    a = low & 0xffff;
    b = second & 0xffff;
    c = third & 0xffff;
    d = fourth & 0xffff;
  }
  return [d, c, b, a].map((limb) => limb.toString(16).padStart(4, "0")).join("");
}
