import { AwsError } from "../service.ts";
import type { User } from "../world.ts";
import { keyXml, listed, userXml } from "./describe.ts";
import { addUser, addUserKey, entityExists, findUser, noSuchEntity } from "./entities.ts";
import { byName } from "./roles.ts";
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

/** Users and their access keys; without a user name the calling user is meant. */
export const USER_ACTIONS: Actions = {
  GetUser: reads((scope) => ({ User: userXml(demandedUser(scope, "GetUser")) })),

  ListUsers: reads((scope) => {
    const { account, input } = scope;
    scope.demand("iam:ListUsers", `arn:aws:iam::${account.id}:user/`);
    const prefix = input.get("PathPrefix") ?? "/";
    const users = [...account.users.values()].filter((user) => user.path.startsWith(prefix));
    const { items, end } = page(input, byName(users));
    return { Users: items.map((user) => listed(userXml(user))), ...end };
  }),

  CreateUser: writes((scope) => {
    const { account, input, world } = scope;
    const name = readName(input, "UserName");
    const path = readPath(input);
    const tags = readEntityTags(input);
    const boundary = input.get("PermissionsBoundary");
    scope.demand("iam:CreateUser", `arn:aws:iam::${account.id}:user${path}${name}`, {
      ...tagRequest(tags),
      ...(boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary }),
    });
    if (account.users.has(name)) throw entityExists(`User with name ${name} already exists.`);
    const user = addUser(world, account, { name, path, tags, boundary, created: scope.now });
    return { User: userXml(user) };
  }),

  DeleteUser: writes((scope) => {
    const user = demandedUser(scope, "DeleteUser");
    if (user.accessKeys.length > 0) {
      throw new AwsError("DeleteConflict", 409, "Cannot delete entity, must delete access keys first.");
    }
    if (user.inline.size + user.attached.size > 0) {
      throw new AwsError("DeleteConflict", 409, "Cannot delete entity, must delete policies first.");
    }
    scope.account.users.delete(user.name);
    return undefined;
  }),

  CreateAccessKey: writes((scope) => {
    const user = demandedUser(scope, "CreateAccessKey");
    if (user.accessKeys.length >= 2) {
      throw new AwsError("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2");
    }
    const key = addUserKey(scope.world, user, scope.now);
    return { AccessKey: { ...keyXml(user, key), SecretAccessKey: key.secret } };
  }),

  ListAccessKeys: reads((scope) => {
    const user = demandedUser(scope, "ListAccessKeys");
    const { items, end } = page(scope.input, user.accessKeys);
    return { UserName: user.name, AccessKeyMetadata: items.map((key) => keyXml(user, key)), ...end };
  }),

  UpdateAccessKey: writes((scope) => {
    const user = demandedUser(scope, "UpdateAccessKey");
    const key = findKey(scope, user);
    const status = scope.input.required("Status");
    if (status !== "Active" && status !== "Inactive") {
      throw new AwsError("ValidationError", 400, `The status ${status} is neither Active nor Inactive`);
    }
    key.status = status;
    return undefined;
  }),

  DeleteAccessKey: writes((scope) => {
    const user = demandedUser(scope, "DeleteAccessKey");
    user.accessKeys.splice(user.accessKeys.indexOf(findKey(scope, user)), 1);
    return undefined;
  }),
};

/** Asks for the permission before it tells whether the user exists. */
export function demandedUser(scope: Scope, action: string): User {
  const name =
    scope.input.get("UserName") === undefined ? callersName(scope) : readName(scope.input, "UserName");
  const user = scope.account.users.get(name);
  if (user === undefined) scope.demand(`iam:${action}`, `arn:aws:iam::${scope.account.id}:user/${name}`);
  else scope.demandOn(`iam:${action}`, user);
  return findUser(scope.account, name);
}

function callersName(scope: Scope): string {
  const principal = scope.call.caller?.principal;
  if (principal?.type !== "user") {
    const text = "Must specify userName when calling with non-User credentials";
    throw new AwsError("ValidationError", 400, text);
  }
  return principal.arn.slice(principal.arn.lastIndexOf("/") + 1);
}

function findKey(scope: Scope, user: User): User["accessKeys"][number] {
  const id = scope.input.required("AccessKeyId");
  const key = user.accessKeys.find((candidate) => candidate.id === id);
  if (key === undefined) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  return key;
}
