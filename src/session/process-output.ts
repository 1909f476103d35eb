import { endOf } from "./freshness.ts";
import type { Session } from "./types.ts";

/**
 * What a `credential_process` prints: one line of JSON.
 * https://docs.aws.amazon.com/cli/v1/userguide/cli-configure-sourcing-external.html
 * `Expiration` is the moment after which nothing works, which may be the grant's end.
 */
export function printProcess(session: Session): string {
  const { accessKeyId, secretAccessKey, sessionToken } = session.credentials;
  return `${JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    SessionToken: sessionToken.reveal(),
    Expiration: wholeSeconds(endOf(session)),
  })}\n`;
}

/** RFC 3339 with whole seconds, rounded down: the form that AWS itself prints. A process's first `toISOString` takes 0.2 ms. */
export function wholeSeconds(time: Date): string {
  const date = `${digits(time.getUTCFullYear(), 4)}-${digits(time.getUTCMonth() + 1)}-${digits(time.getUTCDate())}`;
  return `${date}T${digits(time.getUTCHours())}:${digits(time.getUTCMinutes())}:${digits(time.getUTCSeconds())}Z`;
}

function digits(value: number, count = 2): string {
  return String(value).padStart(count, "0");
}
