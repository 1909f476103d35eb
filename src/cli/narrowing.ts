import { formatDuration, parseDuration } from "../access/duration.ts";
import { formatTarget } from "../access/target.ts";
import type { Target } from "../access/types.ts";
import { idTime } from "../audit/id.ts";
import { JitError } from "../error.ts";
import type { Session } from "../session/types.ts";
import { type Context, text } from "./context.ts";

/** What `jit exec` is to hand the command less of than the session. */
export interface Narrowing {
  /** How long one lease lives, seconds. */
  readonly seconds: number | undefined;
  readonly only: readonly string[];
}

/** `--lease` and `--only`; what is wrong with their form is said before anything is asked for. */
export async function narrowingOf(context: Context): Promise<Narrowing> {
  const lease = text(context, "lease");
  const flag = context.invocation.flags["only"];
  const only = Array.isArray(flag)
    ? flag.filter((action): action is string => typeof action === "string")
    : [];
  if (only.length > 0) (await import("../access/policy/narrow.ts")).narrowPolicy(only);
  return { seconds: lease === undefined ? undefined : parseDuration(lease), only };
}

/**
 * Whether an access has what it is to be narrowed to: before it is asked for.
 * @throws JitError `ACTION_NOT_GRANTED`
 */
export async function checkNarrowed(
  { only }: Narrowing,
  targets: readonly Target[],
  now: Date,
): Promise<void> {
  if (only.length === 0) return;
  const { compileSessionPolicy } = await import("../access/policy/compile.ts");
  const { checkGranted } = await import("../access/policy/granted.ts");
  const { statements } = compileSessionPolicy({ targets, notAfter: now });
  checkGranted(only, statements, targets.map(formatTarget).join(" "));
}

/** The same of a session that is there. @throws JitError `ACTION_NOT_GRANTED`, `LEASE_TOO_LONG` */
export async function checkNarrowedSession(wanted: Narrowing, session: Session): Promise<void> {
  const { request, notAfter, targets, policy } = session;
  checkLease(wanted, Math.round(notAfter.getTime() / 1000) - Math.floor(idTime(request) / 1000));
  if (wanted.only.length === 0) return;
  const { checkGranted } = await import("../access/policy/granted.ts");
  checkGranted(wanted.only, JSON.parse(policy).Statement, targets.join(" "));
}

/** @param grant seconds, from its request to its end @throws JitError `LEASE_TOO_LONG` */
export function checkLease({ seconds }: Narrowing, grant: number): void {
  if (seconds === undefined || seconds <= grant) return;
  const longest = formatDuration(grant);
  throw new JitError(
    "LEASE_TOO_LONG",
    `a lease of ${formatDuration(seconds)} is longer than the session of ${longest}`,
    { hint: `give --lease from 1s to ${longest}, or leave it out` },
  );
}

/** How long a lease lives: what was asked for, never more than the catalog's; five minutes where only `--only` was. */
export function leaseSeconds({ seconds, only }: Narrowing, session: Session): number | undefined {
  const lengths = [seconds, session.lease].filter((length) => length !== undefined);
  if (lengths.length > 0) return Math.min(...lengths);
  return only.length > 0 ? 300 : undefined;
}
