import { randomBytes } from "node:crypto";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { evaluate } from "../../../src/policy/evaluate.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { memoryShelf, type Shelf } from "../../../src/sandbox/s3/model.ts";
import { createS3, type S3Service } from "../../../src/sandbox/s3/service.ts";
import { type RunningSandbox, startSandbox } from "../../../src/sandbox/server.ts";
import type { AccessKey, Authorizer, KeyLookup, Service } from "../../../src/sandbox/service.ts";
import { AwsError } from "../../../src/sandbox/service.ts";

/** A sandbox of S3 alone: users with one identity policy each, evaluated by src/policy. */

export const ACCOUNT = "111111111111";
export const OTHER_ACCOUNT = "222222222222";

const ALL = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

export interface UserSpec {
  readonly account?: string;
  readonly policy?: object;
  /** Makes the key a temporary one. */
  readonly session?: { readonly token: string; readonly expiration: Date };
}

export interface S3Sandbox extends RunningSandbox {
  readonly s3: S3Service;
  /** A client of that user. */
  client(name: string, config?: S3ClientConfig): S3Client;
  credentials(name: string): { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

const nothing: Service = {
  handle() {
    throw new AwsError("InvalidAction", 400, "not here");
  },
};

export const keyId = (name: string) => `AKIA${name.toUpperCase().padEnd(16, "0")}`;
export const secretOf = (name: string) => `secret-of-${name}`.padEnd(40, "/");

export async function s3Sandbox(
  users: Readonly<Record<string, UserSpec>> = { root: {} },
  options: { readonly now?: () => Date; readonly shelf?: Shelf; readonly port?: number } = {},
): Promise<S3Sandbox> {
  const specs = new Map(Object.entries(users).map(([name, spec]) => [keyId(name), { name, spec }]));
  const keys: KeyLookup = {
    lookupKey(id): AccessKey | undefined {
      const found = specs.get(id);
      if (found === undefined) return undefined;
      const account = found.spec.account ?? ACCOUNT;
      const arn = `arn:aws:iam::${account}:user/${found.name}`;
      return {
        secretAccessKey: secretOf(found.name),
        sessionToken: found.spec.session?.token,
        expiration: found.spec.session?.expiration,
        caller: {
          principal: { arn, roleArn: undefined, account, type: "user" },
          userid: `AIDA${found.name.toUpperCase()}`,
          accessKeyId: id,
          session: undefined,
        },
      };
    },
  };
  const authorizer: Authorizer = {
    authorize(call, action, resource, { resourceAccount, resourcePolicies, context }) {
      const principal = call.caller?.principal ?? {
        arn: "*",
        roleArn: undefined,
        account: "",
        type: "anonymous" as const,
      };
      const spec = specs.get(call.caller?.accessKeyId ?? "")?.spec;
      const identity =
        spec === undefined ? [] : [parsePolicy(JSON.stringify(spec.policy ?? ALL), "identity")];
      const owner = resourceAccount === principal.account ? undefined : resourceAccount;
      const userid = call.caller?.userid ?? "anonymous";
      return evaluate(
        {
          principal,
          action,
          resource,
          resourceAccount: owner,
          context: { "aws:userid": userid, ...context },
        },
        { identity, resource: resourcePolicies.map((text) => parsePolicy(text, "resource")) },
      );
    },
  };
  const s3 = createS3({ authorizer, shelf: options.shelf ?? memoryShelf, random: randomBytes });
  const sandbox = await startSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    now: options.now ?? (() => new Date()),
    random: randomBytes,
    keys,
    services: { s3, sts: nothing, iam: nothing, cloudtrail: nothing, kms: nothing },
  });
  const credentials = (name: string) => {
    const token = users[name]?.session?.token;
    return {
      accessKeyId: keyId(name),
      secretAccessKey: secretOf(name),
      ...(token === undefined ? {} : { sessionToken: token }),
    };
  };
  return {
    ...sandbox,
    s3,
    credentials,
    client: (name, config = {}) =>
      new S3Client({
        endpoint: sandbox.url,
        region: "us-east-1",
        maxAttempts: 1,
        credentials: credentials(name),
        ...config,
      }),
  };
}

/** The error name and status that a command of the SDK fails with; `undefined` where it succeeds. */
export async function failure(
  promise: Promise<unknown>,
): Promise<{ name: string; status: number | undefined } | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = "$metadata" in error ? error.$metadata : undefined;
    const status =
      typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata
        ? metadata.httpStatusCode
        : undefined;
    return { name: error.name, status: typeof status === "number" ? status : undefined };
  }
}
