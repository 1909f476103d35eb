/**
 * Readers of typed condition values; each gives `undefined` for text that is none of its kind.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */

export function readNumber(text: string): number | undefined {
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[-+]\d\d:?\d\d))?)?)?$/;

/**
 * A date as milliseconds since 1970: one of W3C's profiles of ISO 8601 (a year to a fraction of a second; a
 * time of day needs its zone), or seconds since 1970. Digits alone are seconds, four of them too.
 */
export function readDate(text: string): number | undefined {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const found = DATE.exec(text);
  if (found === null) return undefined;
  const [
    ,
    year,
    month = "01",
    day = "01",
    hour = "00",
    minute = "00",
    second = "00",
    fraction = "0",
    zone = "Z",
  ] = found;
  const time = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const back = new Date(time);
  // Date.UTC carries over: 31 February would be a day in March.
  const same =
    back.getUTCMonth() + 1 === Number(month) &&
    back.getUTCDate() === Number(day) &&
    back.getUTCHours() === Number(hour) &&
    back.getUTCMinutes() === Number(minute) &&
    back.getUTCSeconds() === Number(second);
  if (!same) return undefined;
  return time + Number(`0.${fraction}`) * 1000 - offset(zone);
}

function offset(zone: string): number {
  if (zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

export function readBoolean(text: string): boolean | undefined {
  const folded = text.toLowerCase();
  return folded === "true" ? true : folded === "false" ? false : undefined;
}

/** Base64 in its canonical spelling, so that equal bytes are equal text. */
export function readBinary(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  const canonical = bytes.toString("base64");
  return canonical.replace(/=+$/, "") === text.replace(/=+$/, "") ? canonical : undefined;
}

/** An address range: the first `prefix` of the `width` bits count. */
export interface Range {
  readonly bits: bigint;
  readonly width: 32 | 128;
  readonly prefix: number;
}

/** An IPv4 or IPv6 address, with `/prefix` or without; bits after the prefix are ignored. */
export function readRange(text: string): Range | undefined {
  const [address = "", length, ...rest] = text.split("/");
  if (rest.length > 0) return undefined;
  const found = address.includes(":") ? readIpv6(address) : readIpv4(address);
  if (found === undefined) return undefined;
  const width = address.includes(":") ? 128 : 32;
  if (length === undefined) return { bits: found, width, prefix: width };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > width) return undefined;
  return { bits: found, width, prefix: Number(length) };
}

/** Whether a range takes in all of another. IPv4 and IPv6 never take in each other. */
export function inRange(inner: Range, outer: Range): boolean {
  if (inner.width !== outer.width || inner.prefix < outer.prefix) return false;
  const shift = BigInt(outer.width - outer.prefix);
  return inner.bits >> shift === outer.bits >> shift;
}

function readIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function readIpv6(text: string): bigint | undefined {
  let hex = text;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail !== null) {
    const low = readIpv4(tail[2] ?? "");
    if (low === undefined) return undefined;
    hex = `${tail[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const halves = hex.split("::");
  if (halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const gap = 8 - left.length - right.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  const groups = [...left, ...Array<string>(gap).fill("0"), ...right];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
