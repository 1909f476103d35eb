import type { ContextValue } from "../../policy/types.ts";
import { accessDenied, type WorldAuthorizer } from "../authorize.ts";
import { checkText, type Parameters, type Xml } from "../iam/query.ts";
import { AwsError, type Call, type Caller } from "../service.ts";
import { assumedRoleArn, type Role, roleByArn, type Session, sessionOf, type World } from "../world.ts";
import {
  checkSourceIdentity,
  joinTags,
  readDuration,
  readPolicyArns,
  readPolicyText,
  readRoleArn,
  readSessionName,
  readTags,
  readTokenSize,
  type SessionTags,
} from "./input.ts";
import { resolvePolicies } from "./policies.ts";
import { credentialsOf, expirationOf, openSession, pack } from "./session.ts";

/** Longest session of a role that was assumed from a role's session, in seconds. */
const CHAINED_LIMIT = 3_600;

/**
 * `sts:AssumeRole`. Grammar first, then the policies, then what depends on the role: AWS tells a caller who
 * may not assume a role nothing about it, not even whether it exists.
 */
export function assumeRole(
  world: World,
  authorizer: WorldAuthorizer,
  call: Call,
  caller: Caller,
  input: Parameters,
): Xml {
  const roleArn = readRoleArn(input);
  const sessionName = readSessionName(input);
  const duration = readDuration(input, 3_600, 900, 43_200);
  const minimum = readTokenSize(input);
  const policyText = readPolicyText(input);
  const policyArns = readPolicyArns(input);
  const externalId = readExternalId(input);
  const calling = sessionOf(world, caller);
  const tags = joinTags(readTags(input), input.list("TransitiveTagKeys"), inheritedTags(calling));
  const sourceIdentity = readSourceIdentity(input, calling);
  const mfaAt = readMfa(input) ? call.now : calling?.kind === "user" ? calling.mfaAt : undefined;

  const role = roleByArn(world, roleArn);
  const context: Record<string, ContextValue> = {
    "sts:RoleSessionName": sessionName,
    ...tagContext(tags),
    ...(externalId === undefined ? {} : { "sts:ExternalId": externalId }),
    ...(sourceIdentity === undefined ? {} : { "sts:SourceIdentity": sourceIdentity }),
    ...(readMfa(input) ? { "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0" } : {}),
  };
  demandRole(authorizer, call, caller, role, roleArn, context, {
    tagSession: Object.keys(tags.tags).length > 0,
    setSourceIdentity: sourceIdentity !== undefined,
  });
  if (role === undefined) throw new Error("unreachable: a missing role was refused");

  const chained = calling?.kind === "role";
  checkRoleDuration(role, duration, chained);
  const policies = resolvePolicies(world, role, policyText, policyArns);
  const packing = pack(policies, policyArns, tags.tags, minimum);
  const session = openSession(world, packing.tokenSize, {
    kind: "role",
    roleArn,
    roleId: role.id,
    account: roleArn.split(":")[4] ?? "",
    userName: undefined,
    sessionName,
    issuedAt: call.now,
    expiration: expirationOf(call.now, duration),
    sourceIdentity,
    tags: tags.tags,
    transitiveTagKeys: tags.transitiveKeys,
    policies,
    scopedPolicies: 0,
    mfa: mfaAt !== undefined,
    mfaAt,
    chained,
    scopedDescription: undefined,
    // The person behind a chained session is no longer known to AWS, except by source identity and tags.
    identityStoreUserId: undefined,
    federatedProvider: undefined,
    origin: undefined,
  });
  return {
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
    AssumedRoleUser: assumedRoleUser(session),
    Credentials: credentialsOf(session),
    ...(policies.length + Object.keys(tags.tags).length === 0
      ? {}
      : { PackedPolicySize: packing.packedPolicySize }),
    SessionTokenUtilization: packing.tokenUtilization,
    SessionTokenSize: packing.tokenSize,
  };
}

