import type { Account, Entity, ManagedPolicy, Role, User, UserKey } from "../world.ts";
import { isoSeconds, type Xml } from "./query.ts";
import { encodeDocument } from "./scope.ts";

/** IAM's XML for users, roles and policies. */

type Fields = { readonly [name: string]: Xml | undefined };

export function userXml(user: User): Fields {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: user.arn,
    CreateDate: stamp(user.created),
    PermissionsBoundary: boundaryXml(user),
    Tags: tagsXml(user),
  };
}

export function roleXml(role: Role): Fields {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: stamp(role.created),
    AssumeRolePolicyDocument: encodeDocument(role.trust),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDuration,
    PermissionsBoundary: boundaryXml(role),
    Tags: tagsXml(role),
  };
}

/** Lists leave out what takes further look-ups, as AWS does. */
export function listed(fields: Fields): Fields {
  const { PermissionsBoundary, Tags, ...rest } = fields;
  return rest;
}

export function policyXml(account: Account, policy: ManagedPolicy): Fields {
  const entities = [...account.users.values(), ...account.roles.values()];
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: entities.filter((entity) => entity.attached.has(policy.arn)).length,
    PermissionsBoundaryUsageCount: entities.filter((entity) => entity.boundary === policy.arn).length,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: stamp(policy.created),
    UpdateDate: stamp(policy.versions.at(-1)?.created ?? policy.created),
  };
}

export function versionXml(policy: ManagedPolicy, version: ManagedPolicy["versions"][number]): Fields {
  return {
    Document: encodeDocument(version.document),
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: stamp(version.created),
  };
}

export function keyXml(user: User, key: UserKey): Fields {
  return {
    UserName: user.name,
    AccessKeyId: key.id,
    Status: key.status,
    CreateDate: stamp(key.created),
  };
}

/** The `UserDetail` and `RoleDetail` of GetAccountAuthorizationDetails. */
export function userDetail(user: User): Xml {
  return { ...userXml(user), UserPolicyList: inlineXml(user), GroupList: [], ...attachedXml(user) };
}

export function roleDetail(role: Role): Xml {
  const { Description, MaxSessionDuration, ...fields } = roleXml(role);
  return { ...fields, InstanceProfileList: [], RolePolicyList: inlineXml(role), ...attachedXml(role) };
}

export function policyDetail(account: Account, policy: ManagedPolicy): Xml {
  return {
    ...policyXml(account, policy),
    PolicyVersionList: policy.versions.map((version) => versionXml(policy, version)),
  };
}

/** `PolicyName` and `PolicyArn` of each attached policy. */
export function attachedList(entity: Entity): Fields[] {
  return [...entity.attached].map((arn) => ({
    PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
    PolicyArn: arn,
  }));
}

export function tagList(entity: Entity): Fields[] {
  return Object.entries(entity.tags).map(([Key, Value]) => ({ Key, Value }));
}

function attachedXml(entity: Entity): Fields {
  return { AttachedManagedPolicies: attachedList(entity) };
}

function inlineXml(entity: Entity): Xml {
  return [...entity.inline].map(([PolicyName, document]) => ({
    PolicyName,
    PolicyDocument: encodeDocument(document),
  }));
}

function boundaryXml(entity: Entity): Xml | undefined {
  if (entity.boundary === undefined) return undefined;
  return { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: entity.boundary };
}

function tagsXml(entity: Entity): Xml | undefined {
  return Object.keys(entity.tags).length === 0 ? undefined : tagList(entity);
}

function stamp(iso: string): string {
  return isoSeconds(new Date(iso));
}
