import type { JsonWebKey } from "node:crypto";
import type { TokenState } from "./issuers.ts";
import type { Caller, KeyLookup, RoleSession } from "./service.ts";

/**
 * The sandbox's state: accounts with their users, roles, managed policies and identity providers, and the
 * sessions that STS has issued. Plain values that survive `JSON.stringify`, but for the dates of sessions.
 * Ids and secrets come from the random source that was passed in; nothing here reads a clock.
 */

export interface World extends KeyLookup, TokenState {
  readonly organization: Organization;
  readonly accounts: Map<string, Account>;
  /** By access key id. */
  readonly sessions: Map<string, Session>;
}

/** `size` random bytes. */
export type RandomSource = (size: number) => Uint8Array;

export interface Organization {
  /** `o-…` */
  readonly id: string;
  /** `o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` prints it. */
  readonly path: string;
}

export interface Account {
  readonly id: string;
  /** Whether the account has opted in to `sts:GetWebIdentityToken`. */
  outboundFederation: boolean;
  readonly users: Map<string, User>;
  readonly roles: Map<string, Role>;
  /** By ARN. */
  readonly policies: Map<string, ManagedPolicy>;
  /** By issuer without `https://`, as condition keys spell it. */
  readonly oidcProviders: Map<string, OidcProvider>;
  /** By key id. */
  readonly kmsKeys: Map<string, KmsKey>;
}

/** What users and roles have in common. Times are ISO 8601 in UTC. */
export interface Entity {
  readonly name: string;
  readonly path: string;
  /** `AIDA…` or `AROA…` */
  readonly id: string;
  readonly arn: string;
  readonly created: string;
  tags: Record<string, string>;
  /** Inline policies, JSON text by name. */
  readonly inline: Map<string, string>;
  /** ARNs of managed policies. */
  readonly attached: Set<string>;
  /** ARN of the managed policy that bounds it. */
  boundary: string | undefined;
}

export interface User extends Entity {
  readonly accessKeys: UserKey[];
}

export interface UserKey {
  readonly id: string;
  readonly secret: string;
  status: "Active" | "Inactive";
  readonly created: string;
}

export interface Role extends Entity {
  /** JSON text. */
  trust: string;
  /** Seconds, 3,600 to 43,200. */
  maxSessionDuration: number;
  description: string | undefined;
}

export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly id: string;
  readonly arn: string;
  readonly created: string;
  readonly description: string | undefined;
  readonly versions: { readonly id: string; readonly document: string; readonly created: string }[];
  defaultVersion: string;
}

export interface OidcProvider {
  readonly arn: string;
  /** `https://…`, what the token's `iss` must be. */
  readonly issuer: string;
  readonly clientIds: string[];
  /** Whether its subjects become the session's origin identity, and as what. */
  readonly subjectType: "user" | "workload" | undefined;
}

export type KeySpec = "ECC_NIST_P256" | "ECC_NIST_EDWARDS25519";

/** An asymmetric key of KMS, for signing. */
export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  /** Without `alias/`. */
  readonly alias: string;
  readonly spec: KeySpec;
  readonly created: string;
  enabled: boolean;
  /** The key policy, JSON text. */
  policy: string;
  readonly privateJwk: JsonWebKey;
}

/** A session as the world keeps it: what `RoleSession` tells, and where it came from. */
export interface Session extends RoleSession {
  /** `user` for GetSessionToken: then role, session name, tags and policies are empty. */
  readonly kind: "role" | "user";
  readonly account: string;
  readonly userName: string | undefined;
  /** How many of `policies` came from GetScopedCredentials (at most 3). */
  readonly scopedPolicies: number;
  /** When MFA was given, where it was. */
  readonly mfaAt: Date | undefined;
  /** Set by Identity Center: the person's id in the identity store. */
  readonly identityStoreUserId: string | undefined;
  /** ARN of the identity provider, or its issuer: `aws:FederatedProvider`. */
  readonly federatedProvider: string | undefined;
  /** `aws:OriginIdentity/*` of the trusted identity propagation context. */
  readonly origin: OriginIdentity | undefined;
}

export interface OriginIdentity {
  readonly subject: string;
  readonly subjectType: "user" | "workload";
  readonly issuer: string;
  readonly providerArn: string | undefined;
}

export function addAccount(world: World, id: string): Account {
  const account: Account = {
    id,
    outboundFederation: false,
    users: new Map(),
    roles: new Map(),
    policies: new Map(),
    oidcProviders: new Map(),
    kmsKeys: new Map(),
  };
  world.accounts.set(id, account);
  return account;
}

/** Base32 without ambiguity, as AWS's ids have: `AROA` and 17 more, `AKIA` and 16 more. */
export function uniqueId(random: RandomSource, prefix: string, length: number): string {
  return prefix + fromAlphabet(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length);
}

/** A secret access key: 40 characters. */
export function secretKey(random: RandomSource): string {
  return fromAlphabet(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 40);
}

export function lowerId(random: RandomSource, length: number): string {
  return fromAlphabet(random, "abcdefghijklmnopqrstuvwxyz012345", length);
}

/** The alphabet's length is a power of two, so no character is likelier than another. */
function fromAlphabet(random: RandomSource, alphabet: string, length: number): string {
  return Array.from(random(length), (byte) => alphabet.charAt(byte % alphabet.length)).join("");
}

/** The session behind a caller, with what `Caller.session` does not tell. */
export function sessionOf(world: World, caller: Caller): Session | undefined {
  return world.sessions.get(caller.accessKeyId);
}

export function roleByArn(world: World, arn: string): Role | undefined {
  const match = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn);
  const role = world.accounts.get(match?.[1] ?? "")?.roles.get(match?.[2] ?? "");
  return role?.arn === arn ? role : undefined;
}

export function policyByArn(world: World, arn: string): ManagedPolicy | undefined {
  const account = /^arn:[^:]+:iam::(\d{12}):policy\//.exec(arn)?.[1];
  return world.accounts.get(account ?? "")?.policies.get(arn);
}

/** JSON text of a managed policy's default version. */
export function documentOf(policy: ManagedPolicy): string {
  const version = policy.versions.find((candidate) => candidate.id === policy.defaultVersion);
  if (version === undefined) throw new Error(`managed policy ${policy.arn} has no default version`);
  return version.document;
}

export function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

/** `arn:aws:sts::1:assumed-role/NAME/SESSION`: the path of the role is left out. */
export function assumedRoleArn(roleArn: string, sessionName: string): string {
  const [, partition = "aws", , , account = ""] = roleArn.split(":");
  const name = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  return `arn:${partition}:sts::${account}:assumed-role/${name}/${sessionName}`;
}

/** Forgets sessions that ended more than a day ago, so that a long-lived sandbox does not grow for ever. */
export function forgetOldSessions(world: World, now: Date): void {
  const limit = now.getTime() - 86_400_000;
  for (const [id, session] of world.sessions) {
    if (session.expiration.getTime() < limit) world.sessions.delete(id);
  }
}
