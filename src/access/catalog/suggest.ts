/**
 * The number of insertions, deletions, substitutions and swaps of neighbours between two words
 * (Damerau-Levenshtein, optimal string alignment), or `limit + 1` as soon as it is above `limit`.
 */
export function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      }
      row.push(best);
    }
    if (Math.min(...row) > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/**
 * The word that was probably meant, or `undefined` where none is near. A third of the letters may be wrong; the
 * same word in another case, or without its hyphens, is always near. Of several alike the first is taken.
 */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  if (word === "" || word.length > 64) return undefined;
  const plain = simplify(word);
  let limit = Math.max(1, Math.floor(word.length / 3));
  let nearest: string | undefined;
  for (const candidate of known) {
    if (simplify(candidate) === plain) return candidate;
    const found = distance(word.toLowerCase(), candidate.toLowerCase(), limit);
    // One letter for another in a word of one or two letters is no misspelling.
    if (found <= limit && found < Math.max(word.length, candidate.length) - 1) {
      nearest = candidate;
      limit = found - 1;
    }
    if (limit < 0) break;
  }
  return nearest;
}

function simplify(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, "");
}
