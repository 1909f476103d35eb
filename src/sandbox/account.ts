import { customerObjects, fakeCustomers, orderObjects } from "./account-data.ts";
import {
  adminPolicy,
  approverPolicy,
  auditBucketPolicy,
  auditorPolicy,
  policyText,
  requesterPolicy,
  storeCeiling,
  storeRoles,
  storeTrust,
  userPolicy,
} from "./account-policies.ts";
import { addPolicy, addRole, addUser, addUserKey } from "./iam/entities.ts";
import type { BucketSeed } from "./service.ts";
import { expirationOf, openSession, pack } from "./sts/session.ts";
import { CI_ISSUER, type CiJob } from "./tokens.ts";
import { type Account, addAccount, type Role, type World } from "./world.ts";

/** The account that the sandbox comes with: people, roles, stores with data, and the audit bucket. */

/** Holds people, roles and stores. */
export const STORE_ACCOUNT = "111122223333";
/** Holds the audit bucket, and nobody. */
export const AUDIT_ACCOUNT = "444455556666";
export const AUDIT_BUCKET = "jit-audit";
export const CUSTOMER_BUCKET = "acme-customers";
export const ORDER_BUCKET = "acme-orders";

export const STORE_ROLES = {
  customers: `arn:aws:iam::${STORE_ACCOUNT}:role/pii-customers`,
  orders: `arn:aws:iam::${STORE_ACCOUNT}:role/pii-orders`,
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
  { name: "alice", title: "engineer; may ask for every store" },
  { name: "bob", title: "owner of the data; approves and revokes" },
  { name: "carol", title: "approves and revokes" },
  { name: "dave", title: "analyst; may ask for orders, and can read exports without asking" },
  { name: "eve", title: "may nothing at all" },
  { name: "frank", title: "engineer by Identity Center" },
  { name: "admin", title: "security; IAM, trust file and catalog" },
  { name: "auditor", title: "reads the log, IAM and CloudTrail; seals the tree" },
];

const SSO_PERSON = "frank";
const SSO_ROLE = "AWSReservedSSO_engineer_4f1d2c3b5a697887";
const SSO_USER_ID = "c4d8a4e8-7051-70aa-1c11-5b1d6d1e2f30";
const SSO_SESSION_SECONDS = 8 * 3_600;

/** Days that a record cannot be changed or deleted: PCI DSS asks for 12 months. */
const LOCK_DAYS = 400;

/** Creates accounts and buckets where they do not exist yet; of an account that exists, nothing is changed. */
export function createAccount(
  world: World,
  options: { readonly seed: BucketSeed; readonly now: Date; readonly region: string },
): void {
  if (!world.accounts.has(STORE_ACCOUNT)) fillAccounts(world, options.now.toISOString());
  fillBuckets(world, options);
}

