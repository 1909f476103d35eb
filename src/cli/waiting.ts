import { codeOf, JitError } from "../error.ts";
import { catalogChanged } from "../session/approve/asked.ts";
import { type PickUpPorts, pickUp } from "../session/approve/pick-up.ts";
import type { CasePorts } from "../session/approve/ports.ts";
import { awaitDecision, isOver, lookOnce, type Seen } from "../session/approve/wait.ts";
import type { WaitingRequest } from "../session/approve/waiting.ts";
import { happeningOf } from "../session/notify/happening.ts";
import { repairCrashed } from "../session/repair.ts";
import { type SingleFlightPorts, sessionFor } from "../session/single-flight.ts";
import { casePorts } from "./approvals.ts";
import { isOfPast } from "./beside.ts";
import type { Connection } from "./compose.ts";
import type { Context } from "./context.ts";
import type { Obtained } from "./obtained.ts";
import { clockTime, noticeLine } from "./render/session.ts";
import { clean } from "./style.ts";

/** Requests of this machine that wait for others: looking, waiting, and picking the session up. */

/**
 * Looks once how a waiting request stands.
 * @returns its session, or that it still waits; `undefined` where it is over and can be made anew
 * @throws JitError `REQUEST_DENIED` once, and what picking up throws
 */
export async function lookAgain(
  context: Context,
  connection: Connection,
  of: WaitingRequest,
): Promise<Obtained | undefined> {
  let seen: Seen | undefined;
  try {
    // A run that could not send the request left it signed: it goes out now, with its abort.
    await repairCrashed(connection.request, connection.request.cache);
    seen = await lookOnce(await portsFor(connection, of), of);
  } catch (error) {
    if (!["REQUEST_CATALOG_CHANGED", "REQUEST_NOT_FOUND"].includes(codeOf(error) ?? "")) throw error;
    await connection.waiting.remove(of.request);
    return undefined;
  }
  const isMissed = of.quorum === 0 && seen?.standing.state === "open";
  if (!isMissed && (seen === undefined || !isOver(seen))) return stillWaiting(of);
  const state = seen?.standing.state;
  // What rules granted for its window and do not grant now is asked anew, and gets their answer.
  if (seen === undefined || isMissed || state === "expired" || state === "aborted" || isUsed(seen)) {
    await connection.waiting.remove(of.request);
    return undefined;
  }
  try {
    return await settle(context, connection, of, seen);
  } catch (error) {
    if (codeOf(error) !== "GRANT_ENDED") throw error;
    return undefined;
  }
}

/**
 * Waits until the request is decided, and picks its session up.
 * @throws JitError also `REQUEST_EXPIRED`, `REQUEST_ABORTED`, and at once `REQUEST_CATALOG_CHANGED`
 */
export async function waitFor(
  context: Context,
  connection: Connection,
  of: WaitingRequest,
): Promise<Obtained> {
  const { terminal } = context;
  if (of.catalog !== connection.organization.catalog.digest) {
    if (await isOfPast(connection, of.catalog)) await connection.waiting.remove(of.request);
    throw catalogChanged(`ask anew: jit request ${of.targets.join(" ")}`);
  }
  await repairCrashed(connection.request, connection.request.cache);
  const ports = { ...(await portsFor(connection, of)), wait: connection.wait };
  let last = "";
  const tell = (line: string) => {
    if (line !== last && !context.json) terminal.note(line);
    last = line;
  };
  const seen = await terminal.progress(`Waiting for ${whatFor(of)}`, () =>
    awaitDecision(ports, of, {
      progress: ({ approvals, terms }) =>
        tell(
          `  ${approvals.length} of ${terms.quorum} have agreed: ${approvals.map(({ record }) => clean(record.by.arn)).join(", ")}`,
        ),
      trouble: (error) => {
        const message = `${error instanceof Error ? error.message : "no answer"}; still waiting`;
        tell(noticeLine(context, { code: codeOf(error) ?? "UNEXPECTED", message }));
      },
    }),
  );
  return await settle(context, connection, of, seen);
}

