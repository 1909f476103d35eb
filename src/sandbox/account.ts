import type { CiJob } from "./issuers.ts";
import { expirationOf, openSession, pack } from "./sts/session.ts";
import type { World } from "./world.ts";

/** The account that the sandbox comes with: people, roles, stores with data, and the audit bucket. */

/** Holds people, roles and stores. */
export const STORE_ACCOUNT = "111122223333";
/** Holds the witness of the log, and nothing else. */
export const WITNESS_ACCOUNT = "777788889999";
/** Holds the audit bucket and the trail's, and their keeper. */
export const AUDIT_ACCOUNT = "444455556666";
export const AUDIT_BUCKET = "jit-audit";
/** For a catalog that keeps reasons apart (`audit.reasons: s3://jit-reasons/`); the sandbox's own does not. */
export const REASON_BUCKET = "jit-reasons";
/** Where the organization's trail is delivered. */
export const TRAIL_BUCKET = "acme-trail";
export const CUSTOMER_BUCKET = "acme-customers";
export const ORDER_BUCKET = "acme-orders";
export const PAYROLL_BUCKET = "acme-payroll";

/** Signing keys of the store account, each for one user: `arn:aws:kms:<region>:111122223333:alias/<alias>`. */
export const KMS_KEYS = [
  { alias: "jit-alice", spec: "ECC_NIST_P256", holder: "alice" },
  { alias: "jit-admin", spec: "ECC_NIST_P256", holder: "admin" },
  { alias: "jit-log", spec: "ECC_NIST_EDWARDS25519", holder: "auditor" },
] as const;

export const STORE_ROLES = {
  customers: `arn:aws:iam::${STORE_ACCOUNT}:role/pii-customers`,
  orders: `arn:aws:iam::${STORE_ACCOUNT}:role/pii-orders`,
  /** Its sessions are issued by approvers alone. */
  payroll: `arn:aws:iam::${STORE_ACCOUNT}:role/pii-payroll`,
  /** The same data in an emergency, for alice alone. */
  payrollEmergency: `arn:aws:iam::${STORE_ACCOUNT}:role/pii-payroll-emergency`,
} as const;

export const CI_ROLE = `arn:aws:iam::${STORE_ACCOUNT}:role/ci`;

/** The repository whose jobs may assume the CI role. */
export const CI_REPOSITORY = "acme/shop";

export interface Person {
  readonly name: string;
  readonly title: string;
}

/** Everybody whom `personCredentials` knows. `frank` signs in through Identity Center, the others are IAM users. */
export const PEOPLE: readonly Person[] = [
  { name: "alice", title: "engineer; may ask for every store, and break the glass of payroll" },
  { name: "bob", title: "owner of the data; approves and revokes; issues for payroll" },
  { name: "carol", title: "approves and revokes; issues for payroll" },
  { name: "dave", title: "analyst; may ask for orders, and can read exports without asking" },
  { name: "eve", title: "may nothing at all" },
  { name: "frank", title: "engineer by Identity Center" },
  { name: "admin", title: "security; IAM, trust file and catalog" },
  { name: "auditor", title: "reads the log, IAM and CloudTrail; seals the log" },
  { name: "witness", title: "in an account of its own; cosigns the sealed log" },
  { name: "keeper", title: "administers the audit account: its buckets' settings, its CloudTrail" },
];

const SSO_PERSON = "frank";
/** Name of the role that Identity Center made. */
export const SSO_ROLE = "AWSReservedSSO_engineer_4f1d2c3b5a697887";
const SSO_USER_ID = "c4d8a4e8-7051-70aa-1c11-5b1d6d1e2f30";
const SSO_SESSION_SECONDS = 8 * 3_600;

export interface PersonCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Both present for Identity Center's people, whose credentials are temporary. */
  readonly sessionToken: string | undefined;
  readonly expiration: Date | undefined;
}

/** Credentials with which that person calls AWS; `undefined` for nobody. Signs in anew by Identity Center. */
export function personCredentials(world: World, name: string, now: Date): PersonCredentials | undefined {
  if (name === SSO_PERSON) return signIn(world, now);
  const accounts = [STORE_ACCOUNT, WITNESS_ACCOUNT, AUDIT_ACCOUNT].flatMap(
    (id) => world.accounts.get(id) ?? [],
  );
  const [key] = accounts.flatMap((account) => account.users.get(name)?.accessKeys ?? []);
  if (key === undefined) return undefined;
  return { accessKeyId: key.id, secretAccessKey: key.secret, sessionToken: undefined, expiration: undefined };
}

/** A session as Identity Center opens it: named after the person, whose id AWS knows, with an attribute of the person as a tag. */
function signIn(world: World, now: Date): PersonCredentials | undefined {
  const role = world.accounts.get(STORE_ACCOUNT)?.roles.get(SSO_ROLE);
  if (role === undefined) return undefined;
  return openSession(world, pack([], [], {}).tokenSize, {
    kind: "role",
    roleArn: role.arn,
    roleId: role.id,
    account: STORE_ACCOUNT,
    userName: undefined,
    sessionName: SSO_PERSON,
    issuedAt: now,
    expiration: expirationOf(now, SSO_SESSION_SECONDS),
    sourceIdentity: undefined,
    tags: { team: "engineering" },
    transitiveTagKeys: [],
    policies: [],
    scopedPolicies: 0,
    mfa: false,
    mfaAt: undefined,
    chained: false,
    scopedDescription: undefined,
    identityStoreUserId: SSO_USER_ID,
    federatedProvider: undefined,
    origin: undefined,
  });
}

/** A job on the main branch of the repository that the CI role trusts. */
export function ciJob(runId: string): CiJob {
  return { repository: CI_REPOSITORY, ref: "refs/heads/main", workflow: "report", actor: "alice", runId };
}

/** Starts a job: whoever holds the returned bearer gets its identity tokens from the CI service. */
export function startCiJob(world: World, job: CiJob): string {
  const bearer = Buffer.from(world.random(24)).toString("base64url");
  world.ciJobs.set(bearer, job);
  return bearer;
}
