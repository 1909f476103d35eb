import { AwsError } from "../service.ts";
import type { ManagedPolicy } from "../world.ts";
import { policyXml, versionXml } from "./describe.ts";
import { checkManaged } from "./documents.ts";
import { addPolicy, entityExists, findPolicy, noSuchEntity } from "./entities.ts";
import { byName } from "./roles.ts";
import { type Actions, page, readName, readPath, reads, type Scope, writes } from "./scope.ts";

/** Managed policies and their versions. */
export const MANAGED_ACTIONS: Actions = {
  CreatePolicy: writes((scope) => {
    const { account, input, world } = scope;
    const name = readName(input, "PolicyName");
    const path = readPath(input);
    const arn = `arn:aws:iam::${account.id}:policy${path}${name}`;
    scope.demand("iam:CreatePolicy", arn);
    if (account.policies.has(arn)) throw entityExists(`A policy called ${name} already exists.`);
    const document = checkManaged(input.required("PolicyDocument"));
    const description = input.get("Description");
    const policy = addPolicy(world, account, { name, path, document, description, created: scope.now });
    return { Policy: policyXml(account, policy) };
  }),

  GetPolicy: reads((scope) => ({ Policy: policyXml(scope.account, demandedPolicy(scope, "GetPolicy")) })),

  ListPolicies: reads((scope) => {
    const { account, input } = scope;
    scope.demand("iam:ListPolicies", `arn:aws:iam::${account.id}:policy/`);
    // The sandbox has no policies of AWS's own.
    const policies = input.get("Scope") === "AWS" ? [] : byName([...account.policies.values()]);
    const { items, end } = page(input, policies);
    return { Policies: items.map((policy) => policyXml(account, policy)), ...end };
  }),

  DeletePolicy: writes((scope) => {
    const policy = demandedPolicy(scope, "DeletePolicy");
    const entities = [...scope.account.users.values(), ...scope.account.roles.values()];
    if (entities.some((entity) => entity.attached.has(policy.arn) || entity.boundary === policy.arn)) {
      throw new AwsError("DeleteConflict", 409, "Cannot delete a policy attached to entities.");
    }
    scope.account.policies.delete(policy.arn);
    return undefined;
  }),

  GetPolicyVersion: reads((scope) => {
    const policy = demandedPolicy(scope, "GetPolicyVersion");
    return { PolicyVersion: versionXml(policy, findVersion(policy, scope.input.required("VersionId"))) };
  }),

  ListPolicyVersions: reads((scope) => {
    const policy = demandedPolicy(scope, "ListPolicyVersions");
    const { items, end } = page(scope.input, policy.versions.toReversed());
    const versions = items.map((version) => {
      const { Document, ...rest } = versionXml(policy, version);
      return rest;
    });
    return { Versions: versions, ...end };
  }),

  CreatePolicyVersion: writes((scope) => {
    const policy = demandedPolicy(scope, "CreatePolicyVersion");
    if (policy.versions.length >= 5) {
      throw new AwsError("LimitExceeded", 409, "A managed policy can have up to 5 versions.");
    }
    const newest = Number(policy.versions.at(-1)?.id.slice(1) ?? "0");
    const document = checkManaged(scope.input.required("PolicyDocument"));
    const version = { id: `v${newest + 1}`, document, created: scope.now };
    policy.versions.push(version);
    if (scope.input.get("SetAsDefault") === "true") policy.defaultVersion = version.id;
    const { Document, ...fields } = versionXml(policy, version);
    return { PolicyVersion: fields };
  }),

  SetDefaultPolicyVersion: writes((scope) => {
    const policy = demandedPolicy(scope, "SetDefaultPolicyVersion");
    policy.defaultVersion = findVersion(policy, scope.input.required("VersionId")).id;
    return undefined;
  }),

  DeletePolicyVersion: writes((scope) => {
    const policy = demandedPolicy(scope, "DeletePolicyVersion");
    const version = findVersion(policy, scope.input.required("VersionId"));
    if (version.id === policy.defaultVersion) {
      throw new AwsError("DeleteConflict", 409, "Cannot delete the default version of a policy.");
    }
    policy.versions.splice(policy.versions.indexOf(version), 1);
    return undefined;
  }),
};

function demandedPolicy(scope: Scope, action: string): ManagedPolicy {
  const arn = scope.input.required("PolicyArn");
  scope.demand(`iam:${action}`, arn);
  return findPolicy(scope.account, arn);
}

function findVersion(policy: ManagedPolicy, id: string): ManagedPolicy["versions"][number] {
  const version = policy.versions.find((candidate) => candidate.id === id);
  if (version === undefined) throw noSuchEntity(`Policy ${policy.arn} version ${id} does not exist`);
  return version;
}
