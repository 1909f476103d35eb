import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, vi } from "vitest";
import type { RecordStore } from "../../src/audit/ports.ts";
import { type Aws, type AwsOptions, openAws } from "../../src/aws/clients.ts";
import { bucketStore } from "../../src/aws/record-store.ts";
import { ServerClock } from "../../src/aws/server-clock.ts";
import { STORE_ACCOUNT } from "../../src/sandbox/account.ts";
import { openSandbox, type WholeSandbox } from "../../src/sandbox/sandbox.ts";
import { useKeys } from "./keys.ts";

export const noWait = async (): Promise<void> => undefined;

/** One sandbox for a test file; its faults and the environment are cleared after each test. */
export function useSandbox() {
  let running: WholeSandbox | undefined;
  const sandbox = (): WholeSandbox => {
    if (running === undefined) throw new Error("the sandbox is not running");
    return running;
  };
  beforeAll(async () => {
    running = await openSandbox({ now: () => new Date(), random: (size) => randomBytes(size) });
  });
  afterEach(() => {
    running?.faults.clear();
    vi.unstubAllEnvs();
  });
  afterAll(async () => await running?.close());

  /** The clients of a person, by the SDK's own chain; `undefined`: of somebody without credentials. */
  function clientsOf(person: string | undefined, change: Partial<AwsOptions> = {}): Aws {
    const keys = person === undefined ? undefined : sandbox().credentials(person);
    useKeys(keys, sandbox().url);
    return openAws({
      region: sandbox().region,
      bucketRegion: sandbox().region,
      profile: undefined,
      client: "jit/0.0.0",
      clock: new ServerClock(Date.now),
      hosts: [new URL(sandbox().url).host],
      attempts: 3,
      ...change,
    });
  }

  /** A new bucket in which everybody of the account may do everything, and alice's view of it. */
  function openBucket(name: string, region = sandbox().region): RecordStore {
    sandbox().seed.createBucket(name, {
      account: STORE_ACCOUNT,
      region,
      created: new Date(),
      versioning: true,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${STORE_ACCOUNT}:user/alice` },
            Action: "s3:*",
            Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
          },
        ],
      }),
    });
    return storeOf("alice", name);
  }

  function storeOf(
    person: string | undefined,
    bucket: string,
    account: string | undefined = STORE_ACCOUNT,
    change: Partial<AwsOptions> = {},
  ): RecordStore {
    return bucketStore({ s3: clientsOf(person, change).s3, bucket, account, wait: noWait });
  }

  return { sandbox, clientsOf, openBucket, storeOf };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);
