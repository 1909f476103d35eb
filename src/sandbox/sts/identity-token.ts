import type { ContextValue } from "../../policy/types.ts";
import { principalTags } from "../access-context.ts";
import type { WorldAuthorizer } from "../authorize.ts";
import { checkRange, checkText, isoSeconds, type Parameters, validation, type Xml } from "../iam/query.ts";
import { AwsError, type Call, type Caller } from "../service.ts";
import { type Algorithm, signToken } from "../tokens.ts";
import { type Session, sessionOf, type World } from "../world.ts";
import { readTags } from "./input.ts";

/** Bytes that the claims may take. */
const MAX_PAYLOAD = 8_192;

/**
 * `sts:GetWebIdentityToken`: AWS's signed statement of who the caller is, for an audience of its choosing.
 * The issuer is the sandbox's origin, where its keys are published.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html
 */
export function getWebIdentityToken(
  world: World,
  authorizer: WorldAuthorizer,
  call: Call,
  caller: Caller,
  input: Parameters,
): Xml {
  const audiences = readAudiences(input);
  const algorithm = readAlgorithm(input);
  const duration = checkRange(input.integer("DurationSeconds") ?? 300, "DurationSeconds", 60, 3_600);
  const mode = readSubjectMode(input);
  const tags = readTags(input);
  const scope = readScope(input, mode, audiences);
  const session = sessionOf(world, caller);

  demand(authorizer, call, { audiences, algorithm, duration, mode, tags, scope });
  if (world.accounts.get(caller.principal.account)?.outboundFederation !== true) {
    const text = "The outbound web identity federation feature is not enabled for this account";
    throw new AwsError("OutboundWebIdentityFederationDisabledException", 403, text);
  }
  if (session !== undefined && call.now.getTime() + duration * 1000 > session.expiration.getTime()) {
    const text = "The requested token duration would extend the session beyond its original expiration time";
    throw new AwsError("SessionDurationEscalationException", 403, text);
  }

  const issued = Math.floor(call.now.getTime() / 1000);
  const arn = caller.principal.roleArn ?? caller.principal.arn;
  const claims = {
    iss: call.origin,
    sub: mode === "OriginIdentity" ? originSubject(session) : arn,
    aud: audiences.length === 1 ? audiences[0] : audiences,
    iat: issued,
    exp: issued + duration,
    jti: tokenId(world),
    ...(scope === undefined ? {} : { scope }),
    "https://sts.amazonaws.com/": {
      aws_account: caller.principal.account,
      source_region: call.region,
      org_id: world.organization.id,
      ou_path: [world.organization.path],
      principal_id: arn,
      ...(mode === "OriginIdentity" ? { subject_mode: mode } : {}),
      ...sessionClaims(session),
      ...tagClaim("principal_tags", principalTags(world, caller)),
      ...tagClaim("request_tags", tags),
    },
  };
  if (Buffer.byteLength(JSON.stringify(claims)) > MAX_PAYLOAD) {
    const text = "The requested token payload size exceeds the maximum allowed size";
    throw new AwsError("JWTPayloadSizeExceededException", 400, text);
  }
  return {
    WebIdentityToken: signToken(world.stsKeys, algorithm, claims),
    Expiration: new Date((issued + duration) * 1000),
  };
}

/** The token itself, and the permissions that tags and scope need beside it. */
function demand(
  authorizer: WorldAuthorizer,
  call: Call,
  asked: {
    readonly audiences: readonly string[];
    readonly algorithm: string;
    readonly duration: number;
    readonly mode: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly scope: string | undefined;
  },
): void {
  const keys = Object.keys(asked.tags);
  const context: Record<string, ContextValue> = {
    "sts:IdentityTokenAudience": asked.audiences,
    "sts:SigningAlgorithm": asked.algorithm,
    "sts:DurationSeconds": String(asked.duration),
    "sts:SubjectMode": asked.mode,
    ...(asked.scope === undefined ? {} : { "sts:IdentityTokenScope": asked.scope.split(" ") }),
    ...(keys.length === 0 ? {} : { "aws:TagKeys": keys }),
    ...Object.fromEntries(keys.map((key) => [`aws:RequestTag/${key}`, asked.tags[key] ?? ""])),
  };
  authorizer.demand(call, "sts:GetWebIdentityToken", "*", context);
  if (keys.length > 0) authorizer.demand(call, "sts:TagGetWebIdentityToken", "*", context);
  if (asked.scope !== undefined) authorizer.demand(call, "sts:SetWebIdentityTokenScope", "*", context);
}

