import type { ContextValue } from "../../policy/types.ts";
import type { WorldAuthorizer } from "../authorize.ts";
import type { Parameters, Xml } from "../iam/query.ts";
import { CI_ISSUER } from "../issuers.ts";
import { AwsError, type Call } from "../service.ts";
import { type ReadToken, readToken } from "../tokens.ts";
import { type OidcProvider, type Role, roleByArn, type World } from "../world.ts";
import { assumedRoleUser, checkRoleDuration, tagContext } from "./assume.ts";
import {
  checkSourceIdentity,
  checkTags,
  joinTags,
  readDuration,
  readPolicyArns,
  readPolicyText,
  readRoleArn,
  readSessionName,
  readTokenSize,
  type SessionTags,
} from "./input.ts";
import { resolvePolicies } from "./policies.ts";
import { credentialsOf, expirationOf, openSession, pack } from "./session.ts";

const TAGS_CLAIM = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity";

/** Claims that become condition keys `ISSUER:claim`. */
const CONDITION_CLAIMS = ["sub", "azp", "amr", "email", "oaud"];
const CI_CONDITION_CLAIMS = [
  "actor",
  "environment",
  "job_workflow_ref",
  "ref",
  "repository",
  "run_id",
  "workflow",
];

/** `sts:AssumeRoleWithWebIdentity`: unsigned; the token is the caller's identity, tags and source identity. */
export function assumeRoleWithWebIdentity(
  world: World,
  authorizer: WorldAuthorizer,
  call: Call,
  input: Parameters,
): Xml {
  const roleArn = readRoleArn(input);
  const sessionName = readSessionName(input);
  const duration = readDuration(input, 3_600, 900, 43_200);
  const minimum = readTokenSize(input);
  const policyText = readPolicyText(input);
  const policyArns = readPolicyArns(input);
  const token = readToken(input.required("WebIdentityToken"));
  if (token === undefined) throw invalidToken("The ID Token provided is not a valid JWT");

  const role = roleByArn(world, roleArn);
  const provider = providerOf(world, roleArn, token);
  const audience = checkToken(world, provider, token, call.now);
  const subject = text(token.claims["sub"]) ?? "";
  const tags = claimedTags(token);
  const claimed = text(token.claims[SOURCE_IDENTITY_CLAIM]);
  const sourceIdentity = claimed === undefined ? undefined : checkSourceIdentity(claimed);

  const context: Record<string, ContextValue> = {
    ...claimContext(provider, token, audience),
    ...tagContext(tags),
    "sts:RoleSessionName": sessionName,
    "aws:FederatedProvider": provider.arn,
    ...(sourceIdentity === undefined ? {} : { "sts:SourceIdentity": sourceIdentity }),
  };
  if (role === undefined) throw notAuthorized("sts:AssumeRoleWithWebIdentity");
  demandFederated(authorizer, call, provider, role, context, [
    "sts:AssumeRoleWithWebIdentity",
    ...(Object.keys(tags.tags).length > 0 ? ["sts:TagSession"] : []),
    ...(sourceIdentity === undefined ? [] : ["sts:SetSourceIdentity"]),
  ]);
  checkRoleDuration(role, duration, false);
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
    mfa: false,
    mfaAt: undefined,
    chained: false,
    scopedDescription: undefined,
    identityStoreUserId: undefined,
    federatedProvider: provider.arn,
    origin:
      provider.subjectType === undefined
        ? undefined
        : {
            subject,
            subjectType: provider.subjectType,
            issuer: provider.issuer.slice("https://".length),
            providerArn: provider.arn,
          },
  });
  return {
    SubjectFromWebIdentityToken: subject,
    Audience: audience,
    AssumedRoleUser: assumedRoleUser(session),
    Credentials: credentialsOf(session),
    Provider: provider.arn,
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
    PackedPolicySize: packing.packedPolicySize,
    SessionTokenUtilization: packing.tokenUtilization,
    SessionTokenSize: packing.tokenSize,
  };
}

