import { isBrokenGlass } from "../../access/break-glass.ts";
import { formatTarget } from "../../access/target.ts";
import { isId } from "../../audit/id.ts";
import { planAccess } from "../../session/plan.ts";
import { askTargets } from "../ask.ts";
import { type Connection, connect } from "../compose.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { confirmWish, finish, mustBreakOnPurpose, showWish } from "../finish.ts";
import { askJustification } from "../justify.ts";
import { accessInput, durationFor, obtain, targetsFor, usualPurpose, type Wish } from "../obtain.ts";
import { openingOf, schedule } from "../schedule.ts";
import { clean } from "../style.ts";

/** `jit request [TARGET…]`: ask for a session, in questions where something is missing. */
export async function request(context: Context): Promise<number> {
  const [named] = context.invocation.args;
  if (isOn(context, "wait") && named !== undefined && isId(named)) {
    return await (await import("./watch.ts")).watch(context);
  }
  const connection = await connect(context);
  const targets = await targetsFor(context, connection, (given) =>
    askTargets(context, connection.organization.catalog, given),
  );
  const notBefore = openingOf(context, connection, targets);
  if (isOn(context, "dryRun")) return await dryRun(context, connection, targets, notBefore);
  if (isBrokenGlass(targets)) mustBreakOnPurpose(context);
  if (notBefore !== undefined) {
    const asked = await schedule(context, connection, targets, notBefore);
    return await finish(context, connection, asked, targets.map(formatTarget));
  }
  const obtained = await obtain(context, connection, targets, {
    anew: isOn(context, "new"),
    confirm: (wish) => confirmWish(context, wish),
  });
  return await finish(context, connection, obtained, targets.map(formatTarget));
}

/** Policy and record as they would be; writes nothing and asks AWS for nothing but the identity. */
async function dryRun(
  context: Context,
  connection: Connection,
  targets: Wish["targets"],
  notBefore: Date | undefined,
): Promise<number> {
  const { organization } = connection;
  const duration = await durationFor(context, connection, targets);
  const asked = await askJustification(context, organization.catalog, targets, usualPurpose(connection));
  const { justification } = asked;
  const plan = await planAccess(connection.plan, {
    ...accessInput(connection, { targets, duration, justification }),
    notBefore,
  });
  if (context.json) {
    printJson(context, {
      status: "dry-run",
      decision: plan.decision,
      notAfter: plan.notAfter,
      policy: JSON.parse(plan.policy.text),
      characters: plan.policy.characters,
      record: plan.request,
      assumeRole: { ...plan.assume, policy: undefined },
    });
    return 0;
  }
  const { terminal, style } = context;
  showWish(context, { targets, duration, asked });
  terminal.print(style.strong(`Session policy, ${plan.policy.characters} of 2048 characters:`));
  terminal.print(indented(JSON.parse(plan.policy.text)));
  terminal.print(style.strong("Request record (its head is added when it is signed):"));
  terminal.print(indented(plan.request));
  terminal.print(style.dim("Nothing was written."));
  return 0;
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split("\n")
    .map((line) => `  ${clean(line)}`)
    .join("\n");
}
