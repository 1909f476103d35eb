import { isoSeconds } from "./iam/query.ts";
import type { Call, Reply } from "./service.ts";
import { ALGORITHMS, type SigningKeys, signToken } from "./tokens.ts";

/**
 * The sandbox's two token issuers: STS itself (`sts:GetWebIdentityToken`) and a CI service that looks like
 * GitHub's. Each has an RSA and a P-384 key.
 */

/** The part of the world that issuers need. */
export interface TokenState {
  /** `size` random bytes. */
  readonly random: (size: number) => Uint8Array;
  /** Keys of STS as a token issuer. */
  readonly stsKeys: SigningKeys;
  /** Keys of the CI service. */
  readonly ciKeys: SigningKeys;
  /** Running jobs of the CI service, by the bearer token with which a job asks for its identity token. */
  readonly ciJobs: Map<string, CiJob>;
}

/** Issuer of the CI service's tokens. The keys are the sandbox's own: GitHub's verify none of them. */
export const CI_ISSUER = "https://token.actions.githubusercontent.com";

/** What a CI job's token says beside the standard claims. */
export interface CiJob {
  /** `owner/name` */
  readonly repository: string;
  /** `refs/heads/main` */
  readonly ref: string;
  readonly workflow: string;
  readonly actor: string;
  readonly runId: string;
  readonly environment?: string;
  /** Session tags (`https://aws.amazon.com/tags`) and source identity that AWS takes from the token. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly sourceIdentity?: string;
}

/** A token of the CI service for one job, good for ten minutes. */
export function mintCiToken(world: TokenState, job: CiJob, audience: string, now: Date): string {
  const issued = Math.floor(now.getTime() / 1000);
  const scope = job.environment === undefined ? `ref:${job.ref}` : `environment:${job.environment}`;
  return signToken(world.ciKeys, "RS256", {
    iss: CI_ISSUER,
    sub: `repo:${job.repository}:${scope}`,
    aud: audience,
    iat: issued,
    nbf: issued - 60,
    exp: issued + 600,
    jti: Buffer.from(world.random(16)).toString("hex"),
    repository: job.repository,
    repository_owner: job.repository.split("/")[0],
    ref: job.ref,
    workflow: job.workflow,
    job_workflow_ref: `${job.repository}/.github/workflows/${job.workflow}.yml@${job.ref}`,
    actor: job.actor,
    run_id: job.runId,
    ...(job.environment === undefined ? {} : { environment: job.environment }),
    ...(job.sourceIdentity === undefined
      ? {}
      : { "https://aws.amazon.com/source_identity": job.sourceIdentity }),
    ...(job.tags === undefined
      ? {}
      : {
          "https://aws.amazon.com/tags": {
            principal_tags: Object.fromEntries(
              Object.entries(job.tags).map(([key, value]) => [key, [value]]),
            ),
          },
        }),
  });
}

/** Where a job asks for its token, as GitHub's runners do: `ACTIONS_ID_TOKEN_REQUEST_URL`. */
export function ciTokenUrl(origin: string): string {
  return `${origin}/ci/.well-known/token?api-version=2.0`;
}

/**
 * The pages under `/.well-known/` and `/ci/.well-known/`: OpenID configuration and keys of both issuers, and the
 * CI service's tokens for whoever holds the bearer of its job (`GET …/token?audience=A`, `Authorization: bearer TOKEN`).
 */
export function wellKnown(world: TokenState): (call: Call) => Reply | undefined {
  return (call) => {
    switch (call.path) {
      case "/.well-known/openid-configuration":
        return json(configuration(call.origin, `${call.origin}/.well-known/jwks.json`));
      case "/.well-known/jwks.json":
        return json(world.stsKeys.jwks());
      case "/ci/.well-known/openid-configuration":
        return json(configuration(CI_ISSUER, `${call.origin}/ci/.well-known/jwks.json`));
      case "/ci/.well-known/jwks.json":
        return json(world.ciKeys.jwks());
      case "/ci/.well-known/token":
        return ciToken(world, call);
      default:
        return undefined;
    }
  };
}

function ciToken(world: TokenState, call: Call): Reply {
  const bearer = /^bearer (\S+)$/i.exec(call.headers.get("authorization") ?? "")?.[1];
  const job = bearer === undefined ? undefined : world.ciJobs.get(bearer);
  if (job === undefined) return { ...json({ message: "Bad credentials" }), status: 401 };
  const audience = call.query.get("audience") ?? `https://github.com/${job.repository.split("/")[0]}`;
  return json({ value: mintCiToken(world, job, audience, call.now), issued: isoSeconds(call.now) });
}

function configuration(issuer: string, jwksUri: string): object {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ALGORITHMS,
    claims_supported: ["aud", "exp", "iat", "iss", "jti", "sub"],
  };
}

function json(value: object): Reply {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
