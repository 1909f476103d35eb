import { evaluate, evaluateTrust } from "../policy/evaluate.ts";
import { parsePolicy } from "../policy/parse.ts";
import type {
  AccessRequest,
  ContextValue,
  Evaluation,
  Layers,
  Policy,
  PolicyKind,
  Principal,
} from "../policy/types.ts";
import { callerContext, entityOf, requestContext } from "./access-context.ts";
import { type Authorizer, AwsError, type Call, type Caller, type Resource } from "./service.ts";
import { documentOf, type Entity, policyByArn, type Role, sessionOf, type World } from "./world.ts";

/**
 * Decides as IAM does: gathers the policies that bear on a call and the context keys that they may test, and
 * evaluates them with src/policy. Policies are read at every call, so a change takes effect at once.
 */
export interface WorldAuthorizer extends Authorizer {
  /** Whether the caller may do this to the role: its trust policy, and what the caller itself may. */
  assume(call: Call, action: string, role: Role, context: Readonly<Record<string, ContextValue>>): Evaluation;
  /** As `assume`, for a principal that a token named and that has no AWS identity of its own. */
  assumeFederated(
    call: Call,
    principal: Principal,
    role: Role,
    action: string,
    context: Readonly<Record<string, ContextValue>>,
  ): Evaluation;
  /** Throws AWS's `AccessDenied` (403) where the call is refused; the resource is without policies. */
  demand(
    call: Call,
    action: string,
    resourceArn: string,
    context?: Readonly<Record<string, ContextValue>>,
    account?: string,
  ): Caller;
}

const ANONYMOUS: Principal = { arn: "*", roleArn: undefined, account: "", type: "anonymous" };

/** More texts than a sandbox ever has; past it the cache starts anew. */
const CACHED_POLICIES = 2_000;

export function createAuthorizer(world: World): WorldAuthorizer {
  const parse = cachedParser();

  const request = (
    call: Call,
    action: string,
    resource: string,
    owner: string,
    more: Readonly<Record<string, ContextValue>>,
  ): AccessRequest => {
    const principal = call.caller?.principal ?? ANONYMOUS;
    return {
      principal,
      action,
      resource,
      resourceAccount: owner === principal.account ? undefined : owner,
      context: { ...requestContext(world, call, owner), ...callerContext(world, call), ...more },
    };
  };

  const authorizer: WorldAuthorizer = {
    authorize(call, action, resourceArn, resource: Resource) {
      const refused = sessionTokenLimit(world, call, action);
      if (refused !== undefined) return refused;
      const policies = resource.resourcePolicies.map((text) => parse(text, "resource"));
      const layers = callerLayers(world, call.caller, parse);
      return evaluate(request(call, action, resourceArn, resource.resourceAccount, resource.context), {
        ...layers,
        ...(policies.length > 0 ? { resource: policies } : {}),
      });
    },

    assume(call, action, role, context) {
      const asked = request(call, action, role.arn, role.arn.split(":")[4] ?? "", context);
      return evaluateTrust(asked, parse(role.trust, "trust"), callerLayers(world, call.caller, parse));
    },

    assumeFederated(call, principal, role, action, context) {
      const owner = role.arn.split(":")[4] ?? "";
      const asked: AccessRequest = {
        principal,
        action,
        resource: role.arn,
        resourceAccount: owner === principal.account ? undefined : owner,
        context: { ...requestContext(world, call, owner), ...context },
      };
      return evaluateTrust(asked, parse(role.trust, "trust"), { identity: [] });
    },

    demand(call, action, resourceArn, context = {}, account) {
      const caller = call.caller;
      if (caller === undefined) {
        throw new AwsError("MissingAuthenticationToken", 403, "Request is missing Authentication Token");
      }
      const evaluation = authorizer.authorize(call, action, resourceArn, {
        resourceAccount: account ?? caller.principal.account,
        resourcePolicies: [],
        context,
      });
      if (evaluation.verdict !== "allow") throw accessDenied(caller, action, resourceArn, evaluation);
      return caller;
    },
  };
  return authorizer;
}

/**
 * `User: ARN is not authorized to perform: ACTION on resource: ARN because …`, in the words of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function accessDenied(
  caller: Caller,
  action: string,
  resourceArn: string,
  evaluation: Evaluation,
): AwsError {
  return new AwsError(
    "AccessDenied",
    403,
    `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${resourceArn}` +
      because(action, evaluation),
  );
}

const LAYER_NAMES = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  boundary: "permissions boundary",
  session: "session policy",
  organization: "service control policy",
} as const;

function because(action: string, evaluation: Evaluation): string {
  if (evaluation.verdict === "explicitDeny") {
    const layer = evaluation.reasons[0]?.layer ?? "identity";
    const article = layer === "identity" ? "an" : "a";
    return ` with an explicit deny in ${article} ${LAYER_NAMES[layer]}`;
  }
  return ` because no ${LAYER_NAMES[evaluation.missing ?? "identity"]} allows the ${action} action`;
}

/** The policies that limit the caller: of its user or role, its boundary, and its session's. */
export function callerLayers(
  world: World,
  caller: Caller | undefined,
  parse: (text: string, kind: PolicyKind) => Policy,
): Layers {
  const entity = entityOf(world, caller);
  if (caller === undefined || entity === undefined) return { identity: [] };
  const session = caller.session;
  return {
    ...entityLayers(world, entity, parse),
    ...(session !== undefined && session.policies.length > 0
      ? { session: session.policies.map((text) => [parse(text, "session")]) }
      : {}),
  };
}

/** The policies that a user or role has by itself. A boundary that does not exist allows nothing. */
export function entityLayers(
  world: World,
  entity: Entity,
  parse: (text: string, kind: PolicyKind) => Policy,
): Layers {
  const managed = (arn: string, kind: PolicyKind): Policy[] => {
    const policy = policyByArn(world, arn);
    return policy === undefined ? [] : [parse(documentOf(policy), kind)];
  };
  return {
    identity: [
      ...[...entity.inline.values()].map((text) => parse(text, "identity")),
      ...[...entity.attached].flatMap((arn) => managed(arn, "identity")),
    ],
    ...(entity.boundary === undefined ? {} : { boundary: managed(entity.boundary, "boundary") }),
  };
}

/**
 * Credentials of GetSessionToken call of STS only AssumeRole, GetCallerIdentity and GetScopedCredentials, and
 * IAM only with MFA.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */
function sessionTokenLimit(world: World, call: Call, action: string): Evaluation | undefined {
  const session = call.caller === undefined ? undefined : sessionOf(world, call.caller);
  if (session?.kind !== "user") return undefined;
  const open = ["sts:AssumeRole", "sts:GetCallerIdentity", "sts:GetScopedCredentials"];
  const refused = action.startsWith("sts:")
    ? !open.includes(action)
    : action.startsWith("iam:") && !session.mfa;
  if (!refused) return undefined;
  return { verdict: "implicitDeny", reasons: [], missing: "session", unknownKeys: [] };
}

/** Parses each text once per kind. Throws what `parsePolicy` throws. */
export function cachedParser(): (text: string, kind: PolicyKind) => Policy {
  const cache = new Map<string, Policy>();
  return (text, kind) => {
    const key = `${kind}:${text}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const policy = parsePolicy(text, kind);
    if (cache.size >= CACHED_POLICIES) cache.clear();
    cache.set(key, policy);
    return policy;
  };
}
