/** The policies of the sandbox's account, as an organization would write them for jit. JSON texts. */

interface StatementJson {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: "*" | Readonly<Record<string, string | readonly string[]>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export function policyText(...statements: readonly StatementJson[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** `${key}`: a variable that IAM fills in at every request. */
function variable(key: string): string {
  return `\${${key}}`;
}

const READ = ["s3:GetObject", "s3:GetObjectVersion"];
const LIST = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"];
const SETTINGS = ["s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning"];
const ASSUME = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
/** What names the request of a session, in a tag and in its name. */
const NAMED = {
  StringLike: { "sts:RoleSessionName": "jit-*", "aws:RequestTag/jit:request": "?*" },
  "ForAllValues:StringLike": { "aws:TagKeys": "jit:*" },
};

/**
 * A store role's trust with issuer `requester`: whoever of the account may assume it must name the request in
 * a tag and in the session name, and themselves as source identity. A user can give only the own name; of a
 * role, AWS cannot compare the session's name here.
 */
export function storeTrust(account: string): string {
  const Principal = { AWS: `arn:aws:iam::${account}:root` };
  return policyText(
    {
      Sid: "Users",
      Effect: "Allow",
      Principal,
      Action: ASSUME,
      Condition: { ...NAMED, StringEquals: { "sts:SourceIdentity": variable("aws:username") } },
    },
    {
      Sid: "Roles",
      Effect: "Allow",
      Principal,
      Action: ASSUME,
      Condition: {
        ...NAMED,
        ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/*` },
        Null: { "sts:SourceIdentity": "false" },
      },
    },
  );
}

/** A break-glass role's trust: few, by name, in whatever emergency; as themselves. */
export function emergencyTrust(people: readonly string[]): string {
  return policyText({
    Sid: "Emergency",
    Effect: "Allow",
    Principal: { AWS: people },
    Action: ASSUME,
    Condition: {
      ...NAMED,
      StringEquals: { "sts:SourceIdentity": variable("aws:username") },
    },
  });
}

/**
 * A store role's trust with issuer `approver`: approvers alone may assume it, and must name the request in a tag and in the
 * session name, and somebody else than themselves as source identity.
 */
export function approverTrust(approvers: readonly string[]): string {
  return policyText({
    Sid: "Approvers",
    Effect: "Allow",
    Principal: { AWS: approvers },
    Action: ASSUME,
    Condition: {
      ...NAMED,
      Null: { "sts:SourceIdentity": "false" },
      StringNotEquals: { "sts:SourceIdentity": variable("aws:username") },
    },
  });
}

/** All that a store's role may ever do: its permissions, and its boundary. */
export function storeCeiling(bucket: string): string {
  return policyText(
    { Effect: "Allow", Action: LIST, Resource: `arn:aws:s3:::${bucket}` },
    {
      Effect: "Allow",
      Action: [...READ, "s3:PutObject", "s3:DeleteObject"],
      Resource: `arn:aws:s3:::${bucket}/*`,
    },
  );
}

/** What everybody of the organization needs to use jit: the audit bucket, and AWS's statement of who they are. */
export function userPolicy(auditBucket: string, reasonBucket: string, account: string): string {
  const bucket = `arn:aws:s3:::${auditBucket}`;
  return policyText(
    { Sid: "Read", Effect: "Allow", Action: READ, Resource: `${bucket}/v1/*` },
    { Sid: "List", Effect: "Allow", Action: [...LIST, ...SETTINGS], Resource: bucket },
    {
      Sid: "Write",
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: [`${bucket}/v1/rec/*`, `${bucket}/v1/debt/*`, `arn:aws:s3:::${reasonBucket}/*`],
    },
    {
      Sid: "Identity",
      Effect: "Allow",
      Action: ["sts:GetWebIdentityToken", "iam:GetOutboundWebIdentityFederationInfo"],
      Resource: "*",
    },
    { Sid: "Roles", Effect: "Allow", Action: "iam:GetRole", Resource: storeRoles(account) },
  );
}

export function storeRoles(account: string): string {
  return `arn:aws:iam::${account}:role/pii-*`;
}

/** To ask for sessions of these store roles. */
export function requesterPolicy(roles: string | readonly string[]): string {
  return policyText({
    Effect: "Allow",
    Action: ASSUME,
    Resource: roles,
  });
}

/** Approvers claim and issue requests, and may revoke: the roles' boundaries let that only narrow. */
export function approverPolicy(
  auditBucket: string,
  reasonBucket: string,
  account: string,
  issues: readonly string[],
): string {
  return policyText(
    ...readReasons(reasonBucket),
    {
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: [`arn:aws:s3:::${auditBucket}/v1/claim/*`, `arn:aws:s3:::${auditBucket}/v1/settled/*`],
    },
    {
      Effect: "Allow",
      Action: ASSUME,
      Resource: issues,
    },
    {
      Effect: "Allow",
      Action: ["iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:ListRolePolicies"],
      Resource: storeRoles(account),
    },
  );
}

function readReasons(reasonBucket: string) {
  const bucket = `arn:aws:s3:::${reasonBucket}`;
  return [
    { Effect: "Allow", Action: LIST, Resource: bucket },
    { Effect: "Allow", Action: READ, Resource: `${bucket}/*` },
  ] as const;
}

/** Security: IAM, the trust file and the catalog, and none of the data; erases reasons without reading them. */
export function adminPolicy(auditBucket: string, reasonBucket: string, account: string): string {
  const audit = `arn:aws:s3:::${auditBucket}`;
  return policyText(
    { Effect: "Allow", Action: ["iam:*", "cloudtrail:*", "s3:ListAllMyBuckets"], Resource: "*" },
    {
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: [`${audit}/v1/trust/*`, `${audit}/v1/catalog/*`, `${audit}/v1/acknowledged/*`],
    },
    { Effect: "Allow", Action: LIST, Resource: `arn:aws:s3:::${reasonBucket}` },
    {
      Effect: "Allow",
      Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: `arn:aws:s3:::${reasonBucket}/*`,
    },
    { Effect: "Deny", Action: "sts:AssumeRole", Resource: storeRoles(account) },
  );
}

/** Auditors read the log, CloudTrail and IAM, and seal the log's tree. */
export function auditorPolicy(auditBucket: string, reasonBucket: string, trailBucket: string): string {
  return policyText(
    ...readReasons(reasonBucket),
    {
      Effect: "Allow",
      Action: [
        "cloudtrail:LookupEvents",
        "cloudtrail:ListPublicKeys",
        "iam:GetAccountAuthorizationDetails",
        "iam:Get*",
        "iam:List*",
        "iam:SimulatePrincipalPolicy",
      ],
      Resource: "*",
    },
    {
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: [...treeParts.map((part) => `${part}/*`), "checkpoint"].map(
        (part) => `arn:aws:s3:::${auditBucket}/v1/tree/${part}`,
      ),
    },
    {
      Effect: "Allow",
      Action: "s3:GetObjectRetention",
      Resource: `arn:aws:s3:::${auditBucket}/v1/rec/*`,
    },
    { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${trailBucket}` },
    { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${trailBucket}/*` },
  );
}

/** What of the tree is created once. */
const treeParts = ["batch", "tile", "checkpoints", "full"];

/** A witness reads what everybody reads, and creates cosignatures. */
export function witnessPolicy(auditBucket: string): string {
  const bucket = `arn:aws:s3:::${auditBucket}`;
  return policyText(
    { Effect: "Allow", Action: READ, Resource: `${bucket}/v1/*` },
    { Effect: "Allow", Action: LIST, Resource: bucket },
    { Effect: "Allow", Action: "s3:PutObject", Resource: `${bucket}/v1/tree/cosignatures/*` },
  );
}

/**
 * The policy of a signing key: the account administers it (without `kms:Sign`, so that no identity policy can let anybody else
 * sign), and one principal signs, in the one way that jit does.
 */
export function kmsKeyPolicy(
  account: string,
  signer: string,
  spec: "ECC_NIST_P256" | "ECC_NIST_EDWARDS25519",
): string {
  const way =
    spec === "ECC_NIST_P256"
      ? { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" }
      : { "kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW" };
  return policyText(
    {
      Sid: "Administer",
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: [
        "kms:Describe*",
        "kms:Get*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:EnableKey",
        "kms:DisableKey",
        "kms:ScheduleKeyDeletion",
        "kms:CancelKeyDeletion",
      ],
      Resource: "*",
    },
    {
      Sid: "Sign",
      Effect: "Allow",
      Principal: { AWS: signer },
      Action: "kms:Sign",
      Resource: "*",
      Condition: { StringEquals: way },
    },
    {
      Sid: "PublicKey",
      Effect: "Allow",
      Principal: { AWS: signer },
      Action: ["kms:GetPublicKey", "kms:DescribeKey"],
      Resource: "*",
    },
  );
}

/** Who administers the audit account: the settings of its buckets, not what is in them, and CloudTrail. */
export function keeperPolicy(buckets: readonly string[]): string {
  return policyText(
    {
      Effect: "Allow",
      Action: [
        "s3:Get*",
        "s3:List*",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutBucketObjectLockConfiguration",
      ],
      Resource: buckets.flatMap((name) => [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`]),
    },
    { Effect: "Allow", Action: ["cloudtrail:*", "sts:GetWebIdentityToken"], Resource: "*" },
  );
}

/** The trail's bucket: CloudTrail delivers, auditors read. */
export function trailBucketPolicy(bucket: string, readers: readonly string[]): string {
  const arn = `arn:aws:s3:::${bucket}`;
  const Principal = { Service: "cloudtrail.amazonaws.com" };
  const AWS = { AWS: readers };
  return policyText(
    { Sid: "Acl", Effect: "Allow", Principal, Action: "s3:GetBucketAcl", Resource: arn },
    { Sid: "Deliver", Effect: "Allow", Principal, Action: "s3:PutObject", Resource: `${arn}/AWSLogs/*` },
    { Sid: "List", Effect: "Allow", Principal: AWS, Action: "s3:ListBucket", Resource: arn },
    { Sid: "Read", Effect: "Allow", Principal: AWS, Action: "s3:GetObject", Resource: `${arn}/*` },
  );
}

/**
 * The policy of a bucket of reasons: the organization writes each once, approvers and auditors read, administrators erase.
 */
export function reasonBucketPolicy(
  bucket: string,
  organization: string,
  people: { readonly readers: readonly string[]; readonly erasers: readonly string[] },
): string {
  const arn = `arn:aws:s3:::${bucket}`;
  const { readers, erasers } = people;
  return policyText(
    {
      Sid: "Write",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: `${arn}/*`,
      Condition: {
        StringEquals: { "aws:PrincipalOrgID": organization },
        Null: { "s3:if-none-match": "false" },
      },
    },
    { Sid: "Read", Effect: "Allow", Principal: { AWS: readers }, Action: READ, Resource: `${arn}/*` },
    {
      Sid: "List",
      Effect: "Allow",
      Principal: { AWS: [...readers, ...erasers] },
      Action: LIST,
      Resource: arn,
    },
    {
      Sid: "Erase",
      Effect: "Allow",
      Principal: { AWS: erasers },
      Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: `${arn}/*`,
    },
  );
}

/**
 * The audit bucket's own policy: the organization reads; a writer creates objects under the own `aws:userid`
 * alone, and each name once; nobody deletes.
 */
export function auditBucketPolicy(
  bucket: string,
  organization: string,
  people: {
    readonly admins: readonly string[];
    readonly approvers: readonly string[];
    readonly sealers: readonly string[];
    readonly witnesses: readonly string[];
  },
): string {
  const arn = `arn:aws:s3:::${bucket}`;
  const organizationOnly = { StringEquals: { "aws:PrincipalOrgID": organization } };
  const createOnly = { Null: { "s3:if-none-match": "false" } };
  return policyText(
    {
      Sid: "Read",
      Effect: "Allow",
      Principal: "*",
      Action: READ,
      Resource: `${arn}/v1/*`,
      Condition: organizationOnly,
    },
    {
      Sid: "List",
      Effect: "Allow",
      Principal: "*",
      Action: [...LIST, ...SETTINGS],
      Resource: arn,
      Condition: organizationOnly,
    },
    {
      Sid: "Records",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: [
        `${arn}/v1/rec/*/*/${variable("aws:userid")}/*`,
        `${arn}/v1/debt/${variable("aws:userid")}/*`,
      ],
      Condition: { ...organizationOnly, ...createOnly },
    },
    {
      Sid: "Approvers",
      Effect: "Allow",
      Principal: { AWS: people.approvers },
      Action: "s3:PutObject",
      Resource: [`${arn}/v1/claim/*`, `${arn}/v1/settled/*`],
      Condition: createOnly,
    },
    {
      Sid: "Administration",
      Effect: "Allow",
      Principal: { AWS: people.admins },
      Action: "s3:PutObject",
      Resource: [`${arn}/v1/trust/*`, `${arn}/v1/catalog/*`],
    },
    {
      Sid: "Acknowledged",
      Effect: "Allow",
      Principal: { AWS: people.admins },
      Action: "s3:PutObject",
      Resource: `${arn}/v1/acknowledged/*`,
      Condition: createOnly,
    },
    {
      Sid: "Tree",
      Effect: "Allow",
      Principal: { AWS: people.sealers },
      Action: "s3:PutObject",
      Resource: treeParts.map((part) => `${arn}/v1/tree/${part}/*`),
      Condition: createOnly,
    },
    {
      Sid: "Checkpoint",
      Effect: "Allow",
      Principal: { AWS: people.sealers },
      Action: "s3:PutObject",
      Resource: `${arn}/v1/tree/checkpoint`,
    },
    {
      Sid: "Retention",
      Effect: "Allow",
      Principal: { AWS: people.sealers },
      Action: "s3:GetObjectRetention",
      Resource: `${arn}/v1/rec/*`,
    },
    {
      Sid: "Cosignatures",
      Effect: "Allow",
      Principal: { AWS: people.witnesses },
      Action: "s3:PutObject",
      Resource: `${arn}/v1/tree/cosignatures/*`,
      Condition: createOnly,
    },
    {
      Sid: "NobodyDeletes",
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
      Resource: `${arn}/*`,
    },
    {
      Sid: "Encrypted",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [arn, `${arn}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  );
}
