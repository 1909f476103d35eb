import { parseDuration } from "../../access/duration.ts";
import { maximumReason } from "../../access/justification.ts";
import { findHostile } from "../../access/text.ts";
import { isId } from "../../audit/id.ts";
import { JitError } from "../../error.ts";
import { callerOf } from "../../session/person.ts";
import { isPersonName, type PersonDenial } from "../../session/revoke/denials.ts";
import {
  type Found,
  findLiveSessions,
  type LiveSession,
  lookBack,
  type Meant,
} from "../../session/revoke/live-sessions.ts";
import { ownerOf } from "../../session/revoke/policy-name.ts";
import { type Revoked, revokeSessions } from "../../session/revoke/revoke.ts";
import { liftDenial, sweepDenials } from "../../session/revoke/sweep.ts";
import { type Connection, connect } from "../compose.ts";
import { type Context, isOn, printJson, text } from "../context.ts";
import { confirm } from "../prompts.ts";
import { clockTime, noticeLine } from "../render/session.ts";
import { clean } from "../style.ts";

/** `jit revoke REQUEST|--requester NAME|--store NAME|--all`, and what undoes and tidies: `--lift`, `--sweep`. */
export async function revoke(context: Context): Promise<number> {
  const what = whatIsAsked(context);
  const connection = await connect(context);
  if (what.kind === "lift") return await lift(context, connection, what.name);
  if (what.kind === "sweep") return await sweep(context, connection);
  const meant = meantBy(what, connection);
  const now = connection.clock.now();
  const { organization } = connection;
  const found = await context.terminal.progress("Looking for live sessions", () =>
    findLiveSessions(connection.bucket, meant, {
      log: organization.fingerprint,
      trust: organization.trust,
      now,
      hours: lookBack(organization.catalog),
    }),
  );
  const known = new Set(rolesOf(connection));
  const sessions = found.sessions.filter(({ role }) => known.has(role));
  tellNotices(context, found, found.sessions.length - sessions.length);
  const person = personOf(context, what, now);
  if (sessions.length === 0 && person === undefined) return nothingToDo(context, meant, found);
  await ask(context, sessions, person);
  const revoked = await context.terminal.progress("Revoking", async () =>
    revokeSessions(await connection.revoke(), {
      sessions,
      person,
      roles: person === undefined ? [] : rolesOf(connection),
      reason: reasonOf(context, what),
      owner: ownerHere(connection),
    }),
  );
  report(context, revoked, person);
  const failure = revoked.roles.find(({ error }) => error !== undefined)?.error ?? revoked.unrecorded;
  if (failure !== undefined) throw failure;
  if (isOn(context, "sweep")) return await sweep(context, connection);
  return 0;
}

type Asked =
  | { readonly kind: "request" | "requester" | "store" | "lift"; readonly name: string }
  | { readonly kind: "all" | "sweep"; readonly name: "" };

/** Exactly one of what can be meant. */
function whatIsAsked(context: Context): Asked {
  const [request] = context.invocation.args;
  const named = (["requester", "store", "lift"] as const).flatMap((kind): Asked[] => {
    const name = text(context, kind);
    return name === undefined ? [] : [{ kind, name }];
  });
  const asked: Asked[] = [
    ...(request === undefined ? [] : [{ kind: "request" as const, name: request }]),
    ...named,
    ...(isOn(context, "all") ? [{ kind: "all" as const, name: "" as const }] : []),
  ];
  if (asked.length > 1) {
    throw new JitError("USAGE", "give one of a request, --requester, --store, --all and --lift", {
      hint: "revoke one after the other",
    });
  }
  const [one] = asked;
  if (one === undefined && !isOn(context, "sweep")) {
    throw new JitError(
      "FLAG_MISSING",
      "name a request, or give --requester, --store, --all, --lift or --sweep",
      {
        hint: "whoever asked sees the request's id in `jit status`",
      },
    );
  }
  if (one?.kind === "request" && !isId(one.name)) {
    throw new JitError("REQUEST_ID_INVALID", `${JSON.stringify(one.name.slice(0, 60))} is no request id`, {
      hint: "it has 26 letters and digits; for a store or a person use --store or --requester",
    });
  }
  if ((one?.kind === "requester" || one?.kind === "lift") && !isPersonName(one.name)) {
    throw new JitError(
      "NAME_INVALID",
      `${JSON.stringify(one.name.slice(0, 60))} cannot be a requester's name`,
      {
        hint: "it is the IAM user's or the role session's name, as `jit audit show` has it",
      },
    );
  }
  return one ?? { kind: "sweep", name: "" };
}

function meantBy({ kind, name }: Asked, { organization }: Connection): Meant {
  if (kind === "request") return { kind, request: name };
  if (kind === "requester") return { kind, name };
  if (kind !== "store") return { kind: "all" };
  const store = organization.catalog.stores.get(name);
  if (store !== undefined) return { kind, store };
  throw new JitError("STORE_UNKNOWN", `the catalog has no store ${JSON.stringify(name.slice(0, 60))}`, {
    hint: "`jit stores` lists them",
  });
}

function rolesOf({ organization }: Connection): readonly string[] {
  return [...new Set([...organization.catalog.stores.values()].map(({ role }) => role))].sort();
}

function ownerHere({ identity, request }: Connection): string {
  return ownerOf(request.records.signer.thumbprint, callerOf(identity).name);
}

