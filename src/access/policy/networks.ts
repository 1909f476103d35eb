import { BlockList } from "node:net";
import { JitError } from "../../error.ts";
import { coversAction } from "../../policy/cover.ts";
import type { Networks } from "../types.ts";
import {
  type Clause,
  type Conditions,
  clause,
  conditionsKey,
  conditionsOf,
  implies,
  sorted,
} from "./clause.ts";
import { coversResource, mayOverlap, withoutCovered } from "./pattern.ts";

/** The Allow clauses of one store, with the networks that it may be used from. */
export interface Bound {
  readonly store: string;
  readonly networks: Networks;
  readonly allows: readonly Clause[];
}

/**
 * True for a request from none of the networks: from the internet there is an address and no endpoint, from
 * a VPC endpoint the other way round, and IfExists makes the absent ones true, so that the tests together
 * mean "from no network that is named". What an AWS service calls for the session (KMS for S3) comes from
 * AWS's own addresses and is let through; a key that is missing does not let through.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 *
 * @returns `undefined` where nothing is restricted
 */
export function outsideOf(networks: Networks): Conditions | undefined {
  const entries: [string, readonly string[]][] = [];
  if (networks.cidrs.length > 0) entries.push(["NotIpAddressIfExists aws:SourceIp", networks.cidrs]);
  if (networks.vpcEndpoints.length > 0) {
    entries.push(["StringNotEqualsIfExists aws:SourceVpce", networks.vpcEndpoints]);
  }
  if (networks.vpcs.length > 0) entries.push(["StringNotEqualsIfExists aws:SourceVpc", networks.vpcs]);
  if (entries.length === 0) return undefined;
  return conditionsOf([...entries, ["BoolIfExists aws:ViaAWSService", ["false"]]]);
}

/**
 * The Denies that hold stores to their networks.
 *
 * Where all have the same networks, one Deny on everything. Else each store's Deny reaches what that store's
 * Allows reach, and where two stores share a resource both Denies do: never wider than either alone.
 *
 * @throws JitError `POLICY_NETWORKS` where two stores open the same thing from networks that have nothing in
 *   common, so that nobody could use it
 */
export function networkDenies(bounds: readonly Bound[]): readonly Clause[] {
  const groups = new Map<string, { outside: Conditions | undefined; members: Bound[] }>();
  for (const bound of bounds) {
    const outside = outsideOf(bound.networks);
    const key = outside === undefined ? "" : conditionsKey(outside);
    const group = groups.get(key) ?? { outside, members: [] };
    group.members.push(bound);
    groups.set(key, group);
  }
  const all = [...groups.values()];
  const [only] = all;
  if (only === undefined) return [];
  if (all.length === 1) {
    return only.outside === undefined ? [] : [{ ...clause("Deny", ["*"], ["*"]), conditions: only.outside }];
  }
  refuseUnusable(bounds);
  return all.flatMap(({ outside, members }) => {
    if (outside === undefined) return [];
    const own = members.flatMap((bound) => bound.allows);
    const others = all.filter((group) => group.members !== members).flatMap((group) => group.members);
    return deniesFor(
      outside,
      own,
      others.flatMap((bound) => bound.allows),
    );
  });
}

function deniesFor(
  outside: Conditions,
  own: readonly Clause[],
  others: readonly Clause[],
): readonly Clause[] {
  if (apart(own, others)) {
    const resources = own.flatMap((one) => one.resource.values);
    return [
      { ...clause("Deny", ["*"], withoutCovered(sorted(resources), coversResource)), conditions: outside },
    ];
  }
  // Word for word what is allowed, under one more condition: nobody else's clause is touched by more than that.
  return own.map((one) => ({
    ...one,
    effect: "Deny" as const,
    conditions: new Map([...one.conditions, ...outside]),
  }));
}

/** Whether no resource of `own` can be one of `others`. */
function apart(own: readonly Clause[], others: readonly Clause[]): boolean {
  if ([...own, ...others].some((one) => one.resource.not)) return false;
  const elsewhere = others.flatMap((one) => one.resource.values);
  return own.every((one) =>
    one.resource.values.every((mine) => !elsewhere.some((theirs) => mayOverlap(mine, theirs))),
  );
}

function refuseUnusable(bounds: readonly Bound[]): void {
  for (const [at, one] of bounds.entries()) {
    for (const other of bounds.slice(at + 1)) {
      if (!disjoint(one.networks, other.networks)) continue;
      const shared = one.allows.some((a) => other.allows.some((b) => within(a, b) || within(b, a)));
      if (!shared) continue;
      throw new JitError(
        "POLICY_NETWORKS",
        `${one.store} and ${other.store} open the same resource from networks that have nothing in common`,
        { hint: "request them one at a time" },
      );
    }
  }
}

/** Whether all that `narrow` opens, `wide` opens too. Keys used through a service are not bound to networks. */
function within(narrow: Clause, wide: Clause): boolean {
  if ([narrow, wide].some((one) => one.action.not || one.resource.not)) return false;
  if ([...narrow.conditions.keys()].some((name) => name.endsWith(" kms:ViaService"))) return false;
  return (
    implies(narrow.conditions, wide.conditions) &&
    narrow.action.values.every((a) => wide.action.values.some((b) => coversAction(b, a))) &&
    narrow.resource.values.every((a) => wide.resource.values.some((b) => coversResource(b, a)))
  );
}

function disjoint(a: Networks, b: Networks): boolean {
  if (outsideOf(a) === undefined || outsideOf(b) === undefined) return false;
  // An endpoint of one may lie in a VPC of the other.
  if (a.vpcs.length > 0 && b.vpcEndpoints.length > 0) return false;
  if (b.vpcs.length > 0 && a.vpcEndpoints.length > 0) return false;
  if (a.vpcs.some((id) => b.vpcs.includes(id))) return false;
  if (a.vpcEndpoints.some((id) => b.vpcEndpoints.includes(id))) return false;
  return !a.cidrs.some((one) => b.cidrs.some((other) => holds(one, other) || holds(other, one)));
}

/** Whether the first address of `inner` lies in `outer`: of two CIDR blocks that meet, one holds the other. */
function holds(outer: string, inner: string): boolean {
  const [base = "", bits] = outer.split("/");
  const [address = ""] = inner.split("/");
  const family = base.includes(":") ? "ipv6" : "ipv4";
  if (address.includes(":") !== (family === "ipv6")) return false;
  const list = new BlockList();
  list.addSubnet(base, bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits), family);
  return list.check(address, family);
}
