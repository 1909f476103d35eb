import type { ContextValue } from "../policy/types.ts";
import type { Call, Caller } from "./service.ts";
import { type Entity, roleByArn, sessionOf, type World } from "./world.ts";

/**
 * The condition keys of a call that do not depend on its service.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */

/** The user or role behind a caller. */
export function entityOf(world: World, caller: Caller | undefined): Entity | undefined {
  if (caller === undefined) return undefined;
  const { principal } = caller;
  if (principal.roleArn !== undefined) return roleByArn(world, principal.roleArn);
  const name = principal.arn.slice(principal.arn.lastIndexOf("/") + 1);
  return world.accounts.get(principal.account)?.users.get(name);
}

/** Tags as `aws:PrincipalTag` sees them: a session's override those of its role, whatever the case. */
export function principalTags(world: World, caller: Caller): Record<string, string> {
  const tags: Record<string, string> = { ...entityOf(world, caller)?.tags };
  for (const [key, value] of Object.entries(caller.session?.tags ?? {})) {
    for (const other of Object.keys(tags)) {
      if (other.toLowerCase() === key.toLowerCase()) delete tags[other];
    }
    tags[key] = value;
  }
  return tags;
}

/** Keys of the request itself. The sandbox stands in for TLS, which it does not speak. */
export function requestContext(world: World, call: Call, owner: string): Record<string, ContextValue> {
  return {
    "aws:CurrentTime": call.now.toISOString(),
    "aws:EpochTime": String(Math.floor(call.now.getTime() / 1000)),
    "aws:SecureTransport": "true",
    "aws:SourceIp": call.sourceIp.replace(/^::ffff:/i, ""),
    "aws:UserAgent": call.userAgent,
    "aws:RequestedRegion": call.region,
    "aws:ResourceAccount": owner,
    "aws:ResourceOrgID": world.organization.id,
    "aws:ResourceOrgPaths": [world.organization.path],
    "aws:ViaAWSService": "false",
    "aws:PrincipalIsAWSService": "false",
  };
}

/** Keys of whoever calls; the keys of temporary credentials are absent for long-lived ones. */
export function callerContext(world: World, call: Call): Record<string, ContextValue> {
  const caller = call.caller;
  if (caller === undefined) return { "aws:PrincipalType": "Anonymous", "aws:userid": "anonymous" };
  const { principal } = caller;
  const context: Record<string, ContextValue> = {
    "aws:userid": caller.userid,
    "aws:PrincipalArn": principal.roleArn ?? principal.arn,
    "aws:PrincipalAccount": principal.account,
    "aws:PrincipalType": principal.type === "role" ? "AssumedRole" : "User",
    "aws:PrincipalOrgID": world.organization.id,
    "aws:PrincipalOrgPaths": [world.organization.path],
  };
  if (principal.type === "user") {
    context["aws:username"] = principal.arn.slice(principal.arn.lastIndexOf("/") + 1);
  }
  for (const [key, value] of Object.entries(principalTags(world, caller))) {
    context[`aws:PrincipalTag/${key}`] = value;
  }
  const session = sessionOf(world, caller);
  if (session === undefined) return context;
  context["aws:TokenIssueTime"] = session.issuedAt.toISOString();
  context["aws:MultiFactorAuthPresent"] = String(session.mfa);
  if (session.mfaAt !== undefined) {
    const age = Math.floor((call.now.getTime() - session.mfaAt.getTime()) / 1000);
    context["aws:MultiFactorAuthAge"] = String(age);
  }
  if (session.sourceIdentity !== undefined) context["aws:SourceIdentity"] = session.sourceIdentity;
  if (session.federatedProvider !== undefined) context["aws:FederatedProvider"] = session.federatedProvider;
  return context;
}
