import { allLoopback } from "../../access/endpoints.ts";
import type { Catalog } from "../../access/types.ts";
import type { AppendPorts } from "../../audit/append.ts";
import { codeOf } from "../../error.ts";
import type { Happening } from "../../session/notify/happening.ts";
import type { Told } from "../../session/notify/tell.ts";
import type { Context } from "../context.ts";
import { noticeLine } from "../render/session.ts";

/** Tells others what happened. */
export type Tell = (happening: Happening) => void;

/**
 * Begins to tell those whom the catalog names of what happened, while the command goes on; when that is done, they are
 * waited for within their timeouts, and who could not be told is said and recorded. Where the catalog names nobody for it,
 * nothing is loaded.
 */
export function openTell(context: Context, catalog: Catalog, records: AppendPorts): Tell {
  return (happening) => {
    const { event } = happening;
    if (event === "test" || !(catalog.notifications ?? []).some(({ on }) => on.includes(event))) return;
    const sending = send(context, catalog, records, happening).catch((error: unknown): readonly Told[] => {
      const message = `what sends messages cannot be loaded (${codeOf(error) ?? "unknown"})`;
      return [{ to: "nobody", failure: { code: "NOTIFY_FAILED", message } }];
    });
    context.atEnd(async () => {
      const { recordFailures } = await import("../../session/notify/tell.ts");
      for (const notice of await recordFailures({ records }, happening, await sending))
        context.terminal.note(noticeLine(context, notice));
    });
  };
}

/** Sends to everybody whom the event concerns; of `test`, to all. */
export async function send(
  { env, home }: Context,
  catalog: Catalog,
  records: AppendPorts,
  happening: Happening,
): Promise<readonly Told[]> {
  const [{ tellAll }, { messenger }] = await Promise.all([
    import("../../session/notify/tell.ts"),
    import("../../local/messenger.ts"),
  ]);
  const ports = { messenger: messenger({ toLoopback: allLoopback(env), env, folder: home }), records };
  return await tellAll(ports, catalog, happening);
}
