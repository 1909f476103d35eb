import { STSClient } from "@aws-sdk/client-sts";
import { isJitError, JitError } from "../error.ts";
import { type Aws, demandHost } from "./clients.ts";
import { commonError, failureOf, hintFor, isHopeless, isThrottling, noAnswer, wordsOf } from "./error.ts";
import type { ServerClock } from "./server-clock.ts";

/** A call of CloudTrail's JSON protocol in one region; answers with parsed JSON, hostile until it is read. */
export type CloudTrailCall = (operation: string, input: object) => Promise<Readonly<Record<string, unknown>>>;

export interface CloudTrailOptions {
  readonly aws: Pick<Aws, "common">;
  readonly region: string;
  /** Where CloudTrail is, if elsewhere than at AWS's own endpoint of the region. */
  readonly endpoint: string | undefined;
  /** Hosts other than AWS's own that requests may go to, checked already. */
  readonly hosts: readonly string[];
  readonly clock: ServerClock;
  readonly wait: (ms: number) => Promise<unknown>;
}

const answerMs = 15_000;
/** LookupEvents takes two calls a second: being throttled is how a long look goes. */
const attempts = 8;

/**
 * CloudTrail by the SDK's own signer and credentials. Its client is not among the libraries: two operations of one JSON
 * protocol need no more than this.
 * @throws JitError `TRAIL_DENIED`, `TRAIL_UNREACHABLE`, `TRAIL_REFUSED`, and those that all services have
 */
export function cloudTrail(options: CloudTrailOptions): CloudTrailCall {
  const { region, hosts, clock, wait } = options;
  const url = new URL(options.endpoint ?? `https://cloudtrail.${region}.${suffixOf(region)}`);
  const port = url.port === "" ? undefined : Number(url.port);
  demandHost({ protocol: url.protocol, hostname: url.hostname, port }, hosts);
  // A client of its own: a signer stays with the first name and region that it is asked for.
  const { config } = new STSClient({ ...options.aws.common, region });

  async function once(operation: string, body: string): Promise<Readonly<Record<string, unknown>>> {
    const signer = await config.signer({
      name: "sigv4",
      signingName: "cloudtrail",
      signingRegion: region,
      properties: {},
    });
    const request = {
      method: "POST",
      protocol: url.protocol,
      hostname: url.hostname,
      ...(port === undefined ? {} : { port }),
      path: "/",
      query: {},
      headers: {
        host: url.host,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.${operation}`,
      },
      body,
    };
    const signed = await signer.sign(request, { signingDate: clock.now() });
    const reply = await fetch(url, {
      method: "POST",
      headers: Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== "host")),
      body,
      redirect: "error",
      signal: AbortSignal.timeout(answerMs),
    });
    clock.observe(reply.headers.get("date") ?? undefined);
    const answer: unknown = await reply.json().catch(() => undefined);
    const fields = typeof answer === "object" && answer !== null ? answer : {};
    if (reply.ok) return fields as Readonly<Record<string, unknown>>;
    throw refusal(reply, fields as Readonly<Record<string, unknown>>);
  }

  return async (operation, input) => {
    const body = JSON.stringify(input);
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(operation, body);
      } catch (error) {
        if (isJitError(error)) throw error;
        const failure = failureOf(error);
        // The refusal itself has told AWS's time.
        const isSkewed = attempt === 1 && commonError(failure)?.code === "AWS_CLOCK_SKEW";
        const again = isSkewed || isThrottling(failure) || noAnswer(failure) || (failure.status ?? 0) >= 500;
        if (!again || isHopeless(failure) || attempt === attempts) throw explain(failure, operation, region);
        await wait(Math.min(8000, 250 * 2 ** attempt));
      }
    }
  };
}

/** In the form of the SDK's errors, which `failureOf` reads. */
function refusal(reply: Response, { __type, message, Message }: Readonly<Record<string, unknown>>): Error {
  const name = typeof __type === "string" ? __type.slice(__type.lastIndexOf("#") + 1) : "Unknown";
  const text = typeof message === "string" ? message : typeof Message === "string" ? Message : "";
  return Object.assign(new Error(text), { name, $metadata: { httpStatusCode: reply.status } });
}

function explain(failure: ReturnType<typeof failureOf>, operation: string, region: string): JitError {
  const common = commonError(failure);
  if (common !== undefined) return common;
  if (/^AccessDenied/.test(failure.name)) {
    return new JitError(
      "TRAIL_DENIED",
      `AWS does not let you call ${operation} in ${region}: ${wordsOf(failure)}`,
      {
        hint: `who reconciles needs cloudtrail:${operation} (docs/reconcile.md)`,
      },
    );
  }
  if (noAnswer(failure) || (failure.status ?? 0) >= 500) {
    return new JitError("TRAIL_UNREACHABLE", `CloudTrail in ${region} does not answer (${failure.name})`, {
      hint: hintFor(failure, "check the network and the name of the region, and try again"),
    });
  }
  return new JitError("TRAIL_REFUSED", `CloudTrail refuses ${operation} in ${region}: ${wordsOf(failure)}`, {
    hint: "where the account has not enabled the region, leave it out (--regions)",
  });
}

function suffixOf(region: string): string {
  if (region.startsWith("cn-")) return "amazonaws.com.cn";
  return region.startsWith("eusc-") ? "amazonaws.eu" : "amazonaws.com";
}