function personOf(context: Context, { kind, name }: Asked, now: Date): PersonDenial | undefined {
  if (kind !== "requester") return undefined;
  const seconds = Math.floor(now.getTime() / 1000) + parseDuration(text(context, "for") ?? "12h");
  return { name, until: new Date(seconds * 1000) };
}

/** Stands in a record that is locked, as it was typed. */
function reasonOf(context: Context, { kind, name }: Asked): string {
  const given = text(context, "reason")?.trim();
  const reason = given === undefined || given === "" ? `jit revoke ${kind} ${name}`.trim() : given;
  if (reason.length > maximumReason || findHostile(reason) !== undefined) {
    throw new JitError("REASON_INVALID", "the reason is too long, or holds characters that cannot be seen", {
      hint: `at most ${maximumReason} characters on one line`,
    });
  }
  return reason;
}

function tellNotices(context: Context, { notBelieved }: Found, elsewhere: number): void {
  const notices = [
    ...(notBelieved.length === 0
      ? []
      : [
          {
            code: "NOT_BELIEVED",
            message: `${notBelieved.length} issue records do not count; jit audit verify names them`,
          },
        ]),
    ...(elsewhere === 0
      ? []
      : [
          {
            code: "ROLE_NOT_IN_CATALOG",
            message: `${elsewhere} sessions are of roles that the catalog no longer has`,
          },
        ]),
  ];
  for (const notice of notices) context.terminal.note(noticeLine(context, notice));
}

function nothingToDo(context: Context, meant: Meant, { ended }: Found): number {
  if (meant.kind === "request") {
    if (ended.includes(meant.request)) {
      throw new JitError("GRANT_ENDED", `the sessions of ${meant.request} have ended by themselves`, {
        hint: "`jit audit show` tells when",
      });
    }
    throw new JitError("REQUEST_NOT_FOUND", `no session of request ${meant.request} is recorded`, {
      hint: "`jit audit show` tells what became of the request",
    });
  }
  if (context.json) printJson(context, { sessions: [], roles: [], wiped: [], recorded: true });
  else context.terminal.print("no live session");
  return 0;
}

async function ask(
  context: Context,
  sessions: readonly LiveSession[],
  person: PersonDenial | undefined,
): Promise<void> {
  const { terminal } = context;
  if (isOn(context, "yes") || !terminal.interactive) return;
  for (const session of sessions) terminal.note(sessionLine(session));
  if (person !== undefined)
    terminal.note(`${clean(person.name)} is kept out until ${clockTime(person.until)}`);
  const count = sessions.length === 1 ? "this session" : `these ${sessions.length} sessions`;
  if (await confirm(context, sessions.length === 0 ? "Go on?" : `End ${count}?`, "--yes")) return;
  throw new JitError("CANCELLED", "cancelled; nothing was revoked and nothing was written");
}

function sessionLine({ requester, targets, request, notAfter }: LiveSession): string {
  return `${clean(targets.join(" "))} of ${clean(requester)}, until ${clockTime(notAfter)} (${request})`;
}

function report(context: Context, revoked: Revoked, person: PersonDenial | undefined): void {
  const { terminal, style } = context;
  const { sessions, roles, wiped, unrecorded } = revoked;
  if (context.json) {
    const plain = roles.map(({ error, ...role }) => ({ ...role, code: error?.code ?? null }));
    printJson(context, { sessions, roles: plain, person, wiped, recorded: unrecorded === undefined });
    return;
  }
  for (const session of sessions) {
    const mark = session.revoked ? `${style.good("✓")} revoked:` : `${style.bad("✗")} NOT revoked:`;
    terminal.print(`${mark} ${sessionLine(session)}`);
  }
  const open = roles.filter(({ state }) => state === "failed");
  if (person !== undefined && open.length < roles.length) {
    terminal.print(`${style.good("✓")} ${clean(person.name)} is kept out until ${clockTime(person.until)}`);
    terminal.note(style.dim(`  jit revoke --lift ${clean(person.name)} lets them in again`));
  }
  for (const { role, error } of open)
    terminal.print(`${style.bad("✗")} ${clean(role)}: ${clean(error?.message ?? "")}`);
  for (const request of wiped) terminal.print(`  wiped from this machine: ${request}`);
  if (open.length < roles.length) {
    terminal.note(
      style.dim("  IAM has the denial and enforces it everywhere within seconds, at most some minutes"),
    );
  }
}

async function sweep(context: Context, connection: Connection): Promise<number> {
  const swept = await context.terminal.progress("Sweeping", async () =>
    sweepDenials(await connection.revoke(), {
      roles: rolesOf(connection),
      owner: ownerHere(connection),
      now: connection.clock.now(),
    }),
  );
  if (context.json) {
    printJson(context, swept);
    return 0;
  }
  const { removed, shortened, left } = swept;
  context.terminal.print(
    `${context.style.good("✓")} ${removed.length} policies removed, ${shortened.length} shortened, ${left.length} of others left alone`,
  );
  return 0;
}

async function lift(context: Context, connection: Connection, name: string): Promise<number> {
  const changed = await context.terminal.progress("Lifting", async () =>
    liftDenial(
      await connection.revoke(),
      { roles: rolesOf(connection), owner: ownerHere(connection), now: connection.clock.now() },
      name,
    ),
  );
  if (context.json) printJson(context, { lifted: name, changed });
  else
    context.terminal.print(
      `${context.style.good("✓")} ${clean(name)} may have sessions again; revoked ones stay revoked`,
    );
  return 0;
}
