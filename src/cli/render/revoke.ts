import type { PersonDenial } from "../../session/revoke/denials.ts";
import type { LiveSession } from "../../session/revoke/live-sessions.ts";
import type { Revoked } from "../../session/revoke/revoke.ts";
import type { Swept } from "../../session/revoke/sweep.ts";
import { type Context, printJson } from "../context.ts";
import { clean, wrap } from "../style.ts";
import { clockTime } from "./session.ts";

/** One session for people. */
export function sessionLine({ requester, targets, request, notAfter }: LiveSession): string {
  return `${clean(targets.join(" "))} of ${clean(requester)}, until ${clockTime(notAfter)} (${request})`;
}

/** What was done, and what was not. */
export function reportRevoked(
  context: Context,
  revoked: Revoked,
  person: PersonDenial | undefined,
  swept: Swept | undefined,
): void {
  const { terminal, style } = context;
  const { sessions, roles, wiped, unrecorded } = revoked;
  if (context.json) {
    const plain = roles.map(({ error, ...role }) => ({ ...role, code: error?.code ?? null }));
    printJson(context, {
      sessions,
      roles: plain,
      person,
      wiped,
      recorded: unrecorded === undefined,
      ...(swept === undefined ? {} : { swept }),
    });
    return;
  }
  if (roles.length === 0) terminal.print("no live session");
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
    const when = "IAM has the denial and enforces it everywhere within seconds, at most some minutes";
    terminal.note(style.dim(`  ${wrap(when, terminal.noteColumns, "  ")}`));
  }
}

/** What a sweep has done. */
export function printSwept({ terminal, style }: Context, { removed, shortened, left }: Swept): void {
  terminal.print(
    `${style.good("✓")} ${removed.length} policies removed, ${shortened.length} shortened, ${left.length} of others left alone`,
  );
}