function sessionClaims(session: Session | undefined): Record<string, string> {
  if (session === undefined) return {};
  return {
    original_session_exp: isoSeconds(session.expiration),
    ...(session.sourceIdentity === undefined ? {} : { source_identity: session.sourceIdentity }),
    ...(session.federatedProvider === undefined ? {} : { federated_provider: session.federatedProvider }),
    ...(session.identityStoreUserId === undefined
      ? {}
      : { identity_store_user_id: session.identityStoreUserId }),
  };
}

function tagClaim(name: string, tags: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.keys(tags).length === 0 ? {} : { [name]: tags };
}

/** The subject of the session's origin identity. Throws where there is none, or where it poses as an ARN. */
function originSubject(session: Session | undefined): string {
  const subject = session?.origin?.subject;
  if (subject === undefined || subject.trim() === "") {
    const text = "The calling session has no origin identity in its trusted identity propagation context";
    throw new AwsError("ValidationError", 400, text);
  }
  if (/^arn:/i.test(subject) || /^ | $|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(subject)) {
    throw new AwsError("AccessDenied", 403, "The subject of the origin identity is not allowed in a token");
  }
  return subject;
}

function readAudiences(input: Parameters): string[] {
  const audiences = input.list("Audience");
  if (audiences.length === 0) throw validation(undefined, "Audience", "Member must not be null");
  if (audiences.length > 10) {
    const constraint = "Member must have length less than or equal to 10";
    throw validation(`[${audiences.length} items]`, "Audience", constraint);
  }
  return audiences.map((audience) => checkText(audience, "Audience", { min: 1, max: 1000 }));
}

function readAlgorithm(input: Parameters): Algorithm {
  const value = input.required("SigningAlgorithm");
  if (value === "RS256" || value === "ES384") return value;
  throw validation(value, "SigningAlgorithm", "Member must satisfy enum value set: [RS256, ES384]");
}

function readSubjectMode(input: Parameters): "AWSIdentity" | "OriginIdentity" {
  const value = input.get("SubjectMode") ?? "AWSIdentity";
  if (value === "AWSIdentity" || value === "OriginIdentity") return value;
  throw validation(value, "SubjectMode", "Member must satisfy enum value set: [AWSIdentity, OriginIdentity]");
}

/** RFC 6749 section 3.3, each value once; only with one audience and the origin identity as subject. */
function readScope(input: Parameters, mode: string, audiences: readonly string[]): string | undefined {
  const scope = input.get("Scope");
  if (scope === undefined) return undefined;
  const values = scope.split(" ");
  const wellFormed = values.every((value) => /^[!#-+\--[\]-~]+$/.test(value));
  if (!wellFormed || new Set(values).size !== values.length) {
    throw validation(scope, "Scope", "Member must be a list of distinct scope values");
  }
  if (mode !== "OriginIdentity" || audiences.length !== 1) {
    const text = "Scope can be specified only with SubjectMode OriginIdentity and exactly one audience";
    throw new AwsError("ValidationError", 400, text);
  }
  return scope;
}

/** A random UUID. */
function tokenId(world: World): string {
  const hex = Buffer.from(world.random(16)).toString("hex");
  return hex.replace(/^(.{8})(.{4}).(.{3})(.{4})(.{12})$/, "$1-$2-4$3-$4-$5");
}
