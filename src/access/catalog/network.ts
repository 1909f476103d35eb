import { inRange, type Range, readRange } from "../../policy/values.ts";

/**
 * Addresses that no request to AWS comes from over the internet, so that `aws:SourceIp` never holds them: private,
 * shared (RFC 6598), loopback and link-local ones, and IPv4 written as IPv6.
 */
const neverSeen: readonly Range[] = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "::ffff:0:0/96",
  "fc00::/7",
  "fe80::/10",
].flatMap((text) => readRange(text) ?? []);

/**
 * What is wrong with a CIDR block of `networks`. As in IAM, bits after the prefix may be set and are ignored.
 * @returns `undefined` where it is good
 */
export function checkCidr(text: string): string | undefined {
  const range = text.includes("/") ? readRange(text) : undefined;
  if (range === undefined) return "is no CIDR block";
  if (range.prefix === 0) return "holds every address, and so binds nothing: leave networks out";
  if (neverSeen.some((one) => inRange(range, one))) {
    return "is private, which AWS never sees: name vpcEndpoints or vpcs";
  }
  return undefined;
}

/**
 * What is wrong with an entry of `endpoints`: `host`, `host:port`, `[::1]:port`. It is compared with what the URL
 * standard makes of an address, so in another spelling (`127.1`, `[0:0:0:0:0:0:0:1]`) it would never match.
 * @returns `undefined` where it is good
 */
export function checkEndpointHost(text: string): string | undefined {
  const [, host = "", port = "443"] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  if (Number(port) > 65_535) return "has a port that is none";
  const url = URL.parse(`https://${host}/`);
  if (url === null || host === "") return "is no host";
  return url.hostname === host ? undefined : `must be written as ${url.hostname}`;
}
