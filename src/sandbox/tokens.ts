import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { isoSeconds } from "./iam/query.ts";
import type { Call, Reply } from "./service.ts";

/**
 * The sandbox's two token issuers: STS itself (`sts:GetWebIdentityToken`) and a CI service that looks like
 * GitHub's. Each has an RSA and a P-384 key, made when first needed.
 */

export type Algorithm = "RS256" | "ES384";

export interface SigningKey {
  readonly algorithm: Algorithm;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** With `kid`, `alg` and `use`. */
  readonly publicJwk: JsonWebKey;
}

export interface SigningKeys {
  key(algorithm: Algorithm): SigningKey;
  /** The public halves, as a JWKS document has them. */
  jwks(): { keys: JsonWebKey[] };
  /** The private halves of keys made so far, to be stored. */
  stored(): Partial<Record<Algorithm, JsonWebKey>>;
}

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

const HASHES = { RS256: "sha256", ES384: "sha384" } as const;
const ALGORITHMS: readonly Algorithm[] = ["RS256", "ES384"];

export function signingKeys(known: Partial<Record<Algorithm, JsonWebKey>> = {}): SigningKeys {
  const made = new Map<Algorithm, SigningKey>();
  for (const algorithm of ALGORITHMS) {
    const jwk = known[algorithm];
    if (jwk !== undefined) {
      made.set(algorithm, describe(algorithm, createPrivateKey({ key: jwk, format: "jwk" })));
    }
  }
  const key = (algorithm: Algorithm): SigningKey => {
    const existing = made.get(algorithm);
    if (existing !== undefined) return existing;
    const fresh = describe(algorithm, generate(algorithm));
    made.set(algorithm, fresh);
    return fresh;
  };
  return {
    key,
    jwks: () => ({ keys: ALGORITHMS.map((algorithm) => key(algorithm).publicJwk) }),
    stored: () =>
      Object.fromEntries(
        [...made].map(([name, { privateKey }]) => [name, privateKey.export({ format: "jwk" })]),
      ),
  };
}

function generate(algorithm: Algorithm): KeyObject {
  return algorithm === "RS256"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
    : generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
}

function describe(algorithm: Algorithm, privateKey: KeyObject): SigningKey {
  const jwk = createPublicKey(privateKey).export({ format: "jwk" });
  const members =
    algorithm === "RS256"
      ? { e: text(jwk.e), kty: "RSA", n: text(jwk.n) }
      : { crv: "P-384", kty: "EC", x: text(jwk.x), y: text(jwk.y) };
  const kid = createHash("sha256").update(JSON.stringify(members)).digest("base64url");
  return { algorithm, kid, privateKey, publicJwk: { ...members, kid, alg: algorithm, use: "sig" } };
}

function text(member: string | undefined): string {
  if (member === undefined) throw new Error("a JWK that Node exported lacks a member");
  return member;
}

/** A compact JWS over the claims. */
export function signToken(keys: SigningKeys, algorithm: Algorithm, claims: object): string {
  const { kid, privateKey } = keys.key(algorithm);
  const input = `${encode({ alg: algorithm, kid, typ: "JWT" })}.${encode(claims)}`;
  const signature = sign(HASHES[algorithm], Buffer.from(input), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${input}.${signature.toString("base64url")}`;
}

export interface ReadToken {
  readonly claims: Readonly<Record<string, unknown>>;
  /** Whether one of the given keys signed it. */
  readonly signedBy: (keys: SigningKeys) => boolean;
}

/** Takes a compact JWT apart; `undefined` for what is none. Claims are not to be believed before `signedBy`. */
export function readToken(token: string): ReadToken | undefined {
  const [header, payload, signature, ...rest] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    return undefined;
  }
  const head = decode(header);
  const claims = decode(payload);
  if (head === undefined || claims === undefined) return undefined;
  return {
    claims,
    signedBy: (keys) => {
      const algorithm = ALGORITHMS.find((name) => name === head["alg"]);
      if (algorithm === undefined) return false;
      const { kid, privateKey } = keys.key(algorithm);
      if (head["kid"] !== kid) return false;
      const key = { key: createPublicKey(privateKey), dsaEncoding: "ieee-p1363" } as const;
      const input = Buffer.from(`${header}.${payload}`);
      return verify(HASHES[algorithm], input, key, Buffer.from(signature, "base64url"));
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

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
