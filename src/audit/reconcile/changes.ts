import type { CallEvent } from "./event.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
import type { Watched } from "./watched.ts";

/** Names that `jit revoke` gives to its policies. */
const denialPrefix = "jit-revoke-";

const roleCodes: Readonly<Record<string, FindingCode>> = {
  UpdateAssumeRolePolicy: "ROLE_TRUST_CHANGED",
  PutRolePolicy: "ROLE_POLICY_CHANGED",
  DeleteRolePolicy: "ROLE_POLICY_CHANGED",
  AttachRolePolicy: "ROLE_POLICY_CHANGED",
  DetachRolePolicy: "ROLE_POLICY_CHANGED",
  PutRolePermissionsBoundary: "ROLE_BOUNDARY_CHANGED",
  DeleteRolePermissionsBoundary: "ROLE_BOUNDARY_CHANGED",
};

const versionCalls = [
  "CreatePolicyVersion",
  "SetDefaultPolicyVersion",
  "DeletePolicyVersion",
  "DeletePolicy",
];

const bucketCodes: Readonly<Record<string, FindingCode>> = {
  PutBucketPolicy: "BUCKET_POLICY_CHANGED",
  DeleteBucketPolicy: "BUCKET_POLICY_CHANGED",
  PutBucketVersioning: "BUCKET_VERSIONING_CHANGED",
  PutBucketObjectLockConfiguration: "BUCKET_LOCK_CHANGED",
};

const trailCodes: Readonly<Record<string, FindingCode>> = {
  StopLogging: "TRAIL_STOPPED",
  DeleteTrail: "TRAIL_DELETED",
  PutEventSelectors: "TRAIL_SELECTORS_CHANGED",
  UpdateTrail: "TRAIL_CHANGED",
  StartLogging: "TRAIL_STARTED",
  CreateTrail: "TRAIL_STARTED",
};

/**
 * What a call changed of that on which sessions and their records rest; `undefined` for all other calls. A call that AWS
 * refused changed nothing, and is told as an attempt.
 */
export function changeIn(event: CallEvent, watched: Watched): Finding | undefined {
  if (event.readOnly || event.isData) return undefined;
  const change = changeOf(event, watched);
  if (change === undefined) return undefined;
  const [code, what] = change;
  const by = event.who.arn === "" ? event.who.userid : event.who.arn;
  const where = event.account === "" ? "" : ` in ${event.account}`;
  if (event.error !== undefined) {
    const message = `${by} was refused ${event.name} of ${what}${where} (${event.error})`;
    return finding("CHANGE_REFUSED", event.id, message, { at: event.at });
  }
  // Whether a trail has the call that stopped it is AWS's affair: that it began says that it did not log before.
  const before =
    code === "TRAIL_STARTED" ? ": what happened before, while it did not log, is in none of its files" : "";
  return finding(code, event.id, `${by} called ${event.name} of ${what}${where}${before}`, { at: event.at });
}

function changeOf(event: CallEvent, watched: Watched): readonly [FindingCode, string] | undefined {
  switch (event.source) {
    case "iam.amazonaws.com":
      return roleChange(event, watched);
    case "s3.amazonaws.com":
      return bucketChange(event, watched);
    case "cloudtrail.amazonaws.com": {
      const code = own(trailCodes, event.name);
      const { name, trailName } = event.parameters;
      return code === undefined ? undefined : [code, `the trail ${name || trailName || "-"}`];
    }
    default:
      return undefined;
  }
}

function roleChange(event: CallEvent, watched: Watched): readonly [FindingCode, string] | undefined {
  const { roleName, policyArn } = event.parameters;
  if (roleName !== "") {
    const role = watchedRole(event, watched);
    if (role === undefined) return undefined;
    if (isDenial(event)) return ["ROLE_DENIAL_CHANGED", `${event.parameters.policyName} on ${role}`];
    return [own(roleCodes, event.name) ?? "ROLE_CHANGED", role];
  }
  if (policyArn === "" || !versionCalls.includes(event.name)) return undefined;
  const role = watched.ceilings.get(policyArn);
  if (role !== undefined) return ["ROLE_BOUNDARY_CHANGED", `${policyArn}, which ${role} rests on`];
  const isUnknown = watched.accounts.has(event.account) && !watched.known.has(event.account);
  return isUnknown ? ["POLICY_VERSION_CHANGED", `${policyArn}, on which a role may rest`] : undefined;
}

/** The watched role on which this call put a denial of `jit revoke`; `undefined` for all others. */
export function deniedRole(event: CallEvent, watched: Watched): string | undefined {
  const isPut = event.source === "iam.amazonaws.com" && event.name === "PutRolePolicy";
  if (!isPut || event.error !== undefined || !isDenial(event)) return undefined;
  return watchedRole(event, watched);
}

function watchedRole({ account, parameters: { roleName } }: CallEvent, watched: Watched): string | undefined {
  // A refused call can name the role by its ARN.
  const name = roleName.slice(roleName.lastIndexOf("/") + 1);
  return watched.roles.get(`${account}/${name.toLowerCase()}`);
}

/** A denial as `jit revoke` writes it, or its removal; a policy of that name that allows anything is none. */
function isDenial({ name, parameters: { policyName, policyDocument } }: CallEvent): boolean {
  if (!policyName.startsWith(denialPrefix)) return false;
  if (name === "DeleteRolePolicy") return true;
  return name === "PutRolePolicy" && deniesOnly(policyDocument);
}

function deniesOnly(document: string): boolean {
  try {
    const policy: unknown = JSON.parse(document);
    if (typeof policy !== "object" || policy === null || !("Statement" in policy)) return false;
    const statements: readonly unknown[] = [policy.Statement].flat();
    return statements.every(
      (each) => typeof each === "object" && each !== null && "Effect" in each && each.Effect === "Deny",
    );
  } catch {
    return false;
  }
}

function bucketChange(event: CallEvent, watched: Watched): readonly [FindingCode, string] | undefined {
  const { bucketName } = event.parameters;
  if (watched.buckets.has(bucketName)) {
    return [own(bucketCodes, event.name) ?? "BUCKET_CHANGED", `the bucket ${bucketName}`];
  }
  return watched.storeBuckets.has(bucketName)
    ? ["STORE_BUCKET_CHANGED", `the store's bucket ${bucketName}`]
    : undefined;
}

function own(codes: Readonly<Record<string, FindingCode>>, name: string): FindingCode | undefined {
  return Object.hasOwn(codes, name) ? codes[name] : undefined;
}
