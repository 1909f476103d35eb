import { isBrokenGlass, targetsOfRole } from "../../access/break-glass.ts";
import { checkAskedDuration, maximumDuration, parseDuration } from "../../access/duration.ts";
import { findTargets, formatTarget } from "../../access/target.ts";
import type { Justification } from "../../access/types.ts";
import { extendsName } from "../../audit/extends.ts";
import { isId } from "../../audit/id.ts";
import { tellStory } from "../../audit/story.ts";
import type { AuditRecord } from "../../audit/types.ts";
import { JitError } from "../../error.ts";
import { targetNames } from "../../session/assume-input.ts";
import { checkLonger, type Extendable, extendable } from "../../session/extend.ts";
import { requestAccess } from "../../session/request-access.ts";
import { isTextOf } from "../../session/sealed-text.ts";
import { sessionFor } from "../../session/single-flight.ts";
import type { Session } from "../../session/types.ts";
import { type Connection, connect } from "../compose.ts";
import { type Context, isOn, text } from "../context.ts";
import { confirmWish, finish, mustBreakOnPurpose } from "../finish.ts";
import { askJustification } from "../justify.ts";
import { accessInput, requestPorts, type Wish } from "../obtain.ts";
import type { Obtained } from "../obtained.ts";
import { clockTime } from "../render/session.ts";

/**
 * `jit extend [REQUEST|TARGET…]`: a new request in the place of one that goes on. It is decided as any other is, and says in its
 * record which one it extends.
 */
export async function extend(context: Context): Promise<number> {
  const connection = await connect(context);
  const old = await goingOn(context, connection, await wantedRequest(context, connection));
  const { catalog } = connection.organization;
  const targets = targetsOfRole(findTargets(catalog, old.record.targets), old.record.role);
  if (isBrokenGlass(targets)) mustBreakOnPurpose(context);
  const given = text(context, "for");
  const duration =
    given === undefined
      ? Math.min(old.record.duration, maximumDuration(targets).seconds)
      : parseDuration(given);
  checkAskedDuration(targets, duration);
  checkLonger(old, connection.clock.now(), duration);
  const before = await justificationOf(connection, old.record);
  const wish: Wish = {
    targets,
    duration,
    asked: await askJustification(context, catalog, targets, undefined, before),
  };
  await confirmed(context, wish, old);
  const obtained = await extended(context, connection, wish, old);
  return await finish(context, connection, obtained, targets.map(formatTarget));
}

/** The request that is meant: its id, its targets, or the one session that is there. */
async function wantedRequest(context: Context, connection: Connection): Promise<string> {
  const { args } = context.invocation;
  const [first] = args;
  if (args.length === 1 && first !== undefined && isId(first)) return first;
  const { organization, identity, clock, project } = connection;
  const named = args.length > 0 ? args : project.targets;
  const wanted =
    named.length === 0 ? undefined : targetNames(findTargets(organization.catalog, named)).join(" ");
  const sessions = (await connection.flight.cache.list())
    .map(({ session }) => session)
    .filter(
      (session) =>
        session.identity.userid === identity.userid &&
        session.organization === organization.fingerprint &&
        session.notAfter > clock.now() &&
        (session.breakGlass === true || !isOn(context, "breakGlass")) &&
        (wanted === undefined || [...session.targets].sort().join(" ") === wanted),
    )
    .sort((a, b) => b.notAfter.getTime() - a.notAfter.getTime());
  const found = sessions[0];
  if (found === undefined) {
    throw new JitError(
      "NO_SESSION",
      `no session ${wanted === undefined ? "" : `for ${wanted} `}is there to extend`,
      {
        hint: "`jit status` lists them; `jit request` asks for one",
      },
    );
  }
  const isOther = ({ targets, role }: Session) =>
    targets.join() !== found.targets.join() || role !== found.role;
  if (sessions.some(isOther)) {
    throw new JitError("FLAG_MISSING", "several sessions are there: name the targets, or the request", {
      hint: "`jit status` lists them",
    });
  }
  return found.request;
}

async function goingOn(context: Context, connection: Connection, request: string): Promise<Extendable> {
  const { bucket, organization, clock, identity } = connection;
  const { fingerprint: log, trust } = organization;
  const knownKeys = [connection.request.records.signer.publicKey];
  const story = await context.terminal.progress("Looking at what is to be extended", () =>
    tellStory(bucket, request, { log, trust, now: clock.now(), knownKeys }),
  );
  return extendable(story, identity, clock.now());
}

/** What was said then. Texts that are kept elsewhere can be read by few; what cannot be read is to be said again. */
async function justificationOf(
  { organization, reasons }: Connection,
  { purpose, reason, ticket, request }: AuditRecord<"request">,
): Promise<Partial<Justification>> {
  const location = organization.catalog.audit.reasons;
  const isKept = !("text" in reason) || (ticket !== "-" && !("text" in ticket));
  const kept =
    isKept && location !== undefined
      ? await reasons.read(location, request).catch(() => "denied" as const)
      : "absent";
  const texts = typeof kept === "object" ? kept : { reason: undefined, ticket: undefined };
  const before = "text" in reason ? reason.text : texts.reason;
  const number = ticket === "-" ? undefined : "text" in ticket ? ticket.text : texts.ticket;
  return {
    purpose,
    ...(before !== undefined && isTextOf(reason, before) ? { reason: before } : {}),
    ...(number !== undefined && ticket !== "-" && isTextOf(ticket, number) ? { ticket: number } : {}),
  };
}

async function confirmed(context: Context, wish: Wish, { record, notAfter }: Extendable): Promise<void> {
  context.terminal.note(`extends ${record.request}, which goes on until ${clockTime(notAfter)} as it is`);
  await confirmWish(context, wish);
}

/** Asks, and puts the new session in the old one's place. A session that another process got by extending is taken. */
async function extended(
  context: Context,
  connection: Connection,
  { targets, duration, asked }: Wish,
  { record: { request }, notAfter }: Extendable,
): Promise<Obtained> {
  const { flight } = connection;
  const name = connection.cacheName(targets);
  const isLater = (session: Session) => session.request !== request && session.notAfter > notAfter;
  const read = async (file: string) => {
    const session = await flight.cache.read(file);
    return session !== undefined && isLater(session) ? session : undefined;
  };
  const input = accessInput(connection, { targets, duration, justification: asked.justification });
  const circumstances = {
    ...input.circumstances,
    claimed: { ...input.circumstances.claimed, [extendsName]: request },
  };
  const outcome = await context.terminal.progress("Asking for more time", () =>
    sessionFor<Obtained>({ ...flight, cache: { ...flight.cache, read } }, name, (_previous, fence) =>
      requestAccess(requestPorts(connection, name), { ...input, circumstances }, fence),
    ),
  );
  if (outcome.kind === "cached") return { ...outcome, packed: undefined };
  return outcome.kind === "granted" ? { ...outcome, extended: { request, notAfter } } : outcome;
}
