import { inRange, type Range, readRange } from "../../policy/values.ts";

function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.flatMap((text) => readRange(text) ?? []);
}

/** Networks of one's own (RFC 1918, RFC 6598, RFC 4193): a catalog may name them. */
const own = ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

const loopback = ranges("127.0.0.0/8", "::1/128");

/** All else of IPv4 that is no host of the internet (IANA's special-purpose registry), multicast and reserved included. */
const special = ranges(
  ...["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  // Of IPv6 within 2000::/3: Teredo and its like, documentation, 6to4.
  ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
);

const [global6] = ranges("2000::/3");
/** IPv4 in the clothes of IPv6: mapped (RFC 4291), and translated (RFC 6052). What counts is the address inside. */
const dressed = ranges("::ffff:0:0/96", "64:ff9b::/96");

/**
 * Whether a webhook may be asked at this address: one of the internet, of a network that the catalog names, or this
 * machine's own where that is allowed. Never link-local ones, where clouds keep credentials.
 * @param networks CIDR blocks of the signed catalog
 */
export function mayConnect(
  address: string,
  { networks, toLoopback }: { readonly networks: readonly string[]; readonly toLoopback: boolean },
): boolean {
  const range = readRange(address);
  if (range === undefined || range.prefix !== range.width) return false;
  const found = undressed(range);
  const isIn = (list: readonly Range[]) => list.some((one) => inRange(found, one));
  if (isIn(loopback)) return toLoopback;
  if (isIn(special)) return false;
  if (isIn(own)) return isIn(ranges(...networks));
  return found.width === 32 || (global6 !== undefined && inRange(found, global6));
}

function undressed(range: Range): Range {
  if (!dressed.some((one) => inRange(range, one))) return range;
  return { bits: range.bits & 0xffff_ffffn, width: 32, prefix: 32 };
}

/**
 * What is wrong with a block of private addresses in a catalog.
 * @returns `undefined` where it is good
 */
export function checkPrivateBlock(text: string): string | undefined {
  const range = text.includes("/") ? readRange(text) : undefined;
  if (range === undefined) return "is no CIDR block";
  if (own.some((one) => inRange(range, one))) return undefined;
  return "is no block of private addresses: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or fc00::/7";
}
