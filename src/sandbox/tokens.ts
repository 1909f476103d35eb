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

/** JSON Web Tokens of the sandbox's issuers: keys, made when first needed, signing and reading. */

/** What `sts:GetWebIdentityToken` can sign with. */
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

const HASHES = { RS256: "sha256", ES384: "sha384" } as const;
/** Those of every issuer here. */
export const ALGORITHMS: readonly Algorithm[] = ["RS256", "ES384"];

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
