import type { Identity } from "../access/types.ts";
import type { Clock } from "../audit/ports.ts";
import { codeOf } from "../error.ts";
import type { CacheName } from "./cache-name.ts";
import { isFresh, isUsable } from "./freshness.ts";
import type { Fence, Lock, SessionCache } from "./ports.ts";
import type { Notice, Session } from "./types.ts";

export interface SingleFlightPorts {
  readonly cache: SessionCache;
  readonly lock: Lock;
  /** The server's clock. */
  readonly clock: Clock;
  /** Who calls, where that is known: another's session is not seen, though its name is the same. */
  readonly identity?: Identity;
  /** The session is in the cache: its request is no longer under way on this machine. */
  kept(session: Session): Promise<void>;
  /** The session could not be kept and is handed to nobody: writes the abort record. */
  lost(session: Session, cause: unknown): Promise<void>;
}

/** What came of getting a session; other outcomes (pending, refused) are the caller's and pass through. */
export type Flight<T> =
  | { readonly kind: "cached"; readonly session: Session; readonly notices: readonly Notice[] }
  | T;

/**
 * One session for any number of processes that want it at once: the cache, then the lock, then the cache again, and
 * only who still finds nothing obtains one. What the cache holds stays until its replacement is complete, and is
 * still handed out where renewing it fails.
 *
 * A crash before the write leaves the old file; one after it leaves the new one and the request in the journal.
 *
 * @param obtain gets what the cache held, which may have lapsed, and the fence to check before what must not happen
 *   twice; its session comes back with `inputs` set, as it was cached
 */
export async function sessionFor<T extends { readonly session?: Session }>(
  ports: SingleFlightPorts,
  { name, inputs }: CacheName,
  obtain: (previous: Session | undefined, fence: Fence) => Promise<T>,
): Promise<Flight<T>> {
  const cached = await readCached(ports, name, inputs);
  if (cached !== undefined && isFresh(cached, ports.clock.now())) return hit(cached);
  return await ports.lock.hold(name, async (fence) => {
    const previous = await readCached(ports, name, inputs);
    if (previous !== undefined && isFresh(previous, ports.clock.now())) return hit(previous);
    let outcome: T;
    try {
      outcome = await obtain(previous, fence);
    } catch (error) {
      if (previous === undefined || !isUsable(previous, ports.clock.now())) throw error;
      return hit(previous, notRenewed(error));
    }
    if (outcome.session === undefined) return outcome;
    const session = { ...outcome.session, inputs };
    await keep(ports, name, session, fence);
    return { ...outcome, session };
  });
}

async function keep(ports: SingleFlightPorts, name: string, session: Session, fence: Fence): Promise<void> {
  try {
    await ports.cache.write(name, session, fence);
  } catch (error) {
    await ports.lost(session, error);
    throw error;
  }
  await ports.kept(session);
}

async function readCached(
  ports: SingleFlightPorts,
  name: string,
  inputs: string,
): Promise<Session | undefined> {
  const session = await ports.cache.read(name);
  if (session?.inputs !== inputs) return undefined;
  const { identity } = ports;
  return identity === undefined || identity.userid === session.identity.userid ? session : undefined;
}

function hit(session: Session, ...notices: Notice[]) {
  return { kind: "cached", session, notices } as const;
}

function notRenewed(error: unknown): Notice {
  const why = error instanceof Error ? error.message : (codeOf(error) ?? "unknown error");
  return { code: "NOT_RENEWED", message: `the session works until it lapses, but cannot be renewed: ${why}` };
}
