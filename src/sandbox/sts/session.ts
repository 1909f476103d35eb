import { deflateRawSync } from "node:zlib";
import { AwsError } from "../service.ts";
import { type Session, secretKey, uniqueId, type World } from "../world.ts";

/** Bytes that policies and tags of one session may take once packed. AWS's own figure is not published. */
const PACKED_LIMIT = 1_600;

/** Bytes that a session token may have. */
const TOKEN_LIMIT = 4_096;

export interface Packing {
  /** Percent of what is allowed, 1 to 100. */
  readonly packedPolicySize: number;
  /** Bytes. */
  readonly tokenSize: number;
  /** Percent. */
  readonly tokenUtilization: number;
}

/**
 * How much of the limits a session's policies and tags take. AWS packs them in a way it keeps to itself;
 * here it is the length of the raw deflate of the minified policies, ARNs and tags, in percent of 1,600 bytes.
 * @param minimum `MinimumSessionTokenSize` in bytes
 * @throws AwsError `PackedPolicyTooLarge` past 100 percent
 */
export function pack(
  policies: readonly string[],
  arns: readonly string[],
  tags: Readonly<Record<string, string>>,
  minimum = 0,
): Packing {
  const parts = [...policies.map(minify), ...arns, ...Object.entries(tags).flat()];
  const packed = parts.length === 0 ? 0 : deflateRawSync(parts.join("\n"), { level: 9 }).length;
  const percent = Math.max(1, Math.ceil((packed * 100) / PACKED_LIMIT));
  if (percent > 100) {
    const what = policies.length + arns.length === 0 ? "session tags" : "session policies and tags";
    throw new AwsError(
      "PackedPolicyTooLarge",
      400,
      `Packed size of ${what} consumes ${percent}% of allotted space.`,
    );
  }
  const tokenSize = Math.max(minimum, 380 + Math.ceil((packed * 4) / 3));
  return {
    packedPolicySize: percent,
    tokenSize,
    tokenUtilization: Math.ceil((tokenSize * 100) / TOKEN_LIMIT),
  };
}

function minify(policy: string): string {
  return JSON.stringify(JSON.parse(policy));
}

/** When a session of that many seconds ends: whole seconds, as replies print them, and never sooner than asked. */
export function expirationOf(now: Date, seconds: number): Date {
  return new Date(Math.ceil(now.getTime() / 1000 + seconds) * 1000);
}

/** Mints the keys of a session and keeps it. */
export function openSession(
  world: World,
  tokenSize: number,
  values: Omit<Session, "accessKeyId" | "secretAccessKey" | "sessionToken">,
): Session {
  const session: Session = {
    ...values,
    accessKeyId: uniqueId(world.random, "ASIA", 16),
    secretAccessKey: secretKey(world.random),
    sessionToken: sessionToken(world, tokenSize),
  };
  world.sessions.set(session.accessKeyId, session);
  return session;
}

/** The reply's `Credentials` element. */
export function credentialsOf(session: Session): Record<string, string | Date> {
  return {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    SessionToken: session.sessionToken,
    Expiration: session.expiration,
  };
}

/** Opaque, as AWS's are: the session is found by its key id, and the token compared. */
function sessionToken(world: World, size: number): string {
  const prefix = "IQoJb3JpZ2luX2VjE";
  const body = Buffer.from(world.random(Math.ceil((size * 3) / 4))).toString("base64");
  return (prefix + body).slice(0, size);
}
