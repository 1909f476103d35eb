import type { Target } from "../access/types.ts";
import { JitError } from "../error.ts";
import { checkOpening } from "../session/opening.ts";
import { grantEnd } from "../session/plan.ts";
import { requestAccess } from "../session/request-access.ts";
import type { Connection } from "./compose.ts";
import { type Context, isOn, text } from "./context.ts";
import { confirmWish } from "./finish.ts";
import { accessInput, requestPorts, wishFor } from "./obtain.ts";
import type { Obtained } from "./obtained.ts";
import { parseOpening } from "./opening.ts";
import { clockTime } from "./render/session.ts";

/** When the window of `--at` opens; `undefined` where there is no such flag. @throws JitError those of the flag */
export function openingOf(
  context: Context,
  { clock }: Connection,
  targets: readonly Target[],
): Date | undefined {
  const typed = text(context, "at");
  if (typed === undefined) return undefined;
  if (isOn(context, "new")) {
    throw new JitError("USAGE", "--at makes a new request anyhow", { hint: "leave --new out" });
  }
  const opens = parseOpening(typed, clock.now());
  checkOpening(targets, opens, clock.now());
  return opens;
}

/** Asks for a window that opens later, beside whatever is there for the same targets now. */
export async function schedule(
  context: Context,
  connection: Connection,
  targets: readonly Target[],
  notBefore: Date,
): Promise<Obtained> {
  const name = connection.cacheName(targets);
  const { duration, asked } = await wishFor(context, connection, targets);
  const end = grantEnd(notBefore, duration);
  context.terminal.note(`from ${clockTime(notBefore)} to ${clockTime(end)}:`);
  await confirmWish(context, { targets, duration, asked });
  const { justification } = asked;
  const input = { ...accessInput(connection, { targets, duration, justification }), notBefore };
  return await context.terminal.progress("Asking for access", () =>
    connection.flight.lock.hold<Obtained>(name.name, (fence) =>
      requestAccess(requestPorts(connection, name), input, fence),
    ),
  );
}