export function assumedRoleUser(session: Session): Record<string, string> {
  return {
    AssumedRoleId: `${session.roleId}:${session.sessionName}`,
    Arn: assumedRoleArn(session.roleArn, session.sessionName),
  };
}

/** @throws AwsError `ValidationError` past the role's maximum, or past an hour for a chained session */
export function checkRoleDuration(role: Role, duration: number, chained: boolean): void {
  if (chained && duration > CHAINED_LIMIT) {
    throw new AwsError(
      "ValidationError",
      400,
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  if (duration > role.maxSessionDuration) {
    const text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    throw new AwsError("ValidationError", 400, text);
  }
}

/** `aws:RequestTag/…`, `aws:TagKeys` and `sts:TransitiveTagKeys` of a request that passes tags. */
export function tagContext(tags: SessionTags): Record<string, ContextValue> {
  const context: Record<string, ContextValue> = {};
  for (const [key, value] of Object.entries(tags.passed)) context[`aws:RequestTag/${key}`] = value;
  const keys = Object.keys(tags.passed);
  if (keys.length > 0) context["aws:TagKeys"] = keys;
  if (tags.transitiveKeys.length > 0) context["sts:TransitiveTagKeys"] = tags.transitiveKeys;
  return context;
}

/** AssumeRole itself, and the permissions that its tags and source identity need beside it. */
function demandRole(
  authorizer: WorldAuthorizer,
  call: Call,
  caller: Caller,
  role: Role | undefined,
  roleArn: string,
  context: Readonly<Record<string, ContextValue>>,
  also: { readonly tagSession: boolean; readonly setSourceIdentity: boolean },
): void {
  const actions = [
    "sts:AssumeRole",
    ...(also.tagSession ? ["sts:TagSession"] : []),
    ...(also.setSourceIdentity ? ["sts:SetSourceIdentity"] : []),
  ];
  for (const action of actions) {
    const evaluation =
      role === undefined
        ? ({ verdict: "implicitDeny", reasons: [], missing: "resource", unknownKeys: [] } as const)
        : authorizer.assume(call, action, role, context);
    if (evaluation.verdict === "allow") continue;
    // AWS gives no reason here, so that a stranger cannot tell a missing role from a closed one.
    const { code, status } = accessDenied(caller, action, roleArn, evaluation);
    const text = `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${roleArn}`;
    throw new AwsError(code, status, text);
  }
}

function inheritedTags(calling: Session | undefined): Record<string, string> {
  const keys = calling?.transitiveTagKeys ?? [];
  return Object.fromEntries(keys.map((key) => [key, calling?.tags[key] ?? ""]));
}

/** The calling session's source identity persists; the same value again is accepted, another is not. */
function readSourceIdentity(input: Parameters, calling: Session | undefined): string | undefined {
  const given = input.get("SourceIdentity");
  const inherited = calling?.sourceIdentity;
  if (given === undefined) return inherited;
  checkSourceIdentity(given);
  if (inherited !== undefined && inherited !== given) {
    const text = "The source identity is already set for this assume role session";
    throw new AwsError("ValidationError", 400, text);
  }
  return given;
}

function readExternalId(input: Parameters): string | undefined {
  const value = input.get("ExternalId");
  if (value === undefined) return undefined;
  return checkText(value, "ExternalId", { min: 2, max: 1224, pattern: /^[\w+=,.@:/-]*$/ });
}

/** Any six digits are the right code: the sandbox has no devices. Throws `ValidationError` for half of a pair. */
export function readMfa(input: Parameters): boolean {
  const serial = input.get("SerialNumber");
  const code = input.get("TokenCode");
  if (serial === undefined && code === undefined) return false;
  if (serial === undefined || code === undefined) {
    const text = "Both the SerialNumber and the TokenCode must be given for multi-factor authentication";
    throw new AwsError("ValidationError", 400, text);
  }
  checkText(serial, "SerialNumber", { min: 9, max: 256, pattern: /^[\w+=/:,.@-]*$/ });
  checkText(code, "TokenCode", { min: 6, max: 6, pattern: /^\d*$/ });
  return true;
}
