import { brokenGlass } from "../access/break-glass.ts";
import {
  checkAskedDuration,
  defaultDuration,
  formatDuration,
  maximumDuration,
  parseDuration,
} from "../access/duration.ts";
import { findTargets } from "../access/target.ts";
import type { Target } from "../access/types.ts";
import { codeOf, isJitError, JitError } from "../error.ts";
import type { WaitingRequest } from "../session/approve/waiting.ts";
import type { CacheName } from "../session/cache-name.ts";
import { endForgotten } from "../session/end.ts";
import { recordEnds } from "../session/forget.ts";
import { isFresh } from "../session/freshness.ts";
import type { AccessInput } from "../session/plan.ts";
import { canRenew, renewSession } from "../session/renew.ts";
import { type RequestPorts, requestAccess } from "../session/request-access.ts";
import { sessionFor } from "../session/single-flight.ts";
import type { Notice, Session } from "../session/types.ts";
import { askDuration } from "./ask.ts";
import { besideNotices } from "./beside.ts";
import type { Connection } from "./compose.ts";
import { type Context, isOn, text } from "./context.ts";
import { recordEnd } from "./ends.ts";
import { type AskedFor, askJustification } from "./justify.ts";
import type { Obtained } from "./obtained.ts";
import { noticeLine } from "./render/session.ts";

export interface ObtainOptions {
  /** Ask anew even where a session is there. */
  readonly anew?: boolean;
  /** Called before anything is written, with what will be asked for; may refuse by throwing. */
  readonly confirm?: (asked: Wish) => Promise<void>;
}

export interface Wish {
  readonly targets: readonly Target[];
  /** Seconds. */
  readonly duration: number;
  readonly asked: AskedFor;
}

/**
 * The session for these targets: from the cache, renewed within its grant, or asked for. Questions are put to the person
 * before the lock is taken, so that nobody waits for another process's person.
 */
export async function obtain(
  context: Context,
  connection: Connection,
  targets: readonly Target[],
  options: ObtainOptions = {},
): Promise<Obtained> {
  const { organization, identity, flight, request, clock } = connection;
  const name = connection.cacheName(targets);
  const renewable = (session: Session | undefined): session is Session =>
    session !== undefined &&
    canRenew({ session, organization, identity, inheritedSourceIdentity: undefined }, clock.now());
  const cached = options.anew === true ? undefined : await flight.cache.read(name.name);
  const mine =
    cached?.inputs === name.inputs && cached.identity.userid === identity.userid ? cached : undefined;
  if (mine === undefined)
    for (const notice of await besideNotices(connection, targets, name))
      context.terminal.note(noticeLine(context, notice));
  if (mine === undefined || !isFresh(mine, clock.now())) {
    const waiting = options.anew === true ? undefined : await waitingFor(connection, name);
    // A window that was asked for ahead has its turn when the grant that is there has ended.
    if (waiting !== undefined && !(waiting.notBefore !== undefined && renewable(mine))) {
      const { lookAgain } = await import("./waiting.ts");
      const found = await lookAgain(context, connection, waiting).catch((error: unknown) => {
        // An extension that was denied takes nothing from the grant that is there.
        if (!renewable(mine)) throw error;
        context.terminal.note(noticeLine(context, noticeOf(error)));
        return undefined;
      });
      if (found !== undefined && !(found.kind === "pending" && renewable(mine))) return found;
    }
  }
  const wish = renewable(mine) ? undefined : await wishFor(context, connection, targets);
  if (
    wish !== undefined &&
    options.confirm !== undefined &&
    !(mine !== undefined && isFresh(mine, clock.now()))
  ) {
    await options.confirm(wish);
  }
  const startedAt = clock.now();
  let before: Session | undefined;
  return await context.terminal.progress("Asking for access", async () => {
    const ports =
      options.anew === true
        ? { ...flight, cache: { ...flight.cache, read: laterThan(flight.cache.read, startedAt) } }
        : flight;
    const outcome = await sessionFor<Obtained>(ports, name, async (previous, fence) => {
      if (renewable(previous) && options.anew !== true) {
        const inheritedSourceIdentity = connection.inheritedSourceIdentity;
        const issued = await renewSession(
          request,
          { session: previous, organization, identity, inheritedSourceIdentity },
          fence,
        );
        return { kind: "renewed", ...issued };
      }
      // The lock is held: this is what the new session will stand in place of.
      if (options.anew === true) before = await flight.cache.read(name.name);
      const { duration, asked } = wish ?? (await wishFor(context, connection, targets));
      return await requestAccess(
        requestPorts(connection, name),
        accessInput(connection, { targets, duration, justification: asked.justification }),
        fence,
      );
    });
    if (outcome.kind === "granted" && before?.inputs === name.inputs)
      return { ...outcome, ...(await endReplaced(context, connection, before, outcome.notices)) };
    if (outcome.kind !== "cached") return outcome;
    // Who calls was asked a moment ago, or within the five minutes that count as one.
    if (outcome.session.identity.userid === identity.userid) await flight.cache.confirm?.(name.name);
    return { ...outcome, packed: undefined };
  });
}

