import { contextOf } from "./context.ts";
import { combine, hasPolicies, type Part } from "./gates.ts";
import { examine, type Finding, type Level } from "./layers.ts";
import { some, type Tri } from "./tri.ts";
import type { AccessRequest, Evaluation, Layers, Policy, Principal, Reason, Verdict } from "./types.ts";

/**
 * AWS's decision about one request.
 *
 * An explicit deny in any layer wins. Else, where the resource is the caller's own account's:
 *
 *     organization AND (named itself OR session AND boundary AND (identity OR its role named))
 *
 * A resource policy that names a role session itself, or `*`, goes around the identity policies, the boundary
 * and the session policies; one that names a user, around the first two; one that names the session's role, only
 * around the identity policies; one that names the account grants nothing by itself. Where the resource is
 * another account's, the resource policy and all layers of the caller must allow. An anonymous caller and a
 * service have no layers of their own: the resource policy decides. KMS asks for the key policy in any case.
 *
 * Three-valued: where unknown context keys leave it open whether access is allowed, the verdict is
 * `unknown`. `implicitDeny` is certain: whatever the keys are, access is denied (maybe explicitly).
 *
 * Sources: reference_policies_evaluation-logic.html and the pages below it, access_policies_boundaries.html,
 * reference_policies_elements_principal.html in the IAM user guide.
 */
export function evaluate(request: AccessRequest, layers: Layers): Evaluation {
  const resourceMustAllow = layers.resource !== undefined && /^kms:/i.test(request.action);
  return decide(request, layers, resourceMustAllow);
}

/**
 * AWS's decision about an action of STS on a role (`sts:AssumeRole`, `sts:TagSession`, `sts:SetSourceIdentity`,
 * `sts:AssumeRoleWithWebIdentity`, …): the trust policy must allow. Where it names a caller of the same account
 * itself, that is enough; where it names only the account, or the caller is another account's, the caller's own
 * policies must allow too. Root users may not assume roles.
 *
 * @param request its resource is the role's ARN, which also gives the role's account where the request has none
 * @param callerLayers the caller's own layers; a `resource` among them does not count
 */
export function evaluateTrust(request: AccessRequest, trust: Policy, callerLayers: Layers): Evaluation {
  if (request.principal.type === "root") return nothing("resource");
  const resourceAccount = request.resourceAccount ?? (request.resource.split(":")[4] || undefined);
  return decide({ ...request, resourceAccount }, { ...callerLayers, resource: [trust] }, true);
}

function nothing(missing: keyof Layers): Evaluation {
  return { verdict: "implicitDeny", reasons: [], missing, unknownKeys: [] };
}

function decide(request: AccessRequest, layers: Layers, resourceMustAllow: boolean): Evaluation {
  const context = contextOf(request);
  const action = request.action.toLowerCase();
  const parts = levelsOf(layers, request.principal).map(
    (level): Part => ({ layer: level.layer, finding: examine(level, request, action, context) }),
  );
  const denied = some(parts, ({ finding }) => finding.deny);
  const { allowed, missing } = combine(request, parts, resourceMustAllow);
  const verdict = verdictOf(denied, allowed);
  const reasons = parts.flatMap(({ finding }) => reasonsFor(verdict, finding));
  if (verdict !== "unknown")
    return { verdict, reasons, missing: verdict === "implicitDeny" ? missing : undefined, unknownKeys: [] };
  const keys = new Set(parts.flatMap(({ finding }) => finding.unknownKeys));
  return { verdict, reasons, missing: undefined, unknownKeys: [...keys].sort() };
}

function verdictOf(denied: Tri, allowed: Tri): Verdict {
  if (denied === true) return "explicitDeny";
  if (allowed === false) return "implicitDeny";
  return denied === false && allowed === true ? "allow" : "unknown";
}

function reasonsFor(verdict: Verdict, finding: Finding): readonly Reason[] {
  if (verdict === "explicitDeny") return finding.denying;
  return verdict === "unknown" ? [...finding.allowing, ...finding.undecided] : finding.allowing;
}

/** The layers that apply to a caller, in the order in which AWS looks at them. */
function levelsOf(layers: Layers, principal: Principal): Level[] {
  const levels: Level[] = [];
  const nested = (layer: "organization" | "session") => {
    for (const [level, policies] of (layers[layer] ?? []).entries()) levels.push({ layer, level, policies });
  };
  const own = hasPolicies(principal);
  if (own) nested("organization");
  if (layers.resource !== undefined) {
    levels.push({
      layer: "resource",
      policies: layers.resource,
      bounded: own && layers.boundary !== undefined,
    });
  }
  if (!own) return levels;
  levels.push({ layer: "identity", policies: layers.identity });
  if (layers.boundary !== undefined) levels.push({ layer: "boundary", policies: layers.boundary });
  nested("session");
  return levels;
}
