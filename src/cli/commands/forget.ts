import { findTargets, formatTarget } from "../../access/target.ts";
import { JitError } from "../../error.ts";
import { targetNames } from "../../session/assume-input.ts";
import { endForgotten } from "../../session/end.ts";
import { forgetSessions } from "../../session/forget.ts";
import type { Notice, Session } from "../../session/types.ts";
import { type OpenedCache, openCache } from "../compose/local.ts";
import type { Connection } from "../compose.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { heldKeysLines, noticeLine, sessionJson } from "../render/session.ts";

/**
 * `jit forget [TARGET…|REQUEST]`: the secrets go first, then the end record is written. What other processes hold already
 * is out of reach: it is said until when that works.
 */
export async function forget(context: Context): Promise<number> {
  const { args } = context.invocation;
  const opened = await openCache(context);
  const { cache } = opened;
  if (args.length === 0 && !isOn(context, "all")) {
    throw new JitError("FLAG_MISSING", "name a target or a request, or give --all", {
      hint: "`jit status` lists them",
    });
  }
  const names = new Set(isOn(context, "all") ? [] : await wantedNames(args, opened));
  const isEmergency = isOn(context, "breakGlass");
  const isMeant = (session: Session) => isOn(context, "all") || names.has(targetsText(session));
  // As everywhere, targets mean the session of every day, and with --break-glass that of an emergency.
  const isKind = ({ breakGlass }: Session) =>
    (breakGlass === true) === isEmergency || (isOn(context, "all") && !isEmergency);
  const wanted = (session: Session) => names.has(session.request) || (isMeant(session) && isKind(session));
  const kept = isEmergency
    ? []
    : (await cache.list()).flatMap(({ session }) => (isMeant(session) && !wanted(session) ? [session] : []));
  let connection: Promise<Connection> | undefined;
  const connected = () => {
    connection ??= import("../compose.ts").then(({ connect }) => connect(context));
    return connection;
  };
  const forgotten = await forgetSessions(
    {
      cache,
      async ended(session) {
        const { recordEnd } = await import("../ends.ts");
        await recordEnd(context, session, endForgotten(session), connected);
      },
    },
    wanted,
  );
  const notices = [...forgotten.notices, ...kept.map(keptNotice)];
  for (const notice of notices) context.terminal.note(noticeLine(context, notice));
  if (context.json) printJson(context, { forgotten: forgotten.sessions.map(sessionJson), notices });
  else if (forgotten.sessions.length === 0) context.terminal.print("nothing to forget");
  for (const session of context.json ? [] : forgotten.sessions) {
    context.terminal.print(
      `${context.style.good("✓")} forgotten: ${session.targets.join(" ")} (${session.request}${session.breakGlass === true ? ", break-glass" : ""})`,
    );
    for (const line of heldKeysLines(session)) context.terminal.print(line);
  }
  return 0;
}

/** What is in the cache needs no catalog: the one of now may not have the target any more. */
async function wantedNames(
  args: readonly string[],
  { cache, organization: believed }: OpenedCache,
): Promise<readonly string[]> {
  if (args.every((arg) => /^[0-9A-Z]{26}$/.test(arg))) return args;
  const together = [...args].sort().join(" ");
  const there = new Set((await cache.list()).map(({ session }) => targetsText(session)));
  if (there.has(together) || args.every((arg) => there.has(arg))) return [together, ...args];
  const organization = await believed();
  if (organization === undefined) return [together];
  const targets = findTargets(organization.catalog, args);
  return [targetNames(targets).join(" "), ...targets.map(formatTarget)];
}

function keptNotice({ targets, request }: Session): Notice {
  const names = targets.join(" ");
  const message = `the session of an emergency for ${names} is still here (${request}): jit forget ${names} --break-glass`;
  return { code: "BREAK_GLASS_KEPT", message };
}

function targetsText({ targets }: Session): string {
  return [...targets].sort().join(" ");
}
