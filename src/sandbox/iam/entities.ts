import { AwsError } from "../service.ts";
import {
  type Account,
  type ManagedPolicy,
  type Role,
  secretKey,
  type User,
  type UserKey,
  uniqueId,
  type World,
} from "../world.ts";

/** Making and finding the entities of an account, with IAM's errors. Times are ISO 8601. */

interface NewEntity {
  readonly name: string;
  readonly created: string;
  /** `/` where absent; begins and ends with a slash. */
  readonly path?: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
  readonly boundary?: string | undefined;
}

export function addUser(world: World, account: Account, values: NewEntity): User {
  const path = values.path ?? "/";
  const user: User = {
    name: values.name,
    path,
    id: uniqueId(world.random, "AIDA", 17),
    arn: `arn:aws:iam::${account.id}:user${path}${values.name}`,
    created: values.created,
    tags: { ...values.tags },
    inline: new Map(),
    attached: new Set(),
    boundary: values.boundary,
    accessKeys: [],
  };
  account.users.set(user.name, user);
  return user;
}

export function addUserKey(world: World, user: User, created: string): UserKey {
  const key: UserKey = {
    id: uniqueId(world.random, "AKIA", 16),
    secret: secretKey(world.random),
    status: "Active",
    created,
  };
  user.accessKeys.push(key);
  return key;
}

export function addRole(
  world: World,
  account: Account,
  values: NewEntity & {
    readonly trust: string;
    readonly maxSessionDuration?: number;
    readonly description?: string | undefined;
  },
): Role {
  const path = values.path ?? "/";
  const role: Role = {
    name: values.name,
    path,
    id: uniqueId(world.random, "AROA", 17),
    arn: `arn:aws:iam::${account.id}:role${path}${values.name}`,
    created: values.created,
    tags: { ...values.tags },
    inline: new Map(),
    attached: new Set(),
    boundary: values.boundary,
    trust: values.trust,
    maxSessionDuration: values.maxSessionDuration ?? 3_600,
    description: values.description,
  };
  account.roles.set(role.name, role);
  return role;
}

export function addPolicy(
  world: World,
  account: Account,
  values: {
    readonly name: string;
    readonly created: string;
    readonly document: string;
    readonly path?: string | undefined;
    readonly description?: string | undefined;
  },
): ManagedPolicy {
  const path = values.path ?? "/";
  const policy: ManagedPolicy = {
    name: values.name,
    path,
    id: uniqueId(world.random, "ANPA", 17),
    arn: `arn:aws:iam::${account.id}:policy${path}${values.name}`,
    created: values.created,
    description: values.description,
    versions: [{ id: "v1", document: values.document, created: values.created }],
    defaultVersion: "v1",
  };
  account.policies.set(policy.arn, policy);
  return policy;
}

/** @throws AwsError `NoSuchEntity` (404) */
export function findRole(account: Account, name: string): Role {
  const role = account.roles.get(name);
  if (role === undefined) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

/** @throws AwsError `NoSuchEntity` (404) */
export function findUser(account: Account, name: string): User {
  const user = account.users.get(name);
  if (user === undefined) throw noSuchEntity(`The user with name ${name} cannot be found.`);
  return user;
}

/** @throws AwsError `NoSuchEntity` (404) */
export function findPolicy(account: Account, arn: string): ManagedPolicy {
  const policy = account.policies.get(arn);
  if (policy === undefined) {
    throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }
  return policy;
}

export function noSuchEntity(message: string): AwsError {
  return new AwsError("NoSuchEntity", 404, message);
}

export function entityExists(message: string): AwsError {
  return new AwsError("EntityAlreadyExists", 409, message);
}
