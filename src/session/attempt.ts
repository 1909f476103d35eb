import { type AppendPorts, appendRecord } from "../audit/append.ts";
import type { Journal, JournalStep } from "../audit/ports.ts";
import { codeOf } from "../error.ts";
import type { OwedEnds } from "./end.ts";
import type { Session } from "./types.ts";

export interface AttemptPorts {
  readonly records: AppendPorts;
  readonly journal: Journal;
  /** The caller's, where this machine keeps any. */
  readonly ends?: OwedEnds;
}

/** The request that something is done for. */
export interface RequestReference {
  readonly request: string;
  readonly requestHash: string;
}

/** How far an attempt has come; the journal knows the same. */
export interface Progress {
  readonly step: JournalStep;
  /** `-` until AssumeRole has answered. */
  readonly accessKeyId: string;
  /** The next step begins. */
  next(step: JournalStep, accessKeyId?: string): Promise<void>;
}

/**
 * Runs what may end in a session that nobody gets. Whatever it throws, an abort record says how far it came and, where
 * it is known, which session was made; then the error passes through. Where the abort cannot be written either, the
 * journal still has the request, and the next run writes it.
 *
 * @param first the step that the journal stands at; the request is open there
 * @param mayRetry whether an error means that nothing was done and the same may be tried again: then no abort is written
 */
export async function attempt<T>(
  ports: AttemptPorts,
  of: RequestReference,
  first: JournalStep,
  work: (progress: Progress) => Promise<T>,
  mayRetry: (error: unknown, step: JournalStep) => boolean = () => false,
): Promise<T> {
  let at = { step: first, accessKeyId: "-" };
  try {
    return await work({
      get step() {
        return at.step;
      },
      get accessKeyId() {
        return at.accessKeyId;
      },
      async next(step, accessKeyId = at.accessKeyId) {
        // In memory first: a journal that cannot be written must not hide the session from the abort record.
        at = { step, accessKeyId };
        await ports.journal.mark(of.request, step, accessKeyId);
      },
    });
  } catch (error) {
    if (mayRetry(error, at.step)) await ports.journal.close(of.request).catch(() => undefined);
    else await abort(ports, of, at.step, at.accessKeyId, error).catch(() => undefined);
    throw error;
  }
}

/** The session is where its user finds it: the request is no longer under way. */
export async function handedOver(ports: AttemptPorts, session: Session): Promise<void> {
  await ports.journal.close(session.request);
}

/**
 * The session was issued and recorded, but could not be kept: its abort record says that nobody holds it. Where that
 * cannot be written, the journal still has the request, and the next run writes it.
 */
export async function abandoned(ports: AttemptPorts, session: Session, cause: unknown): Promise<void> {
  await abort(ports, session, "cache", session.credentials.accessKeyId, cause).catch(() => undefined);
}

async function abort(
  ports: AttemptPorts,
  { request, requestHash }: RequestReference,
  step: JournalStep,
  accessKeyId: string,
  cause: unknown,
): Promise<void> {
  const code = stableCode(cause);
  const body = { requestHash, code, step, accessKeyId };
  await appendRecord(ports.records, { type: "abort", request, body: () => body });
  await ports.journal.close(request);
}

/** The error's code where a record may hold it. */
function stableCode(error: unknown): string {
  const code = codeOf(error);
  return code !== undefined && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : "INTERNAL";
}
