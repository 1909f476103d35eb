import { accessDenied, type WorldAuthorizer } from "../authorize.ts";
import { checkText, type Parameters, type Xml } from "../iam/query.ts";
import { AwsError, type Call, type Caller } from "../service.ts";
import { assumedRoleArn, sessionOf, type World } from "../world.ts";
import { readDuration, readPolicyText, readTokenSize } from "./input.ts";
import { checkSessionPolicy } from "./policies.ts";
import { credentialsOf, expirationOf, openSession, pack } from "./session.ts";

const MAX_LAYERS = 3;

/**
 * `sts:GetScopedCredentials`: a child of the calling session with less, or for shorter. Identity, session name,
 * tags and source identity stay; the child's expiry is never later than the parent's.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html
 */
export function getScopedCredentials(
  world: World,
  authorizer: WorldAuthorizer,
  call: Call,
  caller: Caller,
  input: Parameters,
): Xml {
  const policy = readPolicyText(input);
  const asked = input.get("DurationSeconds");
  const duration = asked === undefined ? undefined : readDuration(input, 0, 1, 129_600);
  if (policy === undefined && duration === undefined) {
    const text = "At least one of Policy or DurationSeconds must be specified.";
    throw new AwsError("ValidationError", 400, text);
  }
  const minimum = readTokenSize(input);
  const description = readDescription(input);

  const parent = sessionOf(world, caller);
  if (parent === undefined) {
    throw new AwsError(
      "AccessDenied",
      403,
      "Cannot call GetScopedCredentials with IAM user or root credentials; temporary security credentials are required",
    );
  }
  demandNoDeny(authorizer, call, caller);
  if (policy !== undefined && parent.scopedPolicies >= MAX_LAYERS) {
    const text = `The session already has the maximum of ${MAX_LAYERS} scope down policies`;
    throw new AwsError("AccessDenied", 403, text);
  }
  if (policy !== undefined) checkSessionPolicy(policy);
  if (duration !== undefined && call.now.getTime() + duration * 1000 > parent.expiration.getTime()) {
    throw new AwsError(
      "InsufficientSessionLifetime",
      400,
      "The requested DurationSeconds is greater than the remaining lifetime of the calling session.",
    );
  }

  const policies = policy === undefined ? parent.policies : [...parent.policies, policy];
  const packing = pack(policies, [], parent.tags, minimum);
  const wanted = duration === undefined ? parent.expiration : expirationOf(call.now, duration);
  const child = openSession(world, packing.tokenSize, {
    ...parent,
    issuedAt: call.now,
    expiration: wanted < parent.expiration ? wanted : parent.expiration,
    policies,
    scopedPolicies: parent.scopedPolicies + (policy === undefined ? 0 : 1),
    scopedDescription: description,
  });
  return {
    Credentials: credentialsOf(child),
    SessionInfo: {
      ScopedSessionId: caller.userid,
      Arn: child.kind === "role" ? assumedRoleArn(child.roleArn, child.sessionName) : caller.principal.arn,
    },
    SessionTokenUtilization: packing.tokenUtilization,
    SessionTokenSize: packing.tokenSize,
    ScopedPoliciesCount: child.scopedPolicies,
    ...(child.sourceIdentity === undefined ? {} : { SourceIdentity: child.sourceIdentity }),
  };
}

/**
 * Nothing has to allow the call, as with GetSessionToken: a session policy that names only S3 can still be
 * narrowed. A deny counts, so that a revoked session leaves no children.
 */
function demandNoDeny(authorizer: WorldAuthorizer, call: Call, caller: Caller): void {
  const action = "sts:GetScopedCredentials";
  const evaluation = authorizer.authorize(call, action, "*", {
    resourceAccount: caller.principal.account,
    resourcePolicies: [],
    context: {},
  });
  if (evaluation.verdict === "explicitDeny") throw accessDenied(caller, action, "*", evaluation);
}

/** Up to 256 printable characters. */
function readDescription(input: Parameters): string | undefined {
  const value = input.get("ScopedSessionDescription");
  if (value === undefined) return undefined;
  return checkText(value, "ScopedSessionDescription", { min: 1, max: 256 });
}
