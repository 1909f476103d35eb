import { createPublicKey, verify } from "node:crypto";
import { decodeBase64url } from "../access/base64url.ts";
import { parseStrictJson } from "../access/canonical.ts";
import type { Identity, Trust } from "../access/types.ts";
import { secondsOf } from "./time.ts";

/** How well it is known whose key it is: AWS signed it, or only the bucket's policy let the writer's path through. */
export type Grade = "attested" | "path only";

/** What is believed of a statement, and where not, why. */
export type StatementVerdict = "attested" | "absent" | "untrusted issuer" | "invalid";

/** Seconds that the clocks of AWS's services may differ. */
const tolerance = 300;
const namespace = "https://sts.amazonaws.com/";

/**
 * Checks AWS's signed statement (JWT of `sts:GetWebIdentityToken`, RFC 7519) offline: RS256 or ES384 by a key that the
 * trust file has archived for its issuer, the audience this key's thumbprint alone, account and principal those of the
 * record, and the record signed while it was valid.
 * @param at time of the `enrol` record
 * @returns `untrusted issuer` where the trust file names no such issuer, so that nothing can be said
 */
export function judgeStatement(
  statement: string,
  expected: { readonly thumbprint: string; readonly by: Identity; readonly at: string },
  issuers: Trust["tokenIssuers"],
): StatementVerdict {
  if (statement === "-") return "absent";
  const claims = signedClaims(statement, issuers);
  if (typeof claims === "string") return claims;
  const good =
    isFor(claims.get("aud"), expected.thumbprint) &&
    isCurrent(claims, secondsOf(expected.at)) &&
    isPrincipal(claims, expected.by);
  return good ? "attested" : "invalid";
}

/** The claims of a JWT whose signature is right, by their names. */
export type Claims = ReadonlyMap<string, unknown>;

/**
 * The claims of a JWT (RFC 7519) that one of the trust file's issuers signed by RS256 or ES384. Audience and time are not
 * looked at.
 */
export function signedClaims(
  statement: string,
  issuers: Trust["tokenIssuers"],
): Claims | "untrusted issuer" | "invalid" {
  const [headText = "", bodyText = "", signatureText = ""] = statement.split(".");
  const head = members(headText);
  const claims = members(bodyText);
  const signature = bytesOf(signatureText);
  if (head === undefined || claims === undefined || signature === undefined) return "invalid";
  const issuer = issuers.find((known) => known.issuer === claims.get("iss"));
  if (issuer === undefined) return "untrusted issuer";
  const signed = Buffer.from(`${headText}.${bodyText}`, "latin1");
  return isSigned(head, signed, signature, issuer.keys) && !head.has("crit") ? claims : "invalid";
}

/** What a statement says of the person; to be read of one that `judgeStatement` calls attested alone. */
export interface StatementClaims {
  /** ARN of the user, or of the session's role. */
  readonly principal: string;
  readonly sourceIdentity: string | undefined;
  /** User of IAM Identity Center. */
  readonly identityStoreUserId: string | undefined;
  /** Subject of the origin identity, where the statement is about that. */
  readonly originSubject: string | undefined;
  /** ARN of the identity provider by which the session was opened: a pipeline's, or a person's. */
  readonly federatedProvider?: string | undefined;
}

export function claimsOf(statement: string): StatementClaims | undefined {
  const claims = members(statement.split(".")[1] ?? "");
  const aws = claims === undefined ? undefined : awsClaims(claims);
  if (claims === undefined || aws === undefined) return undefined;
  const principal = textOf(aws.get("principal_id") ?? claims.get("sub"));
  if (principal === undefined) return undefined;
  return {
    principal,
    sourceIdentity: textOf(aws.get("source_identity")),
    identityStoreUserId: textOf(aws.get("identity_store_user_id")),
    federatedProvider: textOf(aws.get("federated_provider")),
    originSubject: aws.get("subject_mode") === "OriginIdentity" ? textOf(claims.get("sub")) : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isSigned(
  head: Claims,
  signed: Uint8Array,
  signature: Uint8Array,
  keys: Trust["tokenIssuers"][number]["keys"],
): boolean {
  const algorithm = head.get("alg");
  const jwk = keys.find((key) => key["kid"] !== undefined && key["kid"] === head.get("kid"));
  if (jwk === undefined || (algorithm !== "RS256" && algorithm !== "ES384")) return false;
  const wanted = algorithm === "RS256" ? jwk["kty"] === "RSA" : jwk["kty"] === "EC" && jwk["crv"] === "P-384";
  if (!wanted) return false;
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    // RFC 7518, section 3.3: 2048 bits at least.
    if (algorithm === "RS256" && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return false;
    const hash = algorithm === "RS256" ? "sha256" : "sha384";
    return verify(hash, signed, { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
}

function isFor(audience: unknown, thumbprint: string): boolean {
  const one: unknown = Array.isArray(audience) && audience.length === 1 ? audience[0] : audience;
  return one === thumbprint;
}

/** @param at Unix seconds */
export function isCurrent(claims: Claims, at: number): boolean {
  const from = claims.get("iat");
  const to = claims.get("exp");
  return typeof from === "number" && typeof to === "number" && from - tolerance <= at && at <= to + tolerance;
}

/** What AWS says of the caller beside the standard claims; `undefined` in another's token. */
export function awsClaims(claims: Claims): Claims | undefined {
  const named = claims.get(namespace);
  return typeof named === "object" && named !== null ? new Map(Object.entries(named)) : undefined;
}

/** `principal_id`, or else `sub`, is the ARN of the user or of the session's role. */
export function isPrincipal(claims: Claims, by: Identity): boolean {
  const aws = awsClaims(claims);
  if (aws === undefined) return false;
  const principal = aws.get("principal_id") ?? claims.get("sub");
  return aws.get("aws_account") === by.account && typeof principal === "string" && isSame(principal, by.arn);
}

/** `arn:P:iam::A:role/path/NAME` is the role of `arn:P:sts::A:assumed-role/NAME/session`, whose ARN has no path. */
function isSame(principal: string, arn: string): boolean {
  const session = /^arn:([a-z0-9-]+):sts::([0-9]{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(arn);
  if (session === null) return principal === arn;
  const role = /^arn:([a-z0-9-]+):iam::([0-9]{12}):role\/(?:.*\/)?([^/]+)$/.exec(principal);
  return role !== null && [1, 2, 3].every((part) => role[part] === session[part]);
}

function members(text: string): Claims | undefined {
  const bytes = bytesOf(text);
  if (bytes === undefined) return undefined;
  try {
    const value = parseStrictJson(bytes);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    return decodeBase64url(text);
  } catch {
    return undefined;
  }
}