/** The new session is in place: the end of the one before is recorded, as `jit forget` does it. Another's is left alone. */
async function endReplaced(
  context: Context,
  connection: Connection,
  replaced: Session,
  notices: readonly Notice[],
): Promise<{ readonly replaced?: Session; readonly notices: readonly Notice[] }> {
  const { identity, clock } = connection;
  if (replaced.identity.userid !== identity.userid || replaced.notAfter <= clock.now()) return { notices };
  const ended = (session: Session) =>
    recordEnd(context, session, endForgotten(session), async () => connection);
  return { replaced, notices: [...notices, ...(await recordEnds(ended, [replaced]))] };
}

/** With a place for requests that wait, to be found again under the name that their session will have. */
export function requestPorts({ request, waiting }: Connection, name: CacheName): RequestPorts {
  return { ...request, waiting: { keep: (of, secret) => waiting.keep({ ...of, ...name }, secret) } };
}

function noticeOf(error: unknown): Notice {
  const message = error instanceof Error ? error.message : "it cannot be looked at";
  return { code: codeOf(error) ?? "UNEXPECTED", message: `what waits for the same targets: ${message}` };
}

/** The newest request of this caller for the same that waits for others, or whose window is open. */
async function waitingFor(
  { waiting, identity, clock }: Connection,
  { name, inputs }: CacheName,
): Promise<WaitingRequest | undefined> {
  return (await waiting.list()).findLast(
    (one) =>
      one.name === name &&
      one.inputs === inputs &&
      one.userid === identity.userid &&
      !(one.notBefore !== undefined && one.notBefore > clock.now()),
  );
}

/** What is asked for, by whom, under which catalog. */
export function accessInput(
  connection: Connection,
  wanted: Pick<AccessInput, "targets" | "duration" | "justification">,
): AccessInput {
  const { organization, identity, circumstances, inheritedSourceIdentity } = connection;
  return { organization, identity, circumstances, inheritedSourceIdentity, ...wanted };
}

/** With `--new`, only a session that another process got in the meantime counts. */
function laterThan(
  read: (name: string) => Promise<Session | undefined>,
  from: Date,
): (name: string) => Promise<Session | undefined> {
  return async (name) => {
    const session = await read(name);
    return session !== undefined && session.issuedAt >= from ? session : undefined;
  };
}

/** Why, and for how long: by flags, settings and questions. */
export async function wishFor(
  context: Context,
  connection: Connection,
  targets: readonly Target[],
): Promise<Wish> {
  const { catalog } = connection.organization;
  const duration = await durationFor(context, connection, targets);
  const asked = await askJustification(context, catalog, targets, usualPurpose(connection));
  return { targets, duration, asked };
}

/** The purpose where nobody names one: the project's, else a person's own. */
export function usualPurpose({ project, settings }: Connection): string | undefined {
  return project.purpose ?? settings.purpose;
}

/** `--for`, the project's file, a person's setting, the catalog's default; asked for where a person can choose. */
export async function durationFor(
  context: Context,
  connection: Connection,
  targets: readonly Target[],
): Promise<number> {
  const given = text(context, "for");
  if (given !== undefined) {
    const seconds = parseDuration(given);
    checkAskedDuration(targets, seconds);
    return seconds;
  }
  const { catalog } = connection.organization;
  const own = connection.settings.duration;
  const usual = connection.project.duration ?? (own === undefined ? undefined : parseDuration(own));
  const longest = maximumDuration(targets).seconds;
  const fallback = Math.min(usual ?? defaultDuration(catalog, targets), longest);
  if (usual !== undefined) checkAskedDuration(targets, fallback);
  if (context.invocation.command !== "request" || !context.terminal.interactive || isOn(context, "yes"))
    return fallback;
  return await askDuration(context, {
    fallback: formatDuration(fallback),
    longest: formatDuration(longest),
    check: (typed) => checkAskedDuration(targets, parseDuration(typed)),
  });
}

/**
 * Targets of the command line; else of the project's file; else asked for, by `pick`, which also completes what was typed.
 * With --break-glass as they are had in an emergency.
 */
export async function targetsFor(
  context: Context,
  connection: Pick<Connection, "organization" | "project">,
  pick?: (given: readonly string[]) => Promise<readonly string[]>,
): Promise<readonly Target[]> {
  const targets = await namedTargets(context, connection, pick);
  return isOn(context, "breakGlass") ? brokenGlass(targets) : targets;
}

/** Who typed no target is told where it comes from. */
function ofProject<T>(targets: readonly string[], find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!isJitError(error)) throw error;
    const hint = [`.jit/config.yaml names ${targets.join(" ")}`, error.hint ?? []].flat().join("\n");
    throw new JitError(error.code, error.message, { hint, cause: error });
  }
}

async function namedTargets(
  context: Context,
  connection: Pick<Connection, "organization" | "project">,
  pick: Parameters<typeof targetsFor>[2],
): Promise<readonly Target[]> {
  const { catalog } = connection.organization;
  const given = context.invocation.args;
  if (given.length > 0) return findTargets(catalog, (await pick?.(given)) ?? given);
  const { targets } = connection.project;
  if (targets.length > 0) return ofProject(targets, () => findTargets(catalog, targets));
  if (pick !== undefined) return findTargets(catalog, await pick([]));
  throw new JitError("FLAG_MISSING", "no target is named", {
    hint: "name it STORE:ACCESS; `jit stores` lists them",
  });
}