function whatFor({ quorum, notBefore }: WaitingRequest): string {
  if (quorum === 0) return `its window, ${clockTime(notBefore ?? new Date())}`;
  return quorum === 1 ? "an approval" : "approvals";
}

/** Texts that the catalog keeps elsewhere may not be read by who wrote them: this machine remembers them. */
async function portsFor(connection: Connection, of: WaitingRequest): Promise<CasePorts> {
  const secret = await connection.waiting.secretOf(of.request);
  return { ...casePorts(connection), reasons: { read: async () => secret ?? "absent" } };
}

/** What comes of a request that is over. */
async function settle(
  context: Context,
  connection: Connection,
  of: WaitingRequest,
  seen: Seen,
): Promise<Obtained> {
  const { found, standing } = seen;
  const ended = endedError(seen);
  if (ended !== undefined) {
    await connection.waiting.remove(of.request);
    throw ended;
  }
  const secret = await connection.waiting.secretOf(of.request);
  const ports: PickUpPorts = { ...(await portsFor(connection, of)), issue: connection.request };
  const { inheritedSourceIdentity } = connection;
  const flight = await context.terminal
    .progress("Opening the session", () =>
      sessionFor<Obtained>(onlyOf(of, connection.flight), of, async (_previous, fence) => {
        const input = { waiting: of, secret, found, standing, inheritedSourceIdentity };
        return { kind: "granted", ...(await pickUp(ports, input, fence)) };
      }),
    )
    .catch(async (error: unknown) => {
      if (codeOf(error) === "GRANT_ENDED") await connection.waiting.remove(of.request);
      throw error;
    });
  // The session is in the cache: its key opens nothing more.
  await connection.waiting.remove(of.request);
  if (flight.kind === "cached") return { ...flight, packed: undefined };
  // Where another issues, it was told there.
  if (flight.kind === "granted" && of.issuer === "requester") {
    const { notAfter } = flight.session;
    connection.tell({ ...happeningOf("issued", found.request, standing.texts), notAfter });
  }
  return flight;
}

/** What stands there before, as the session that an extension is of, is not what was waited for. */
function onlyOf({ request }: WaitingRequest, flight: SingleFlightPorts): SingleFlightPorts {
  const read = async (name: string) => {
    const session = await flight.cache.read(name);
    return session?.request === request ? session : undefined;
  };
  return { ...flight, cache: { ...flight.cache, read } };
}

function isUsed({ found, standing }: Seen): boolean {
  return standing.state === "issued" && found.request.record.issuer === "requester";
}

function endedError(seen: Seen): JitError | undefined {
  const { state, end, closesAt, window } = seen.standing;
  const who = end?.record.by.arn ?? "somebody";
  if (state === "denied") {
    const { comment } = end?.record.type === "denial" ? end.record : { comment: "-" as const };
    const why = comment !== "-" && "text" in comment ? `: ${comment.text}` : "";
    return new JitError("REQUEST_DENIED", `${who} said no${why}`, {
      hint: "ask them, then make a new request",
    });
  }
  if (state === "aborted")
    return new JitError("REQUEST_ABORTED", `issuing it failed at ${who}`, { hint: "make a new request" });
  if (state === "expired" && window !== undefined && window.ends <= closesAt)
    return new JitError("WINDOW_LAPSED", `its window closed at ${window.ends.toISOString()}`, {
      hint: "make a new request",
    });
  if (state === "expired")
    return new JitError("REQUEST_EXPIRED", `nobody issued it until ${closesAt.toISOString()}`, {
      hint: "make a new request, and tell who can approve",
    });
  if (isUsed(seen))
    return new JitError(
      "REQUEST_ISSUED",
      "this request's session was issued already, and an approval issues once",
      {
        hint: "make a new request",
      },
    );
  return undefined;
}

function stillWaiting(of: WaitingRequest): Obtained {
  const { request, requestHash, quorum, approvers, closesAt, notBefore } = of;
  const window = notBefore === undefined ? {} : { opensAt: notBefore };
  return { kind: "pending", request, requestHash, quorum, approvers, closesAt, ...window, notices: [] };
}
