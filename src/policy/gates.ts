import type { Finding } from "./layers.ts";
import type { Named } from "./principals.ts";
import { and, or, type Tri } from "./tri.ts";
import type { AccessRequest, Layers, Principal } from "./types.ts";

/** What one level says, under its layer's name. */
export interface Part {
  readonly layer: keyof Layers;
  readonly finding: Finding;
}

export interface Outcome {
  /** Whether all layers that must allow do; explicit denies do not count here. */
  readonly allowed: Tri;
  /** Where that is `false`: the first layer that does not allow. */
  readonly missing: keyof Layers | undefined;
}

/** How the layers' allows combine for this caller; `evaluate` has the rule in words. */
export function combine(request: AccessRequest, parts: readonly Part[], resourceMustAllow: boolean): Outcome {
  const { principal } = request;
  const resource = granted(parts);
  const itself = or(resource.self, resource.anyone);
  if (!hasPolicies(principal)) return outcome(itself, [["resource", itself]]);

  const layer = (name: keyof Layers): Tri =>
    and(...parts.filter((part) => part.layer === name).map((part) => part.finding.allow.self));
  // No identity policy speaks of a root user: it may do everything in its account.
  const identity = principal.type === "root" || layer("identity");
  const [organization, boundary, session] = [layer("organization"), layer("boundary"), layer("session")];

  if ((request.resourceAccount ?? principal.account) !== principal.account) {
    const named = or(itself, resource.role, resource.account);
    return outcome(and(organization, named, identity, boundary, session), [
      ["organization", organization],
      ["resource", named],
      ["identity", identity],
      ["boundary", boundary],
      ["session", session],
    ]);
  }

  const trusted = resourceMustAllow ? or(itself, resource.account, resource.role) : true;
  const base = or(resource.role, and(trusted, identity));
  const limits: readonly Limit[] = [
    ["organization", organization],
    ["resource", trusted],
    ["identity", base],
    ["boundary", boundary],
    ["session", session],
  ];
  if (principal.type === "user") {
    return outcome(and(organization, session, or(itself, and(base, boundary))), [
      ["organization", organization],
      ["resource", or(itself, trusted)],
      ["identity", or(itself, base)],
      ["boundary", or(itself, boundary)],
      ["session", session],
    ]);
  }
  if (principal.type === "root") return outcome(and(organization, trusted, boundary, session), limits);
  return outcome(and(organization, or(itself, and(base, boundary, session))), limits);
}

/**
 * Whether a caller has policies of its own. Anonymous callers, services and who comes with an identity provider's
 * token (AssumeRoleWithWebIdentity, AssumeRoleWithSAML) have none; federated *users* of STS have.
 */
export function hasPolicies(principal: Principal): boolean {
  if (principal.type === "federated") return /^arn:[^:]+:sts::\d{12}:federated-user\//.test(principal.arn);
  return principal.type !== "anonymous" && principal.type !== "service";
}

type Limit = readonly [keyof Layers, Tri];

function outcome(allowed: Tri, limits: readonly Limit[]): Outcome {
  return { allowed, missing: allowed === false ? limits.find(([, tri]) => tri === false)?.[0] : undefined };
}

function granted(parts: readonly Part[]): Readonly<Record<Named, Tri>> {
  const found = parts.find((part) => part.layer === "resource");
  return found?.finding.allow ?? { self: false, anyone: false, role: false, account: false };
}
