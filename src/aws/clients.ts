import { S3Client } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import { isLoopback } from "../access/endpoints.ts";
import { JitError } from "../error.ts";
import type { Credentials } from "../session/types.ts";
import type { ServerClock } from "./server-clock.ts";

export interface AwsOptions {
  readonly region: string;
  /** Region of the audit bucket. */
  readonly bucketRegion: string;
  readonly profile: string | undefined;
  /** `jit/0.1.0` */
  readonly client: string;
  readonly clock: ServerClock;
  /** Hosts other than AWS's own that requests may go to: `host` or `host:port`, checked already. */
  readonly hosts: readonly string[];
  /** Whether S3 calls go to the region that the bucket says it is in: for a catalog whose region nobody knows yet. */
  readonly followRegion?: boolean;
  /** Tries of one S3 call, the first included. */
  readonly attempts?: number;
}

/** The clients of one run: one chain of credentials, one pool of connections. */
export interface Aws {
  readonly s3: S3Client;
  readonly sts: STSClient;
  /** STS, asked by a session instead of the caller: to the same hosts. */
  as(session: Credentials): STSClient;
  /** What a client of another service is made with, whose SDK only its command loads. */
  readonly common: Pick<STSClient["config"], "credentials" | "requestHandler"> & {
    readonly customUserAgent: [string, string][];
    readonly systemClockOffset: number;
    readonly profile?: string;
  };
  /** Has a further client keep to the hosts that were checked, and tell AWS's time. */
  equip(client: { readonly middlewareStack: object }): void;
  /** Access key id of the caller's own credentials. */
  accessKeyId(): Promise<string>;
  /** Whether the caller's own credentials are temporary. */
  temporary(): Promise<boolean>;
}

const connectMs = 3000;
const answerMs = 10_000;

/** However often a call is tried, a person hears within this time that there is no answer; ms. */
const patienceMs = 12_000;

/** For one call with all its tries. */
export function patience(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(patienceMs) };
}

export function openAws(options: AwsOptions): Aws {
  const { region, profile, client, clock } = options;
  const [name = "jit", version = ""] = client.split("/");
  const common = {
    customUserAgent: [[name, version]] as [string, string][],
    // Signed by AWS's time from the first request on, where it is known to be another.
    systemClockOffset: clock.skew,
    ...(profile === undefined ? {} : { profile }),
  };
  const sts = new STSClient({
    ...common,
    region,
    // AssumeRole makes something: what may be tried again is decided call by call.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: connectMs, requestTimeout: answerMs, throwOnRequestTimeout: true },
  });
  const s3 = new S3Client({
    ...common,
    region: options.bucketRegion,
    credentials: sts.config.credentials,
    requestHandler: sts.config.requestHandler,
    // Being throttled for ever takes at most 7.5 s of waiting so.
    maxAttempts: options.attempts ?? 5,
    retryMode: "standard",
    followRegionRedirects: options.followRegion ?? false,
  });
  const equip = (client: { readonly middlewareStack: object }): void => {
    watch(client, clock);
    guard(client, options.hosts);
  };
  for (const each of [sts, s3]) equip(each);
  return {
    s3,
    sts,
    as(session) {
      const client = new STSClient({
        ...common,
        region: sts.config.region,
        requestHandler: sts.config.requestHandler,
        maxAttempts: 1,
        credentials: {
          accessKeyId: session.accessKeyId,
          secretAccessKey: session.secretAccessKey.reveal(),
          sessionToken: session.sessionToken.reveal(),
        },
      });
      equip(client);
      return client;
    },
    common: { ...common, requestHandler: sts.config.requestHandler, credentials: sts.config.credentials },
    equip,
    accessKeyId: async () => (await sts.config.credentials()).accessKeyId,
    temporary: async () => (await sts.config.credentials()).sessionToken !== undefined,
  };
}

interface Stack {
  add(
    middleware: (next: Handler, context: unknown) => Handler,
    options: { step: "deserialize" | "build"; name: string; priority: "low" },
  ): void;
}
type Handler = (args: { request: unknown }) => Promise<{ response: unknown }>;

/**
 * Lets requests go to AWS and to the hosts that were checked, wherever an endpoint came from: the SDK also takes
 * `endpoint_url` from AWS's configuration files. Runs before the request is signed.
 */
function guard(client: { readonly middlewareStack: object }, hosts: readonly string[]): void {
  const stack = client.middlewareStack as Stack;
  stack.add(
    (next) => async (args) => {
      demandHost(args.request as Wanted, hosts);
      return await next(args);
    },
    { step: "build", name: "jitEndpointGuard", priority: "low" },
  );
}

export interface Wanted {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
}

/** @throws JitError `ENDPOINT_REFUSED` where a request would go to a host that is neither AWS's nor one of `hosts` */
export function demandHost({ hostname, port, protocol }: Wanted, hosts: readonly string[]): void {
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const isAws = protocol === "https:" && port === undefined && isAwsHost(hostname);
  // A named host without a port means https on 443; only loopback may be plain.
  const named = hosts.includes(host) || (port === undefined && hosts.includes(`${hostname}:443`));
  const allowed = named && (protocol === "https:" || isLoopback(hostname));
  if (isAws || allowed) return;
  throw new JitError(
    "ENDPOINT_REFUSED",
    `a request would go to ${host}, which the signed catalog does not name`,
    { hint: "look for endpoint_url in your AWS configuration" },
  );
}

/** S3, STS, IAM, KMS and CloudTrail alone: anybody may have a machine or a gateway whose name ends in amazonaws.com. */
export function isAwsHost(hostname: string): boolean {
  return [awsHost, iamHost, regionalHost].some((host) => host.test(hostname));
}

const awsHost =
  /(?:^|\.)(?:s3|sts)(?:-fips|-accelerate)?(?:\.dualstack)?(?:\.[a-z]{2,}(?:-[a-z]+)+-[0-9]+)?(?:\.vpce)?\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))$/;

/** One for each partition, with its region's name in it or without; nothing stands before it. */
const iamHost =
  /^iam(?:-fips)?(?:\.us-gov|\.global|\.[a-z]{2,}(?:-[a-z]+)+-[0-9]+)?\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))$/;

/** KMS and CloudTrail: each region has its own. */
const regionalHost =
  /^(?:kms|cloudtrail)(?:-fips)?\.[a-z]{2,}(?:-[a-z]+)+-[0-9]+\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))$/;

/** Reads the Date header of every reply, of those that are errors too. */
function watch(client: { readonly middlewareStack: object }, clock: ServerClock): void {
  const stack = client.middlewareStack as Stack;
  stack.add(
    (next) => async (args) => {
      try {
        const result = await next(args);
        clock.observe(dateOf(result.response));
        return result;
      } catch (error) {
        clock.observe(dateOf((error as { $response?: unknown }).$response));
        throw error;
      }
    },
    { step: "deserialize", name: "jitServerClock", priority: "low" },
  );
}

function dateOf(response: unknown): string | undefined {
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== "object" || headers === null || !("date" in headers)) return undefined;
  return typeof headers.date === "string" ? headers.date : undefined;
}
