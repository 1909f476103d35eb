import { narrowPolicy } from "../access/policy/narrow.ts";
import type { Clock } from "../audit/ports.ts";
import { codeOf, JitError } from "../error.ts";
import { endOf, isUsable } from "./freshness.ts";
import type { TokenService } from "./ports.ts";
import type { Credentials, Notice, Session } from "./types.ts";

export interface LeasePorts {
  readonly tokens: Pick<TokenService, "scope">;
  readonly clock: Clock;
  /** The session that leases are children of, renewed where its credentials lapse before the grant ends. */
  session(): Promise<Session>;
  notice(notice: Notice): void;
}

export interface LeaseInput {
  /** How long one lease lives, seconds; it never outlives the session. */
  readonly seconds: number;
  /** Actions that the child is narrowed to; empty: all that the session has. */
  readonly only: readonly string[];
  /** Whether the catalog asks for leases: then the session itself is never handed out. */
  readonly required: boolean;
}

/** Answers with the credentials that the child should have now, at least half a lease from their end. */
export type Leases = () => Promise<Credentials>;

/** AWS refuses a child that outlives its parent, and the call takes time, ms. */
const margin = 2000;

/**
 * Leases of one session, one after the other, by `sts:GetScopedCredentials`; CloudTrail shows the request id as their
 * description. Where STS has no such call, the session itself is handed out, with the notice `LEASE_UNSUPPORTED`,
 * unless the lease is required or was to narrow: then it fails with that code.
 *
 * The function fails with `SESSION_ENDED` once the session is over; what STS says passes through, unless the last
 * lease still works.
 * @throws JitError `ACTION_INVALID`, `POLICY_TOO_LARGE` for `only`
 */
export function leasesOf(ports: LeasePorts, input: LeaseInput): Leases {
  const policy = input.only.length === 0 ? undefined : narrowPolicy(input.only);
  let unsupported = false;
  let held: { readonly credentials: Credentials; readonly renewAt: number } | undefined;
  let underWay: Promise<Credentials> | undefined;

  async function next(): Promise<Credentials> {
    const session = await ports.session();
    const now = ports.clock.now();
    if (!isUsable(session, now)) throw ended();
    if (unsupported) return session.credentials;
    const left = endOf(session).getTime() - now.getTime() - margin;
    const durationSeconds = Math.max(1, Math.min(input.seconds, Math.floor(left / 1000)));
    const credentials = await ports.tokens.scope(session.credentials, {
      durationSeconds,
      policy,
      description: session.request,
    });
    held = { credentials, renewAt: now.getTime() + durationSeconds * 500 };
    return credentials;
  }

  async function nextOrFallback(): Promise<Credentials> {
    try {
      return await next();
    } catch (error) {
      if (codeOf(error) === "STS_UNSUPPORTED") return fallback(error);
      if (held !== undefined && held.credentials.expiration > ports.clock.now()) return held.credentials;
      throw error;
    }
  }

  async function fallback(cause: unknown): Promise<Credentials> {
    const message = "this region's STS has no GetScopedCredentials, which leases need";
    if (input.required || policy !== undefined) {
      throw new JitError("LEASE_UNSUPPORTED", message, {
        hint: input.required
          ? "the catalog asks for leases here: use a region that has them"
          : "leave --only out, or request a narrower access",
        cause,
      });
    }
    unsupported = true;
    ports.notice({ code: "LEASE_UNSUPPORTED", message: `${message}: the command gets the session itself` });
    return await next();
  }

  return async () => {
    if (held !== undefined && ports.clock.now().getTime() < held.renewAt) return held.credentials;
    underWay ??= nextOrFallback().finally(() => {
      underWay = undefined;
    });
    return await underWay;
  };
}

function ended(): JitError {
  return new JitError("SESSION_ENDED", "the session is over", { hint: "make a new request" });
}
