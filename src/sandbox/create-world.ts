import type { Principal } from "../policy/types.ts";
import type { AccessKey, Caller } from "./service.ts";
import { type SigningKeys, signingKeys } from "./tokens.ts";
import {
  type Account,
  assumedRoleArn,
  lowerId,
  type Organization,
  type RandomSource,
  roleByArn,
  type Session,
  type User,
  type World,
} from "./world.ts";

/** Making a world, and finding whose an access key is. */

export function createWorld(random: RandomSource): World {
  const id = `o-${lowerId(random, 10)}`;
  const root = lowerId(random, 4);
  return worldOf(random, { id, path: `${id}/r-${root}/ou-${root}-${lowerId(random, 8)}/` });
}

/** A world of that organization with nothing in it. */
export function worldOf(
  random: RandomSource,
  organization: Organization,
  keys: { readonly sts: SigningKeys; readonly ci: SigningKeys } = { sts: signingKeys(), ci: signingKeys() },
): World {
  const accounts = new Map<string, Account>();
  const sessions = new Map<string, Session>();
  const world: World = {
    random,
    organization,
    accounts,
    sessions,
    stsKeys: keys.sts,
    ciKeys: keys.ci,
    ciJobs: new Map(),
    lookupKey: (id) => lookupKey(world, id),
  };
  return world;
}

/** Expired keys of sessions are found, keys that are switched off are not. */
function lookupKey(world: World, accessKeyId: string): AccessKey | undefined {
  const session = world.sessions.get(accessKeyId);
  if (session !== undefined) return sessionKey(world, session);
  for (const account of world.accounts.values()) {
    for (const user of account.users.values()) {
      const key = user.accessKeys.find((candidate) => candidate.id === accessKeyId);
      if (key === undefined) continue;
      if (key.status !== "Active") return undefined;
      return {
        secretAccessKey: key.secret,
        sessionToken: undefined,
        expiration: undefined,
        caller: userCaller(account, user, accessKeyId),
      };
    }
  }
  return undefined;
}

/** Credentials of a role or user that no longer exists are unknown, as on AWS. */
function sessionKey(world: World, session: Session): AccessKey | undefined {
  const caller = sessionCaller(world, session);
  if (caller === undefined) return undefined;
  return {
    secretAccessKey: session.secretAccessKey,
    sessionToken: session.sessionToken,
    expiration: session.expiration,
    caller,
  };
}

function sessionCaller(world: World, session: Session): Caller | undefined {
  if (session.kind === "user") {
    const account = world.accounts.get(session.account);
    const user = account?.users.get(session.userName ?? "");
    return account && user ? userCaller(account, user, session.accessKeyId) : undefined;
  }
  if (roleByArn(world, session.roleArn)?.id !== session.roleId) return undefined;
  const principal: Principal = {
    arn: assumedRoleArn(session.roleArn, session.sessionName),
    roleArn: session.roleArn,
    account: session.account,
    type: "role",
  };
  return {
    principal,
    userid: `${session.roleId}:${session.sessionName}`,
    accessKeyId: session.accessKeyId,
    session,
  };
}

function userCaller(account: Account, user: User, accessKeyId: string): Caller {
  return {
    principal: { arn: user.arn, roleArn: undefined, account: account.id, type: "user" },
    userid: user.id,
    accessKeyId,
    session: undefined,
  };
}
