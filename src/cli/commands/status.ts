import type { Identity } from "../../access/types.ts";
import { isOutdated } from "../../session/current-catalog.ts";
import { type SessionStatus, sessionStatus } from "../../session/status.ts";
import { openCache } from "../compose/local.ts";
import { type Context, printJson } from "../context.ts";
import { clockTime, timeLeft, zonedTime } from "../render/session.ts";
import { shortNames } from "../render/who.ts";
import { clean, table, wrap } from "../style.ts";

/** `jit status`: what is open on this machine; asks nobody. */
export async function status(context: Context): Promise<number> {
  const { cache, now, pending, waiting, presentUserid, ...opened } = await openCache(context);
  const current = opened.current();
  const sessions = await sessionStatus(cache, current, now);
  const unfinished = await pending();
  // What was not asked to the end waits for nobody.
  const cut = new Set(unfinished.map(({ request }) => request));
  const asked = (await waiting()).filter(({ request }) => !cut.has(request));
  if (context.json) {
    const present = (await presentUserid()) ?? null;
    const own = ({ userid }: Identity) => (present === null ? null : userid === present);
    const plain = asked.map((one) => {
      const { request, targets, at, closesAt, quorum, approvers, notBefore, duration } = one;
      const window = { opensAt: notBefore ?? null, duration };
      const outdated = isOutdated(current, one);
      return { request, targets, at, closesAt, quorum, approvers, ...window, outdated };
    });
    printJson(context, {
      sessions: sessions.map((session) => ({ ...session, own: own(session.identity) })),
      pending: unfinished,
      waiting: plain,
    });
    return 0;
  }
  const { style, terminal } = context;
  const open = sessions.filter(({ outdated }) => !outdated);
  for (const { breakGlass, targets, request } of sessions) {
    if (breakGlass)
      terminal.print(
        wrap(
          `${style.bad("BREAK-GLASS")} ${clean(targets.join(" "))} is open without anybody's approval, and will be reviewed (${request})`,
          terminal.columns,
          "  ",
        ),
      );
  }
  const names = shortNames(sessions.map(({ identity }) => identity));
  const present = sessions.length > 0 ? await presentUserid() : undefined;
  // Whose a session is stands there only where that is a question.
  const severalPersons =
    names.size > 1 || (present !== undefined && sessions.some(({ identity }) => identity.userid !== present));
  if (open.length === 0)
    terminal.print(
      `no session is open${unfinished.length + asked.length + sessions.length > 0 ? "" : style.dim("   (jit request STORE:ACCESS)")}`,
    );
  else {
    const organizations = new Set(open.map(({ organization }) => organization));
    const whose = ({ identity: { userid }, organization }: SessionStatus) => [
      ...(severalPersons ? [clean(`${names.get(userid)}${userid === present ? " (you)" : ""}`)] : []),
      ...(organizations.size > 1 ? [clean(organization.slice(0, 12))] : []),
    ];
    const rows = open.map((session) => [
      session.targets.join(" "),
      ...whose(session),
      timeLeft(session.grantSecondsLeft),
      zonedTime(session.notAfter),
      `${session.request}${remarkOn(session)}`,
    ]);
    const head = [
      "TARGET",
      ...(severalPersons ? ["WHO"] : []),
      ...(organizations.size > 1 ? ["ORGANIZATION"] : []),
      "LEFT",
      "UNTIL",
      "REQUEST",
    ];
    terminal.print(
      table(
        [head, ...rows],
        (cell, row, column) => (row === 0 ? style.dim(cell) : column === 0 ? style.name(cell) : cell),
        terminal.columns,
      ),
    );
  }
  for (const { outdated, identity, targets, request, notAfter } of sessions) {
    if (!outdated) continue;
    const who = severalPersons ? `${names.get(identity.userid)}, ` : "";
    const what = `(${who}${request}) works in AWS until ${clockTime(notAfter)}, but jit hands it out no more: the catalog has changed since`;
    sayOutdated(context, `${targets.join(" ")} ${what}`);
  }
  for (const one of asked) {
    const { request, targets, closesAt, notBefore, duration, quorum } = one;
    if (isOutdated(current, one)) {
      sayOutdated(
        context,
        `nothing comes of ${request} for ${targets.join(" ")}: the catalog has changed since it was asked for`,
      );
      continue;
    }
    if (notBefore !== undefined) {
      const end = new Date(notBefore.getTime() + duration * 1000);
      const who = quorum === 0 ? "" : ", once it is approved";
      const is = notBefore > now ? "opens:" : "open:";
      terminal.print(
        `${style.warn(is)} ${clockTime(notBefore)} ${clean(targets.join(" "))}${who}, until ${clockTime(end)}\n  ${style.dim(`jit watch ${request}`)}`,
      );
      continue;
    }
    terminal.print(
      `${style.warn("waits:")} ${clean(targets.join(" "))} for an approval, until ${clockTime(closesAt)}\n  ${style.dim(`jit watch ${request}`)}`,
    );
  }
  for (const one of unfinished) {
    terminal.print(
      `${style.warn("unfinished:")} ${one.request} stopped at ${one.step}; the next request records that`,
    );
  }
  return 0;
}

/** What the catalog of before granted. */
function sayOutdated({ style, terminal }: Context, what: string): void {
  terminal.print(wrap(`${style.warn("outdated:")} ${clean(what)}`, terminal.columns, "  "));
}

function remarkOn({ breakGlass, secondsLeft }: SessionStatus): string {
  const remarks = [...(breakGlass ? ["break-glass"] : []), ...(secondsLeft > 0 ? [] : ["renewed when used"])];
  return remarks.length === 0 ? "" : ` (${remarks.join(", ")})`;
}
