import { describe, expect, test } from "vitest";
import { compileSessionPolicy } from "../../../src/access/policy/compile.ts";
import type { Networks } from "../../../src/access/types.ts";
import type { ContextValue } from "../../../src/policy/types.ts";
import { ANYWHERE, allows, codeThrown, NOT_AFTER, raw, s3, targetOf } from "./fixtures.ts";

type From = Readonly<Record<string, ContextValue>>;
const office: From = { "aws:SourceIp": "203.0.113.7" };
const office6: From = { "aws:SourceIp": "2001:db8:1::5" };
const home: From = { "aws:SourceIp": "198.51.100.9" };
/** `aws:SourceIp` is absent through an endpoint; an empty list says so. */
const endpoint = (vpce: string, vpc: string): From => ({
  "aws:SourceIp": [],
  "aws:SourceVpce": vpce,
  "aws:SourceVpc": vpc,
  "aws:VpcSourceIp": "10.0.0.1",
});
const service: From = { "aws:SourceIp": "198.51.100.9", "aws:ViaAWSService": "true" };

function networks(given: Partial<Networks>): Networks {
  return { ...ANYWHERE, ...given };
}

const cidr = networks({ cidrs: ["203.0.113.0/24", "2001:db8:1::/48"] });
const vpce = networks({ vpcEndpoints: ["vpce-1"] });
const vpc = networks({ vpcs: ["vpc-1"] });
const both = networks({ cidrs: ["203.0.113.0/24"], vpcEndpoints: ["vpce-1"], vpcs: ["vpc-2"] });

describe("one store's networks", () => {
  test.each<readonly [string, Networks, From, boolean]>([
    ["anywhere, from home", ANYWHERE, home, true],
    ["anywhere, by an endpoint", ANYWHERE, endpoint("vpce-9", "vpc-9"), true],
    ["addresses, from the office", cidr, office, true],
    ["addresses, from the office by IPv6", cidr, office6, true],
    ["addresses, from home", cidr, home, false],
    ["addresses, by an endpoint", cidr, endpoint("vpce-1", "vpc-1"), false],
    ["addresses, by a service", cidr, service, true],
    ["an endpoint, by it", vpce, endpoint("vpce-1", "vpc-1"), true],
    ["an endpoint, by another of the same VPC", vpce, endpoint("vpce-2", "vpc-1"), false],
    ["an endpoint, from the office", vpce, office, false],
    ["an endpoint, by a service", vpce, service, true],
    ["a VPC, by its endpoint", vpc, endpoint("vpce-2", "vpc-1"), true],
    ["a VPC, from another", vpc, endpoint("vpce-1", "vpc-2"), false],
    ["a VPC, from the office", vpc, office, false],
    ["several, from the office", both, office, true],
    ["several, by the endpoint", both, endpoint("vpce-1", "vpc-9"), true],
    ["several, from the VPC", both, endpoint("vpce-9", "vpc-2"), true],
    ["several, from home", both, home, false],
    ["several, by a foreign endpoint", both, endpoint("vpce-9", "vpc-9"), false],
    ["several, by a service", both, service, true],
  ])("%s", (_what, bound, from, allowed) => {
    const target = targetOf([s3("b", ["eu/"], ["read"])], bound);
    const { text } = compileSessionPolicy({ targets: [target], notAfter: NOT_AFTER });
    expect(allows(text, { action: "s3:GetObject", resource: "arn:aws:s3:::b/eu/a", context: from })).toBe(
      allowed,
    );
  });

  test("a request of which nothing is known is refused", () => {
    const target = targetOf([s3("b", ["eu/"], ["read"])], both);
    const { text } = compileSessionPolicy({ targets: [target], notAfter: NOT_AFTER });
    const unknown = { "aws:SourceIp": [], "aws:ViaAWSService": [] };
    expect(allows(text, { action: "s3:GetObject", resource: "arn:aws:s3:::b/eu/a", context: unknown })).toBe(
      false,
    );
  });
});

