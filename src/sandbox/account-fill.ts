import {
  AUDIT_ACCOUNT,
  AUDIT_BUCKET,
  CI_REPOSITORY,
  CUSTOMER_BUCKET,
  KMS_KEYS,
  ORDER_BUCKET,
  PAYROLL_BUCKET,
  REASON_BUCKET,
  SSO_ROLE,
  STORE_ACCOUNT,
  STORE_ROLES,
  TRAIL_BUCKET,
  WITNESS_ACCOUNT,
} from "./account.ts";
import { customerObjects, fakeCustomers, orderObjects, payrollObjects } from "./account-data.ts";
import {
  adminPolicy,
  approverPolicy,
  approverTrust,
  auditBucketPolicy,
  auditorPolicy,
  emergencyTrust,
  keeperPolicy,
  kmsKeyPolicy,
  policyText,
  reasonBucketPolicy,
  requesterPolicy,
  storeCeiling,
  storeRoles,
  storeTrust,
  trailBucketPolicy,
  userPolicy,
  witnessPolicy,
} from "./account-policies.ts";
import { addPolicy, addRole, addUser, addUserKey } from "./iam/entities.ts";
import { CI_ISSUER } from "./issuers.ts";
import { addKmsKey } from "./kms/keys.ts";
import type { BucketSeed } from "./service.ts";
import { type Account, addAccount, type Role, type World } from "./world.ts";

/** How the account that the sandbox comes with is made. */

/** Days that a record cannot be changed or deleted: PCI DSS asks for 12 months. */
const LOCK_DAYS = 400;

const user = (name: string): string => `arn:aws:iam::${STORE_ACCOUNT}:user/${name}`;
const APPROVERS = [user("bob"), user("carol")];

/** Creates accounts and buckets where they do not exist yet; of an account that exists, nothing is changed. */
export function createAccount(
  world: World,
  options: { readonly seed: BucketSeed; readonly now: Date; readonly region: string },
): void {
  if (!world.accounts.has(STORE_ACCOUNT)) fillAccounts(world, options.now.toISOString());
  fillKeys(world, options);
  fillBuckets(world, options);
}

/** Signing keys: one of a machine, one of an administrator, one of whoever seals the log. */
function fillKeys(world: World, { now, region }: { readonly now: Date; readonly region: string }): void {
  const account = world.accounts.get(STORE_ACCOUNT);
  if (account === undefined || account.kmsKeys.size > 0) return;
  const created = now.toISOString();
  for (const { alias, spec, holder } of KMS_KEYS) {
    const policy = kmsKeyPolicy(STORE_ACCOUNT, user(holder), spec);
    addKmsKey(world, account, { alias, spec, region, created, policy });
  }
}

function fillAccounts(world: World, created: string): void {
  const audit = addAccount(world, AUDIT_ACCOUNT);
  audit.outboundFederation = true;
  const keeper = addUser(world, audit, { name: "keeper", created });
  addUserKey(world, keeper, created);
  keeper.inline.set("keeper", keeperPolicy([AUDIT_BUCKET, TRAIL_BUCKET]));
  const account = addAccount(world, STORE_ACCOUNT);
  account.outboundFederation = true;
  const everybody = addPolicy(world, account, {
    name: "jit-user",
    created,
    document: userPolicy(AUDIT_BUCKET, REASON_BUCKET, STORE_ACCOUNT),
    description: "What everybody needs to use jit",
  }).arn;
  const everyone = storeTrust(STORE_ACCOUNT);
  addStoreRole(world, account, "pii-customers", CUSTOMER_BUCKET, everyone, 3_600, created);
  addStoreRole(world, account, "pii-orders", ORDER_BUCKET, everyone, 14_400, created);
  addStoreRole(world, account, "pii-payroll", PAYROLL_BUCKET, approverTrust(APPROVERS), 3_600, created);

  const emergency = emergencyTrust([user("alice")]);
  addStoreRole(world, account, "pii-payroll-emergency", PAYROLL_BUCKET, emergency, 3_600, created);

  const person = (name: string, policies: Readonly<Record<string, string>>): void => {
    const user = addUser(world, account, { name, created });
    addUserKey(world, user, created);
    for (const [policy, document] of Object.entries(policies)) user.inline.set(policy, document);
    if (name !== "eve") user.attached.add(everybody);
  };
  const approver = approverPolicy(AUDIT_BUCKET, REASON_BUCKET, STORE_ACCOUNT, [STORE_ROLES.payroll]);
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
  person("admin", { admin: adminPolicy(AUDIT_BUCKET, REASON_BUCKET, STORE_ACCOUNT) });
  person("auditor", { auditor: auditorPolicy(AUDIT_BUCKET, REASON_BUCKET, TRAIL_BUCKET) });
  const elsewhere = addUser(world, addAccount(world, WITNESS_ACCOUNT), { name: "witness", created });
  addUserKey(world, elsewhere, created);
  elsewhere.inline.set("witness", witnessPolicy(AUDIT_BUCKET));
  addSingleSignOn(world, account, created).attached.add(everybody);
  addCi(world, account, created).attached.add(everybody);
}

function addStoreRole(
  world: World,
  account: Account,
  name: string,
  bucket: string,
  trust: string,
  maxSessionDuration: number,
  created: string,
): void {
  const ceiling = storeCeiling(bucket);
  const boundary = addPolicy(world, account, { name: `${name}-ceiling`, created, document: ceiling }).arn;
  const role = addRole(world, account, {
    name,
    created,
    trust,
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
  seed.createBucket(AUDIT_BUCKET, {
    account: AUDIT_ACCOUNT,
    region,
    created: now,
    objectLock: { mode: "COMPLIANCE", days: LOCK_DAYS },
    policy: auditBucketPolicy(AUDIT_BUCKET, world.organization.id, {
      admins: [user("admin")],
      approvers: APPROVERS,
      sealers: [user("auditor")],
      witnesses: [`arn:aws:iam::${WITNESS_ACCOUNT}:user/witness`],
    }),
  });
  if (!seed.hasBucket(REASON_BUCKET)) {
    seed.createBucket(REASON_BUCKET, {
      account: AUDIT_ACCOUNT,
      region,
      created: now,
      versioning: true,
      policy: reasonBucketPolicy(REASON_BUCKET, world.organization.id, {
        readers: [user("bob"), user("carol"), user("auditor")],
        erasers: [user("admin")],
      }),
    });
  }
  if (!seed.hasBucket(TRAIL_BUCKET)) {
    seed.createBucket(TRAIL_BUCKET, {
      account: AUDIT_ACCOUNT,
      region,
      created: now,
      versioning: true,
      policy: trailBucketPolicy(TRAIL_BUCKET, [user("auditor")]),
    });
  }
  const customers = fakeCustomers(40);
  fillStore(CUSTOMER_BUCKET, customerObjects(customers), seed, region, now);
  fillStore(ORDER_BUCKET, orderObjects(customers), seed, region, now);
  fillStore(PAYROLL_BUCKET, payrollObjects(customers.slice(0, 12)), seed, region, now);
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
