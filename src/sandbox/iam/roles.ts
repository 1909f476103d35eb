import { AwsError } from "../service.ts";
import type { Role } from "../world.ts";
import { listed, roleXml, tagList } from "./describe.ts";
import { checkTrust } from "./documents.ts";
import { addRole, entityExists, findPolicy, findRole } from "./entities.ts";
import { checkRange, checkText } from "./query.ts";
import {
  type Actions,
  page,
  readEntityTags,
  readName,
  readPath,
  reads,
  type Scope,
  tagRequest,
  writes,
} from "./scope.ts";

/** Roles themselves; their policies are in inline.ts and attached.ts. */
export const ROLE_ACTIONS: Actions = {
  GetRole: reads((scope) => ({ Role: roleXml(demandedRole(scope, "GetRole")) })),

  ListRoles: reads((scope) => {
    const { account, input } = scope;
    scope.demand("iam:ListRoles", `arn:aws:iam::${account.id}:role/`);
    const prefix = input.get("PathPrefix") ?? "/";
    const roles = [...account.roles.values()].filter((role) => role.path.startsWith(prefix));
    const { items, end } = page(input, byName(roles));
    return { Roles: items.map((role) => listed(roleXml(role))), ...end };
  }),

  CreateRole: writes((scope) => {
    const { account, input, world } = scope;
    const name = readName(input, "RoleName");
    const path = readPath(input);
    const trust = checkText(input.required("AssumeRolePolicyDocument"), "AssumeRolePolicyDocument", {
      max: 131_072,
    });
    const tags = readEntityTags(input);
    const boundary = input.get("PermissionsBoundary");
    const maxSessionDuration = readMaxDuration(scope) ?? 3_600;
    scope.demand("iam:CreateRole", `arn:aws:iam::${account.id}:role${path}${name}`, {
      ...tagRequest(tags),
      ...(boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary }),
    });
    if (account.roles.has(name)) throw entityExists(`Role with name ${name} already exists.`);
    if (boundary !== undefined) findPolicy(account, boundary);
    const role = addRole(world, account, {
      name,
      path,
      created: scope.now,
      tags,
      boundary,
      trust: checkTrust(world, trust),
      maxSessionDuration,
      description: input.get("Description"),
    });
    return { Role: roleXml(role) };
  }),

  UpdateAssumeRolePolicy: writes((scope) => {
    const role = demandedRole(scope, "UpdateAssumeRolePolicy");
    role.trust = checkTrust(scope.world, scope.input.required("PolicyDocument"));
    return undefined;
  }),

  UpdateRole: writes((scope) => {
    const role = demandedRole(scope, "UpdateRole");
    role.maxSessionDuration = readMaxDuration(scope) ?? role.maxSessionDuration;
    role.description = scope.input.get("Description") ?? role.description;
    return {};
  }),

  DeleteRole: writes((scope) => {
    const role = demandedRole(scope, "DeleteRole");
    if (role.attached.size > 0) {
      throw new AwsError("DeleteConflict", 409, "Cannot delete entity, must detach all policies first.");
    }
    if (role.inline.size > 0) {
      throw new AwsError("DeleteConflict", 409, "Cannot delete entity, must delete policies first.");
    }
    scope.account.roles.delete(role.name);
    return undefined;
  }),

  TagRole: writes((scope) => {
    const tags = readEntityTags(scope.input);
    const role = demandedRole(scope, "TagRole", tags);
    for (const [key, value] of Object.entries(tags)) {
      dropTag(role, key);
      role.tags[key] = value;
    }
    return undefined;
  }),

  UntagRole: writes((scope) => {
    const role = demandedRole(scope, "UntagRole");
    for (const key of scope.input.list("TagKeys")) dropTag(role, key);
    return undefined;
  }),

  ListRoleTags: reads((scope) => {
    const role = demandedRole(scope, "ListRoleTags");
    const { items, end } = page(scope.input, tagList(role));
    return { Tags: items, ...end };
  }),
};

/** Asks for the permission before it tells whether the role exists. */
export function demandedRole(
  scope: Scope,
  action: string,
  tags: Readonly<Record<string, string>> = {},
): Role {
  const name = readName(scope.input, "RoleName");
  const role = scope.account.roles.get(name);
  if (role === undefined) scope.demand(`iam:${action}`, `arn:aws:iam::${scope.account.id}:role/${name}`);
  else scope.demandOn(`iam:${action}`, role, tagRequest(tags));
  return findRole(scope.account, name);
}

export function byName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** Seconds, 3,600 to 43,200. */
function readMaxDuration(scope: Scope): number | undefined {
  const value = scope.input.integer("MaxSessionDuration");
  return value === undefined ? undefined : checkRange(value, "MaxSessionDuration", 3_600, 43_200);
}

function dropTag(role: Role, key: string): void {
  for (const other of Object.keys(role.tags)) {
    if (other.toLowerCase() === key.toLowerCase()) delete role.tags[other];
  }
}
