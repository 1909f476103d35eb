import { findPersonal } from "../../access/personal.ts";
import { JitError } from "../../error.ts";
import { named } from "../../session/notify/happening.ts";
import type { PersonDenial } from "../../session/revoke/denials.ts";
import {
  type Found,
  findLiveSessions,
  type LiveSession,
  lookBack,
  type Meant,
} from "../../session/revoke/live-sessions.ts";
import { revokeSessions } from "../../session/revoke/revoke.ts";
import { liftDenial, type Swept, sweepDenials } from "../../session/revoke/sweep.ts";
import { type Connection, connect } from "../compose.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { confirm } from "../prompts.ts";
import { printSwept, reportRevoked, sessionLine } from "../render/revoke.ts";
import { clockTime, noticeLine } from "../render/session.ts";
import { meantBy, ownerHere, personOf, reasonOf, rolesOf, whatIsAsked } from "../revoke-question.ts";
import { clean } from "../style.ts";

/** `jit revoke REQUEST|--requester NAME|--store NAME|--all`, and what undoes and tidies: `--lift`, `--sweep`. */
export async function revoke(context: Context): Promise<number> {
  const what = whatIsAsked(context);
  const connection = await connect(context);
  if (what.kind === "lift") return await lift(context, connection, what.name);
  if (what.kind === "sweep") return await sweepAlone(context, connection);
  const meant = meantBy(what, connection.organization.catalog);
  const { organization } = connection;
  const found = await context.terminal.progress("Looking for live sessions", () =>
    findLiveSessions(connection.bucket, meant, {
      log: organization.fingerprint,
      trust: organization.trust,
      clock: connection.clock,
      hours: lookBack(organization.catalog),
    }),
  );
  const known = new Set(rolesOf(connection));
  const sessions = found.sessions.filter(({ role }) => known.has(role));
  const elsewhere = elsewhereError(found.sessions.filter(({ role }) => !known.has(role)));
  tellNotBelieved(context, found);
  const person = personOf(context, what, connection.clock.now());
  if (sessions.length === 0 && person === undefined) {
    if (elsewhere !== undefined) throw elsewhere;
    refuseMissing(meant, found);
    const swept = isOn(context, "sweep") ? await sweep(context, connection) : undefined;
    reportRevoked(context, { sessions: [], roles: [], unrecorded: undefined, wiped: [] }, undefined, swept);
    return 0;
  }
  const reason = reasonOf(context, what);
  for (const { kind } of findPersonal("reason", reason)) {
    const message = `the reason seems to hold personal data (${kind}), which stays in the record`;
    context.terminal.note(noticeLine(context, { code: "PERSONAL_DATA", message }));
  }
  await ask(context, sessions, person, meant.kind !== "all");
  const revoked = await context.terminal.progress("Revoking", async () =>
    revokeSessions(await connection.revoke(), {
      sessions,
      person,
      roles: person === undefined ? [] : rolesOf(connection),
      reason,
      owner: ownerHere(connection),
    }),
  );
  const failure =
    revoked.roles.find(({ error }) => error !== undefined)?.error ?? revoked.unrecorded ?? elsewhere;
  tellOf(
    connection,
    revoked.sessions.filter((session) => session.revoked),
    reason,
  );
  const swept =
    isOn(context, "sweep") && failure === undefined ? await sweep(context, connection) : undefined;
  reportRevoked(context, revoked, person, swept);
  if (failure !== undefined) throw failure;
  return 0;
}

/** One message, however many sessions end. */
function tellOf(
  { tell, identity }: Connection,
  [first, ...others]: readonly LiveSession[],
  comment: string,
): void {
  if (first === undefined) return;
  const { request, requestHash, requester, targets, role, notAfter } = first;
  const asked = {
    request,
    requestHash,
    targets,
    role,
    notAfter,
    requester: { name: requester, arn: undefined },
  };
  tell({ event: "revoked", ...asked, by: named(identity), others, texts: { comment } });
}

async function sweepAlone(context: Context, connection: Connection): Promise<number> {
  const swept = await sweep(context, connection);
  if (context.json) printJson(context, swept);
  else printSwept(context, swept);
  return 0;
}

function tellNotBelieved(context: Context, { notBelieved }: Found): void {
  if (notBelieved.length === 0) return;
  const message = `${notBelieved.length} issue records do not count; jit audit verify names them`;
  context.terminal.note(noticeLine(context, { code: "NOT_BELIEVED", message }));
}

/** A record can name any role: only those of the catalog are changed at its word. */
function elsewhereError(sessions: readonly LiveSession[]): JitError | undefined {
  const [first] = sessions;
  if (first === undefined) return undefined;
  return new JitError(
    "ROLE_NOT_IN_CATALOG",
    `${sessions.length} live sessions are of roles that the catalog does not have: ${clean(first.role)}`,
    { hint: "have an administrator of IAM take that role's permissions away" },
  );
}

/** Of one request something is expected; where a person, a store or all are meant, none may be the answer. */
function refuseMissing(meant: Meant, { ended }: Found): void {
  if (meant.kind !== "request") return;
  if (ended.includes(meant.request)) {
    throw new JitError("GRANT_ENDED", `the sessions of ${meant.request} have ended by themselves`, {
      hint: "`jit audit show` tells when",
    });
  }
  throw new JitError("REQUEST_NOT_FOUND", `no live session of request ${meant.request} is recorded`, {
    hint: "`jit audit show` tells what became of the request",
  });
}

/** @param usual what Enter alone means: ending some is the safe side, ending all is everybody's outage */
async function ask(
  context: Context,
  sessions: readonly LiveSession[],
  person: PersonDenial | undefined,
  usual: boolean,
): Promise<void> {
  const { terminal } = context;
  if (isOn(context, "yes") || !terminal.interactive) return;
  for (const session of sessions) terminal.note(sessionLine(session));
  if (person !== undefined)
    terminal.note(`${clean(person.name)} is kept out until ${clockTime(person.until)}`);
  const count = sessions.length === 1 ? "this session" : `these ${sessions.length} sessions`;
  if (await confirm(context, sessions.length === 0 ? "Go on?" : `End ${count}?`, "--yes", usual)) return;
  throw new JitError("CANCELLED", "cancelled; nothing was revoked and nothing was written");
}

async function sweep(context: Context, connection: Connection): Promise<Swept> {
  return await context.terminal.progress("Sweeping", async () =>
    sweepDenials(await connection.revoke(), { roles: rolesOf(connection), owner: ownerHere(connection) }),
  );
}

async function lift(context: Context, connection: Connection, name: string): Promise<number> {
  const changed = await context.terminal.progress("Lifting", async () =>
    liftDenial(await connection.revoke(), { roles: rolesOf(connection), owner: ownerHere(connection) }, name),
  );
  if (context.json) printJson(context, { lifted: name, changed });
  else
    context.terminal.print(
      `${context.style.good("✓")} ${clean(name)} may have sessions again; revoked ones stay revoked`,
    );
  return 0;
}
