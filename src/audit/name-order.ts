/** The order of S3's listings: names by their bytes in UTF-8. @returns as for `sort` */
export function compareNames(one: string, other: string): number {
  if (one === other) return 0;
  // Only beyond the basic plane do UTF-16 and UTF-8 sort otherwise.
  if (!surrogate.test(one) && !surrogate.test(other)) return one < other ? -1 : 1;
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

const surrogate = /[\ud800-\udfff]/;