/** The identity provider of the role's account that the token's issuer names. */
function providerOf(world: World, roleArn: string, token: ReadToken): OidcProvider {
  const issuer = text(token.claims["iss"]) ?? "";
  const account = world.accounts.get(roleArn.split(":")[4] ?? "");
  const provider = account?.oidcProviders.get(issuer.replace(/^https:\/\//, ""));
  if (provider === undefined || provider.issuer !== issuer) {
    throw invalidToken(`No OpenIDConnect provider found in your account for ${issuer}`);
  }
  return provider;
}

/** Signature, times and audience. Returns the audience that matched. */
function checkToken(world: World, provider: OidcProvider, token: ReadToken, now: Date): string {
  const keys = provider.issuer === CI_ISSUER ? world.ciKeys : world.stsKeys;
  if (!token.signedBy(keys)) {
    throw invalidToken("Couldn't retrieve verification key from your identity provider");
  }
  const seconds = Math.floor(now.getTime() / 1000);
  const { exp, nbf, aud } = token.claims;
  if (typeof exp !== "number") throw invalidToken("Missing a required claim: exp");
  if (seconds >= exp) {
    const words = `Token expired: current date/time ${seconds} must be before the expiration date/time ${exp}`;
    throw new AwsError("ExpiredTokenException", 400, words);
  }
  if (typeof nbf === "number" && seconds < nbf) throw invalidToken("The token is not yet valid");
  const audiences = Array.isArray(aud) ? aud : [aud];
  const audience = audiences.find((value) => provider.clientIds.includes(value));
  if (typeof audience !== "string") throw invalidToken("Incorrect token audience");
  return audience;
}

function claimContext(
  provider: OidcProvider,
  token: ReadToken,
  audience: string,
): Record<string, ContextValue> {
  const prefix = provider.issuer.slice("https://".length);
  const names =
    provider.issuer === CI_ISSUER ? [...CONDITION_CLAIMS, ...CI_CONDITION_CLAIMS] : CONDITION_CLAIMS;
  const context: Record<string, ContextValue> = { [`${prefix}:aud`]: audience };
  for (const name of names) {
    const value = token.claims[name];
    if (typeof value === "string") context[`${prefix}:${name}`] = value;
    if (Array.isArray(value)) context[`${prefix}:${name}`] = value.map(String);
  }
  return context;
}

function claimedTags(token: ReadToken): SessionTags {
  const claim = token.claims[TAGS_CLAIM];
  if (typeof claim !== "object" || claim === null) return joinTags({}, [], {});
  const values = "principal_tags" in claim ? claim.principal_tags : {};
  const transitive =
    "transitive_tag_keys" in claim && Array.isArray(claim.transitive_tag_keys)
      ? claim.transitive_tag_keys
      : [];
  if (typeof values !== "object" || values === null) throw invalidToken("Invalid session tags in the token");
  const entries = Object.entries(values).map(([key, value]) => {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return [key, String(first)] as const;
  });
  if (entries.length > 50) throw invalidToken("The token has more than 50 session tags");
  return joinTags(checkTags(entries), transitive.map(String), {});
}

function demandFederated(
  authorizer: WorldAuthorizer,
  call: Call,
  provider: OidcProvider,
  role: Role,
  context: Readonly<Record<string, ContextValue>>,
  actions: readonly string[],
): void {
  const account = role.arn.split(":")[4] ?? "";
  const principal = { arn: provider.arn, roleArn: undefined, account, type: "federated" } as const;
  for (const action of actions) {
    const evaluation = authorizer.assumeFederated(call, principal, role, action, context);
    if (evaluation.verdict !== "allow") throw notAuthorized(action);
  }
}

function notAuthorized(action: string): AwsError {
  return new AwsError("AccessDenied", 403, `Not authorized to perform ${action}`);
}

function invalidToken(words: string): AwsError {
  return new AwsError("InvalidIdentityToken", 400, words);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
