/**
 * The name of a session's cache file. It covers everything that a warm call knows without asking AWS. There is no
 * `node:crypto` here, which alone costs a warm call 5 ms: the name ends in a 32-bit FNV-1a of the inputs, and since
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
  return { name: `s-${readable}-${fnv1a32(inputs)}.json`, inputs };
}

/** Whether a file of the cache folder is a session's. */
export function isCacheName(file: string): boolean {
  return /^s-[a-z0-9._+-]{0,120}-[0-9a-f]{8}\.json$/.test(file);
}

function distinct(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}

/**
 * 32-bit FNV-1a over UTF-16 code units, in 8 hexadecimal digits: that of bytes for text in Latin-1.
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function fnv1a32(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
