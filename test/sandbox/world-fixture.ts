import { createHash } from "node:crypto";
import { createAuthorizer, type WorldAuthorizer } from "../../src/sandbox/authorize.ts";
import { type CloudTrail, createCloudTrail } from "../../src/sandbox/cloudtrail.ts";
import { createWorld } from "../../src/sandbox/create-world.ts";
import { addRole, addUser, addUserKey } from "../../src/sandbox/iam/entities.ts";
import { createIam } from "../../src/sandbox/iam/service.ts";
import { AwsError, type Call, type Caller, type Service } from "../../src/sandbox/service.ts";
import { createSts } from "../../src/sandbox/sts/service.ts";
import { type Account, addAccount, type Role, type World } from "../../src/sandbox/world.ts";

/** A small world of its own, called without HTTP: a user `ann`, a role `reader` that trusts her account. */

export const ACCOUNT = "111122223333";
export const READER = `arn:aws:iam::${ACCOUNT}:role/reader`;
export const START = new Date("2026-03-01T10:00:00Z");

export interface Fixture {
  readonly world: World;
  readonly account: Account;
  readonly sts: Service;
  readonly iam: Service;
  readonly trail: CloudTrail;
  readonly authorizer: WorldAuthorizer;
  readonly reader: Role;
  /** Access key id of `ann`. */
  readonly ann: string;
}

/** Bytes that look random and are the same in every run. */
export function seeded(seed = "fixture"): (size: number) => Uint8Array {
  let counter = 0;
  return (size) => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < size; have += 32) {
      blocks.push(createHash("sha256").update(`${seed}:${counter++}`).digest());
    }
    return new Uint8Array(Buffer.concat(blocks).subarray(0, size));
  };
}

export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

export function allow(
  action: string | readonly string[],
  resource: string | readonly string[] = "*",
): object {
  return { Effect: "Allow", Action: action, Resource: resource };
}

/** Trusts the whole account for AssumeRole with tags and source identity. */
export function trustAccount(account = ACCOUNT, condition?: object): string {
  return policy({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    ...(condition === undefined ? {} : { Condition: condition }),
  });
}

export function fixture(): Fixture {
  const world = createWorld(seeded());
  const account = addAccount(world, ACCOUNT);
  account.outboundFederation = true;
  const created = START.toISOString();
  const ann = addUser(world, account, { name: "ann", created });
  ann.inline.set("all", policy(allow(["sts:*", "iam:*", "cloudtrail:*"])));
  const reader = addRole(world, account, {
    name: "reader",
    created,
    trust: trustAccount(),
    maxSessionDuration: 7_200,
  });
  reader.inline.set("read", policy(allow(["s3:GetObject", "sts:*"])));
  const authorizer = createAuthorizer(world);
  const trail = createCloudTrail(world, authorizer);
  return {
    world,
    account,
    authorizer,
    trail,
    reader,
    sts: createSts(world, authorizer, trail),
    iam: createIam(world, authorizer, trail),
    ann: addUserKey(world, ann, created).id,
  };
}

let requests = 0;

export function callOf(
  caller: Caller | undefined,
  body: string,
  options: { readonly now?: Date; readonly headers?: Readonly<Record<string, string>> } = {},
): Call {
  return {
    method: "POST",
    path: "/",
    query: new URLSearchParams(),
    headers: new Map(Object.entries(options.headers ?? {})),
    body: new TextEncoder().encode(body),
    caller,
    region: "eu-central-1",
    sourceIp: "127.0.0.1",
    userAgent: "test",
    requestId: `request-${++requests}`,
    origin: "http://127.0.0.1:4566",
    now: options.now ?? START,
  };
}

export interface Answer {
  readonly status: number;
  /** `undefined` for a success. */
  readonly code: string | undefined;
  readonly message: string;
  readonly body: string;
  /** Text of the first element of that name. */
  readonly text: (element: string) => string | undefined;
}

/** One query call as the holder of that key id (`undefined`: unsigned). */
export async function ask(
  fix: Fixture,
  service: "sts" | "iam",
  keyId: string | undefined,
  action: string,
  parameters: Readonly<Record<string, string | number>> = {},
  now = START,
): Promise<Answer> {
  const caller = keyId === undefined ? undefined : fix.world.lookupKey(keyId)?.caller;
  if (keyId !== undefined && caller === undefined) throw new Error(`no key ${keyId}`);
  const form = new URLSearchParams({ Action: action, Version: "2011-06-15" });
  for (const [name, value] of Object.entries(parameters)) form.set(name, String(value));
  try {
    const reply = await fix[service].handle(callOf(caller, form.toString(), { now }));
    const body = String(reply.body);
    const text = (element: string): string | undefined =>
      new RegExp(`<${element}>([^<]*)</${element}>`).exec(body)?.[1];
    return { status: reply.status, code: undefined, message: "", body, text };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, status, message } = error;
    return { status, code, message, body: "", text: () => undefined };
  }
}

/** Assumes `reader` and returns the new key id. */
export async function assume(
  fix: Fixture,
  keyId: string,
  parameters: Readonly<Record<string, string | number>> = {},
  now = START,
): Promise<string> {
  const given = { RoleArn: READER, RoleSessionName: "work", ...parameters };
  const answer = await ask(fix, "sts", keyId, "AssumeRole", given, now);
  const id = answer.text("AccessKeyId");
  if (id === undefined) throw new Error(`AssumeRole failed: ${answer.code} ${answer.message}`);
  return id;
}

/** The verdict on an action of the holder of that key. */
export function verdict(fix: Fixture, keyId: string, action: string, resource: string, now = START): string {
  const caller = fix.world.lookupKey(keyId)?.caller;
  return fix.authorizer.authorize(callOf(caller, "", { now }), action, resource, {
    resourceAccount: ACCOUNT,
    resourcePolicies: [],
    context: {},
  }).verdict;
}
