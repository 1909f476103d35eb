import { findPersonal } from "../access/personal.ts";
import { findHostile } from "../access/text.ts";
import type { RecordReader } from "../audit/record-reader.ts";
import { JitError } from "../error.ts";
import { type Self, whoDecides } from "../session/approve/approver.ts";
import type { DecidePorts } from "../session/approve/decide.ts";
import { type CasePorts, readerOf } from "../session/approve/ports.ts";
import type { Review } from "../session/approve/review.ts";
import { type Happening, happeningOf, named } from "../session/notify/happening.ts";
import type { Connection } from "./compose.ts";
import type { Context } from "./context.ts";
import { noticeLine } from "./render/session.ts";
import { refuseBadId } from "./request-id.ts";

/** What commands about approvals share: ports out of a connection, and what is typed. */

export function casePorts({ bucket, organization, rules, clock, reasons }: Connection): CasePorts {
  return { store: bucket, organization, rules, clock, reasons };
}

export function decidePorts(connection: Connection): DecidePorts {
  const ports = casePorts(connection);
  return { ...ports, issue: connection.request, reader: readerOf(ports), lock: connection.flight.lock };
}

/** @throws JitError `APPROVER_NOT_ATTESTED` */
export async function selfOf(connection: Connection, reader: RecordReader): Promise<Self> {
  const roles = connection.organization.trust?.sessionNameRoles ?? [];
  return await whoDecides({ records: connection.request.records, reader }, roles);
}

/** What an approver does to a request, as it is told. */
export function decided(
  event: Happening["event"],
  { found, standing }: Review,
  { identity }: Connection,
  comment: string,
): Happening {
  const texts = { ...standing.texts, comment: comment === "" ? undefined : comment };
  return { ...happeningOf(event, found.request, texts), by: named(identity) };
}

/** The request id of the command line. @throws JitError `FLAG_MISSING`, `REQUEST_ID_INVALID` */
export function requestArgument(context: Context): string {
  const [request] = context.invocation.args;
  if (request === undefined) {
    throw new JitError("FLAG_MISSING", "no request is named", { hint: "`jit pending` lists them" });
  }
  refuseBadId(request);
  return request;
}

const longestComment = 1024;

/** What an approver has to say; it stands in a record that is locked, as it was typed. */
export function commentOf(context: Context, typed: string | undefined, flag: "comment" | "reason"): string {
  const comment = typed?.trim() ?? "";
  checkComment(comment, flag);
  for (const { kind } of findPersonal("reason", comment)) {
    const message = `--${flag} seems to hold personal data (${kind}), which stays in the record`;
    context.terminal.note(noticeLine(context, { code: "PERSONAL_DATA", message }));
  }
  return comment;
}

/** @throws JitError `REASON_INVALID` */
export function checkComment(comment: string, flag: "comment" | "reason"): void {
  if (comment.length > longestComment || findHostile(comment) !== undefined) {
    throw new JitError("REASON_INVALID", `--${flag} is too long, or holds characters that cannot be seen`, {
      hint: `at most ${longestComment} characters on one line`,
    });
  }
}

/** A decision that nobody was asked about needs the flag that says so. */
export function mustBeConfirmed(context: Context): void {
  if (context.terminal.interactive || context.invocation.flags["yes"] === true) return;
  throw new JitError("FLAG_MISSING", "--yes is missing, and there is no terminal to ask on", {
    hint: "look at it with `jit pending`, then give --yes",
  });
}
