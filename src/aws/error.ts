import { codeOf, JitError } from "../error.ts";

/** What of an SDK error is looked at: its name and status, never its class, and never its request. */
export interface AwsFailure {
  /** `AccessDenied`, `ExpiredTokenException`, `ECONNREFUSED`, `TimeoutError`. */
  readonly name: string;
  /** HTTP status, or `undefined` where no answer came. */
  readonly status: number | undefined;
  readonly message: string;
  /** Whether the SDK has found, by this very answer, that the request was signed with a wrong time. */
  readonly signedAtWrongTime: boolean;
  /** Region of the bucket, where S3 says that it is elsewhere. */
  readonly bucketRegion: string | undefined;
}

const noCredentials = new Set([
  "CredentialsProviderError",
  "CredentialsError",
  "ProviderError",
  "TokenProviderError",
]);

export function failureOf(error: unknown): AwsFailure {
  const of = isObject(error) ? error : {};
  const metadata = isObject(of["$metadata"]) ? of["$metadata"] : {};
  const response = isObject(of["$response"]) ? of["$response"] : {};
  const headers = isObject(response["headers"]) ? response["headers"] : {};
  const own = textOf(of["Code"]) ?? textOf(of["name"]) ?? "Unknown";
  const code = codeOf(error) ?? codeOf(of["cause"]);
  const status = numberOf(metadata["httpStatusCode"]) ?? numberOf(response["statusCode"]);
  return {
    // Where the chain of credentials failed, what it failed of is a detail.
    name: status === undefined && code !== undefined && !noCredentials.has(own) ? code : own,
    status,
    message: textOf(of["message"]) ?? "",
    signedAtWrongTime: metadata["clockSkewCorrected"] === true,
    bucketRegion: textOf(headers["x-amz-bucket-region"]),
  };
}

const expired = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"]);
const badKeys = new Set([
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
  "InvalidToken",
]);
const clockErrors = new Set(["RequestTimeTooSkewed", "RequestInTheFuture"]);
const throttled = new Set([
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestLimitExceeded",
  "TooManyRequestsException",
  "RequestThrottled",
  "BandwidthLimitExceeded",
]);

/** What is the same whichever service answered; `undefined` where the service has its own words. */
export function commonError(failure: AwsFailure): JitError | undefined {
  const { name } = failure;
  if (noCredentials.has(name)) {
    return new JitError("AWS_NO_CREDENTIALS", "no AWS credentials are found", {
      hint: "sign in (aws sso login), or name a profile with --profile",
    });
  }
  if (expired.has(name)) {
    return new JitError("AWS_EXPIRED", "your AWS credentials have expired", {
      hint: "sign in again (aws sso login), or renew them where they come from",
    });
  }
  if (clockErrors.has(name) || /^Signature (?:expired|not yet current)/.test(failure.message)) {
    return new JitError("AWS_CLOCK_SKEW", "this machine's clock is too far off for AWS", {
      hint: "set the clock (jit doctor tells by how much)",
    });
  }
  if (badKeys.has(name)) {
    return new JitError("AWS_BAD_CREDENTIALS", `AWS does not accept your credentials (${name})`, {
      hint: "check the profile or the variables they come from",
    });
  }
  if (isThrottling(failure)) {
    return new JitError("AWS_THROTTLED", "AWS is too busy at the moment", { hint: "try again in a minute" });
  }
  if (name === "Region is missing" || /^Region is missing/.test(failure.message)) {
    return new JitError("AWS_NO_REGION", "no AWS region is known", {
      hint: "give --region, or set AWS_REGION",
    });
  }
  return undefined;
}

export function isThrottling({ name, status }: AwsFailure): boolean {
  return throttled.has(name) || status === 503 || status === 429;
}

/**
 * Whether AWS refused a signature for its time, so that nothing was done, and the next one is made with AWS's own: the SDK
 * does that by itself only where it may try again by itself.
 */
export function isSkewed({ name, status, signedAtWrongTime }: AwsFailure): boolean {
  return signedAtWrongTime && status === 403 && (badKeys.has(name) || clockErrors.has(name));
}

/** Whether AWS gave no answer: whatever was asked may have been done. */
export function noAnswer({ status }: AwsFailure): boolean {
  return status === undefined;
}

/** Whether nothing was sent: there was nobody to connect to, or nobody to trust, or no key to sign with. */
export function neverSent({ name, status, message }: AwsFailure): boolean {
  if (status !== undefined) return false;
  return (
    noCredentials.has(name) ||
    ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"].includes(name) ||
    // The SDK has one name for a connection and an answer that are too slow; only its words tell them apart.
    (name === "TimeoutError" && message.includes("did not establish a connection")) ||
    isUntrusted(name)
  );
}

/** Whether the next try would end the same. */
export function isHopeless({ name }: AwsFailure): boolean {
  return noCredentials.has(name) || isUntrusted(name);
}

/** Whether the server's certificate is not believed (X.509 and TLS errors of OpenSSL and Node). */
function isUntrusted(name: string): boolean {
  return /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|EPROTO$)/.test(
    name,
  );
}

/** What to do where AWS does not answer. */
export function hintFor({ name }: AwsFailure, otherwise: string): string {
  if (!isUntrusted(name)) return otherwise;
  return "its certificate is not believed: where a proxy opens TLS, point NODE_EXTRA_CA_CERTS to the proxy's own";
}

/** AWS's own words, short enough for a line; they hold no secret, but what they hold is escaped where it is printed. */
export function wordsOf({ message, name }: AwsFailure): string {
  const words = (message === "" ? name : message).replace(/\s+/g, " ");
  return words.length > 400 ? `${words.slice(0, 400)}…` : words;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
