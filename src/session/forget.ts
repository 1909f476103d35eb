import type { SessionCache } from "./ports.ts";
import type { Notice, Session } from "./types.ts";

export interface ForgetPorts {
  readonly cache: SessionCache;
  /** Writes the end record (`endForgotten` of `end.ts`). */
  ended(session: Session): Promise<void>;
}

export interface Forgotten {
  readonly sessions: readonly Session[];
  /** `END_NOT_RECORDED` for each session whose end record could not be stored: the secrets are gone all the same. */
  readonly notices: readonly Notice[];
}

/**
 * Removes sessions from this machine, and then records that. In this order: who asks for it wants the secrets gone,
 * bucket or no bucket. A crash in between leaves a session without an end, which ends by itself at its `notAfter`.
 * @param wanted which of the cached sessions
 */
export async function forgetSessions(
  ports: ForgetPorts,
  wanted: (session: Session) => boolean,
): Promise<Forgotten> {
  const found = (await ports.cache.list()).filter(({ session }) => wanted(session));
  for (const { name } of found) await ports.cache.remove(name);
  const sessions = found.map(({ session }) => session);
  return { sessions, notices: await recordEnds(ports.ended, sessions) };
}

/**
 * Records that sessions are on this machine no longer: they are gone already, so what cannot be stored is a notice and no
 * failure.
 */
export async function recordEnds(
  ended: ForgetPorts["ended"],
  sessions: readonly Session[],
): Promise<readonly Notice[]> {
  const notices: Notice[] = [];
  for (const session of sessions) {
    try {
      await ended(session);
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown error";
      notices.push({
        code: "END_NOT_RECORDED",
        message: `the end of ${session.request} could not be recorded: ${why}`,
      });
    }
  }
  return notices;
}