function fillAccounts(world: World, created: string): void {
  addAccount(world, AUDIT_ACCOUNT).outboundFederation = true;
  const account = addAccount(world, STORE_ACCOUNT);
  account.outboundFederation = true;
  const everybody = addPolicy(world, account, {
    name: "jit-user",
    created,
    document: userPolicy(AUDIT_BUCKET, STORE_ACCOUNT),
    description: "What everybody needs to use jit",
  }).arn;
  addStoreRole(world, account, "pii-customers", CUSTOMER_BUCKET, 3_600, created);
  addStoreRole(world, account, "pii-orders", ORDER_BUCKET, 14_400, created);

  const person = (name: string, policies: Readonly<Record<string, string>>): void => {
    const user = addUser(world, account, { name, created });
    addUserKey(world, user, created);
    for (const [policy, document] of Object.entries(policies)) user.inline.set(policy, document);
    if (name !== "eve") user.attached.add(everybody);
  };
  const approver = approverPolicy(AUDIT_BUCKET, STORE_ACCOUNT);
  person("alice", { requester: requesterPolicy(storeRoles(STORE_ACCOUNT)) });
  person("bob", { approver });
  person("carol", { approver });
  person("dave", {
    requester: requesterPolicy(STORE_ROLES.orders),
    // Left over from before jit: what a review of standing access must find.
    "legacy-exports": policyText({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${CUSTOMER_BUCKET}/exports/*`,
    }),
  });
  person("eve", {});
  person("admin", { admin: adminPolicy(AUDIT_BUCKET, STORE_ACCOUNT) });
  person("auditor", { auditor: auditorPolicy(AUDIT_BUCKET) });
  addSingleSignOn(world, account, created).attached.add(everybody);
  addCi(world, account, created).attached.add(everybody);
}

function addStoreRole(
  world: World,
  account: Account,
  name: string,
  bucket: string,
  maxSessionDuration: number,
  created: string,
): void {
  const ceiling = storeCeiling(bucket);
  const boundary = addPolicy(world, account, { name: `${name}-ceiling`, created, document: ceiling }).arn;
  const role = addRole(world, account, {
    name,
    created,
    trust: storeTrust(account.id),
    maxSessionDuration,
    boundary,
    description: `Personal data in ${bucket}`,
    tags: { "jit:store": bucket },
  });
  role.inline.set("store", ceiling);
}

/** A role as Identity Center makes it: only its SAML provider may assume it. */
function addSingleSignOn(world: World, account: Account, created: string): Role {
  const role = addRole(world, account, {
    name: SSO_ROLE,
    path: "/aws-reserved/sso.amazonaws.com/",
    created,
    maxSessionDuration: 43_200,
    trust: policyText({
      Effect: "Allow",
      Principal: {
        Federated: `arn:aws:iam::${account.id}:saml-provider/AWSSSO_4f1d2c3b5a697887_DO_NOT_DELETE`,
      },
      Action: ["sts:AssumeRoleWithSAML", "sts:TagSession"],
      Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
    }),
  });
  role.inline.set("AwsSSOInlinePolicy", requesterPolicy(storeRoles(account.id)));
  return role;
}

/** The CI service's identity provider, and the role that jobs of one repository's main branch may assume. */
function addCi(world: World, account: Account, created: string): Role {
  const host = CI_ISSUER.slice("https://".length);
  const provider = `arn:aws:iam::${account.id}:oidc-provider/${host}`;
  account.oidcProviders.set(host, {
    arn: provider,
    issuer: CI_ISSUER,
    clientIds: ["sts.amazonaws.com"],
    subjectType: "workload",
  });
  const role = addRole(world, account, {
    name: "ci",
    created,
    trust: policyText({
      Effect: "Allow",
      Principal: { Federated: provider },
      Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
      Condition: {
        StringEquals: { [`${host}:aud`]: "sts.amazonaws.com" },
        StringLike: { [`${host}:sub`]: `repo:${CI_REPOSITORY}:ref:refs/heads/main` },
      },
    }),
  });
  role.inline.set("requester", requesterPolicy(storeRoles(account.id)));
  return role;
}

function fillBuckets(
  world: World,
  { seed, now, region }: { readonly seed: BucketSeed; readonly now: Date; readonly region: string },
): void {
  const user = (name: string): string => `arn:aws:iam::${STORE_ACCOUNT}:user/${name}`;
  seed.createBucket(AUDIT_BUCKET, {
    account: AUDIT_ACCOUNT,
    region,
    created: now,
    objectLock: { mode: "COMPLIANCE", days: LOCK_DAYS },
    policy: auditBucketPolicy(AUDIT_BUCKET, world.organization.id, {
      admins: [user("admin")],
      approvers: [user("bob"), user("carol")],
      sealers: [user("auditor")],
    }),
  });
  const customers = fakeCustomers(40);
  fillStore(CUSTOMER_BUCKET, customerObjects(customers), seed, region, now);
  fillStore(ORDER_BUCKET, orderObjects(customers), seed, region, now);
}

function fillStore(
  bucket: string,
  objects: readonly (readonly [string, string])[],
  seed: BucketSeed,
  region: string,
  now: Date,
): void {
  if (seed.hasBucket(bucket)) return;
  seed.createBucket(bucket, { account: STORE_ACCOUNT, region, created: now });
  for (const [key, body] of objects) seed.putObject(bucket, key, body, now);
}

export interface PersonCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Both present for Identity Center's people, whose credentials are temporary. */
  readonly sessionToken: string | undefined;
  readonly expiration: Date | undefined;
}

/** Credentials with which that person calls AWS; `undefined` for nobody. Signs in anew by Identity Center. */
export function personCredentials(world: World, name: string, now: Date): PersonCredentials | undefined {
  const account = world.accounts.get(STORE_ACCOUNT);
  if (name === SSO_PERSON) return signIn(world, now);
  const key = account?.users.get(name)?.accessKeys[0];
  if (key === undefined) return undefined;
  return { accessKeyId: key.id, secretAccessKey: key.secret, sessionToken: undefined, expiration: undefined };
}

/** A session as Identity Center opens it: it names the session after the person, and AWS knows the person's id. */
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
    tags: {},
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
