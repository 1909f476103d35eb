import { identityCenterUser } from "../access/rules/groups.ts";
import { findHostile } from "../access/text.ts";
import type { Identity, Trust } from "../access/types.ts";
import { awsClaims, type Claims, isCurrent, isPrincipal, signedClaims } from "./statement.ts";
import { secondsOf } from "./time.ts";

/**
 * `attested` of a request record: what others signed about who asks, with their signed words themselves, so that everybody
 * can check it offline. A member's value has 2,048 characters at most, so a token stands in parts: `proof.aws.1`, …
 */

/** Tokens (compact JWS) of AWS and of the CI service that runs the job. */
export interface Proofs {
  readonly aws: string | undefined;
  readonly ci: string | undefined;
}

/** What a token must be for: the key that signs the record, its writer, and the time of signing. */
export interface Bearer {
  readonly thumbprint: string;
  readonly by: Identity;
  /** As in records. */
  readonly at: string;
}

type Values = Readonly<Record<string, string>>;

/** What is to be thought of a record's `attested`. */
export type AttestedVerdict =
  /** Nothing is said. */
  | "none"
  | "proven"
  /** Without a proof, or with one of an issuer that the trust file does not name: the client's word. */
  | "unproven"
  /** The proof is no such token, or another's, or says something else. */
  | "invalid";

const partLength = 2048;
const maximumParts = 8;
/** So many tags at most, that a record's 64 members suffice. */
const maximumTags = 32;
const proofName = /^proof\.(aws|ci)\.([1-8])$/;

/**
 * What goes into a request record: all that the tokens prove, and the tokens. A token that proves nothing to the trust
 * file's reader is left out, and what it says with it.
 */
export function attestedBy({ aws, ci }: Proofs, bearer: Bearer, issuers: Trust["tokenIssuers"]): Values {
  return { ...provenBy("aws", aws, bearer, issuers), ...provenBy("ci", ci, bearer, issuers) };
}

function provenBy(
  kind: keyof Proofs,
  token: string | undefined,
  bearer: Bearer,
  issuers: Trust["tokenIssuers"],
): Values {
  if (token === undefined || token.length > partLength * maximumParts) return {};
  const values = valuesOf(kind, token, bearer, issuers);
  return typeof values === "string" ? {} : { ...values, ...partsOf(kind, token) };
}

/**
 * What of a record's `attested` holds, to be believed by others than its writer: all of it or nothing.
 * @param issuers of the trust file
 */
export function believedAttested(attested: Values, bearer: Bearer, issuers: Trust["tokenIssuers"]): Values {
  return judgeAttested(attested, bearer, issuers) === "proven" ? attested : {};
}

export function judgeAttested(
  attested: Values,
  bearer: Bearer,
  issuers: Trust["tokenIssuers"],
): AttestedVerdict {
  if (Object.keys(attested).length === 0) return "none";
  const tokens = (["aws", "ci"] as const).flatMap((kind) => {
    const token = tokenIn(attested, kind);
    return token === "" ? [] : [{ kind, token }];
  });
  if (tokens.length === 0) return "unproven";
  let proven: Values = {};
  for (const { kind, token } of tokens) {
    const values = valuesOf(kind, token, bearer, issuers);
    if (values === "untrusted issuer") return "unproven";
    if (values === "invalid") return "invalid";
    proven = { ...proven, ...values, ...partsOf(kind, token) };
  }
  return isSame(proven, attested) ? "proven" : "invalid";
}

function valuesOf(
  kind: keyof Proofs,
  token: string,
  { thumbprint, by, at }: Bearer,
  issuers: Trust["tokenIssuers"],
): Values | "untrusted issuer" | "invalid" {
  const claims = signedClaims(token, issuers);
  if (typeof claims === "string") return claims;
  const audience = claims.get("aud");
  // AWS is asked for all keys of a machine at once, since whose turn it is shows only in the answer beside it.
  const isForKey = Array.isArray(audience) ? audience.includes(thumbprint) : audience === thumbprint;
  if (!isForKey || !isCurrent(claims, secondsOf(at))) return "invalid";
  if (kind === "aws") return isPrincipal(claims, by) ? ofAws(claims) : "invalid";
  return awsClaims(claims) === undefined ? ofCi(claims) : "invalid";
}

function ofAws(claims: Claims): Values {
  const aws = awsClaims(claims) ?? new Map<string, unknown>();
  const tags: unknown = aws.get("principal_tags");
  return {
    ...text("account", aws.get("aws_account")),
    ...text("sourceIdentity", aws.get("source_identity")),
    ...text(identityCenterUser, aws.get("identity_store_user_id")),
    ...text("federatedProvider", aws.get("federated_provider")),
    ...(typeof tags === "object" && tags !== null ? tagsOf(tags) : {}),
  };
}

/** In the order of their names, so that a reader leaves out the same. */
function tagsOf(tags: object): Values {
  const named = Object.entries(tags)
    .filter(([key]) => /^[A-Za-z0-9._:/-]{1,100}$/.test(key))
    .flatMap(([key, value]) => Object.entries(text(`tag.${key}`, value)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(named.slice(0, maximumTags));
}

/** Claims of GitHub Actions and of what speaks like it. */
function ofCi(claims: Claims): Values {
  return {
    "ci.provider": "GitHub Actions",
    ...text("ci.issuer", claims.get("iss")),
    ...text("ci.repository", claims.get("repository")),
    ...text("ci.ref", claims.get("ref")),
    ...text("ci.environment", claims.get("environment")),
    ...text("ci.workflow", claims.get("job_workflow_ref")),
    ...text("ci.run", claims.get("run_id")),
  };
}

/** What no record could hold, or nobody could read, is left out. */
function text(name: string, value: unknown): Values {
  if (typeof value !== "string" || value === "" || value.length > 256) return {};
  return findHostile(value) === undefined ? { [name]: value } : {};
}

function partsOf(kind: keyof Proofs, token: string): Values {
  const parts = token.match(new RegExp(`.{1,${partLength}}`, "gs")) ?? [];
  return Object.fromEntries(parts.map((part, index) => [`proof.${kind}.${index + 1}`, part]));
}

function tokenIn(attested: Values, kind: keyof Proofs): string {
  return Object.entries(attested)
    .flatMap(([name, value]) => {
      const [, of, number] = proofName.exec(name) ?? [];
      return of === kind ? [{ number: Number(number), value }] : [];
    })
    .sort((a, b) => a.number - b.number)
    .map(({ value }) => value)
    .join("");
}

function isSame(a: Values, b: Values): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}

/** The members that are for people to read. */
export function withoutProofs(attested: Values): Values {
  return Object.fromEntries(Object.entries(attested).filter(([name]) => !proofName.test(name)));
}
