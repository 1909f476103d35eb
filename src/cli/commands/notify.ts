import { JitError } from "../../error.ts";
import { named } from "../../session/notify/happening.ts";
import { futureId } from "../../session/plan.ts";
import { send } from "../compose/tell.ts";
import { connect } from "../compose.ts";
import { type Context, printJson } from "../context.ts";
import { clean, table } from "../style.ts";

/**
 * `jit notify test`: a test message to everybody whom the catalog, as it is published now, tells of anything, and what
 * became of each.
 */
export async function notifyTest(context: Context): Promise<number> {
  const { organization, identity, request } = await connect(context, true);
  const { catalog } = organization;
  if ((catalog.notifications ?? []).length === 0) {
    throw new JitError("NOTIFY_NOBODY", "the catalog tells nobody of anything", {
      hint: "docs/notifications.md says how `notifications` in jit.yaml does it",
    });
  }
  const told = await context.terminal.progress("Sending a test to each", () =>
    send(context, catalog, request.records, {
      event: "test",
      request: futureId,
      requestHash: "-",
      requester: named(identity),
      targets: [],
      role: "-",
    }),
  );
  if (context.json)
    printJson(
      context,
      told.map(({ to, failure }) => ({ to, ...(failure ?? { code: null }) })),
    );
  else {
    const { style, terminal } = context;
    const rows = told.map(({ to, failure }) => [
      failure === undefined ? "✓" : "✗",
      clean(to),
      failure === undefined ? "told" : clean(`${failure.message} [${failure.code}]`),
    ]);
    const paint = (cell: string, row: number, column: number) => {
      if (column === 0) return told[row]?.failure === undefined ? style.good(cell) : style.bad(cell);
      return column === 1 ? style.name(cell) : cell;
    };
    terminal.print(table(rows, paint));
  }
  const failed = told.filter(({ failure }) => failure !== undefined).length;
  if (failed === 0) return 0;
  throw new JitError("NOTIFY_FAILED", `${failed} of ${told.length} could not be told`, {
    hint: "requests go on all the same; who was not told is shown then, and recorded",
  });
}