const other = networks({ cidrs: ["198.51.100.0/24"] });
const read = (bucket: string, key: string, context: From) => ({
  action: "s3:GetObject",
  resource: `arn:aws:s3:::${bucket}/${key}`,
  context,
});

describe("stores with different networks in one policy", () => {
  test("each store's networks bind its own resources alone", () => {
    const { text } = compileSessionPolicy({
      targets: [
        targetOf([s3("a", [""], ["read"])], cidr, "a"),
        targetOf([s3("b", [""], ["read"])], other, "b"),
        targetOf([s3("c", [""], ["read"])], ANYWHERE, "c"),
      ],
      notAfter: NOT_AFTER,
    });
    expect(["a", "b", "c"].map((bucket) => allows(text, read(bucket, "k", office)))).toEqual([
      true,
      false,
      true,
    ]);
    expect(["a", "b", "c"].map((bucket) => allows(text, read(bucket, "k", home)))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("two prefixes of one bucket, listings too, keep their own", () => {
    const { text } = compileSessionPolicy({
      targets: [
        targetOf([s3("a", ["eu/"], ["read", "list"])], cidr, "a"),
        targetOf([s3("a", ["us/"], ["read", "list"])], other, "b"),
      ],
      notAfter: NOT_AFTER,
    });
    const list = (prefix: string, context: From) => ({
      action: "s3:ListBucket",
      resource: "arn:aws:s3:::a",
      context: { ...context, "s3:prefix": prefix },
    });
    expect([allows(text, read("a", "eu/k", office)), allows(text, read("a", "us/k", office))]).toEqual([
      true,
      false,
    ]);
    expect([allows(text, list("eu/", office)), allows(text, list("us/", office))]).toEqual([true, false]);
    expect([allows(text, list("eu/", home)), allows(text, list("us/", home))]).toEqual([false, true]);
  });

  test("a raw statement on everything does not bind what it does not allow", () => {
    const { text } = compileSessionPolicy({
      targets: [
        targetOf([raw({ Effect: "Allow", Action: "athena:Get*", Resource: "*" })], cidr, "a"),
        targetOf([s3("b", [""], ["read"])], other, "b"),
      ],
      notAfter: NOT_AFTER,
    });
    const athena = (context: From) => ({ action: "athena:GetX", resource: "*", context });
    expect([allows(text, athena(office)), allows(text, read("b", "k", office))]).toEqual([true, false]);
    expect([allows(text, athena(home)), allows(text, read("b", "k", home))]).toEqual([false, true]);
  });

  const shared = (one: Networks, two: Networks) =>
    codeThrown(() =>
      compileSessionPolicy({
        targets: [
          targetOf([s3("a", ["eu/"], ["read"])], one, "a"),
          targetOf([s3("a", [""], ["read", "list"])], two, "b"),
        ],
        notAfter: NOT_AFTER,
      }),
    );

  test.each<readonly [string, Networks, Networks]>([
    ["other addresses", cidr, other],
    ["addresses and an endpoint", cidr, vpce],
    ["IPv4 and IPv6", networks({ cidrs: ["203.0.113.0/24"] }), networks({ cidrs: ["2001:db8:1::/48"] })],
  ])("the same objects from networks with nothing in common are refused: %s", (_what, one, two) => {
    expect(shared(one, two)).toBe("POLICY_NETWORKS");
    expect(shared(two, one)).toBe("POLICY_NETWORKS");
  });

  test.each<readonly [string, Networks, Networks]>([
    ["blocks that meet", cidr, networks({ cidrs: ["203.0.113.128/25"] })],
    ["an IPv6 block within another", networks({ cidrs: ["2001:db8::/32"] }), cidr],
    ["an endpoint that may lie in the VPC", vpce, vpc],
    ["the same VPC among others", vpc, networks({ vpcs: ["vpc-1", "vpc-7"] })],
    ["no restriction on one side", cidr, ANYWHERE],
  ])("the same objects under %s are possible", (_what, one, two) => {
    expect(shared(one, two)).toBeUndefined();
    expect(shared(two, one)).toBeUndefined();
  });
});
