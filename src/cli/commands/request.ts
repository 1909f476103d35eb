import { formatDuration } from "../../access/duration.ts";
import { describe } from "../../access/policy/describe.ts";
import { formatTarget } from "../../access/target.ts";
import { JitError } from "../../error.ts";
import { planAccess } from "../../session/plan.ts";
import { askTargets } from "../ask.ts";
import { type Connection, connect } from "../compose.ts";
import { type Context, isOn, printJson } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { askJustification } from "../justify.ts";
import {
  accessInput,
  durationFor,
  type Obtained,
  obtain,
  targetsFor,
  usualPurpose,
  type Wish,
} from "../obtain.ts";
import { confirm } from "../prompts.ts";
import { openedLines } from "../render/opened.ts";
import { clockTime, heldKeysLines, noticeLine, sessionJson } from "../render/session.ts";
import { clean } from "../style.ts";
import { tellUnused } from "../unused.ts";

/** `jit request [TARGET…]`: ask for a session, in questions where something is missing. */
export async function request(context: Context): Promise<number> {
  const connection = await connect(context);
  const targets = await targetsFor(context, connection, (given) =>
    askTargets(context, connection.organization.catalog, given),
  );
  if (isOn(context, "dryRun")) return await dryRun(context, connection, targets);
  const confirmed = async (wish: Wish) => {
    showWish(context, wish);
    if (isOn(context, "yes") || !context.terminal.interactive) return;
    if (!(await confirm(context, "Ask for this?", "--yes"))) {
      throw new JitError("CANCELLED", "cancelled; nothing was asked for and nothing was written");
    }
  };
  const obtained = await obtain(context, connection, targets, {
    anew: isOn(context, "new"),
    confirm: confirmed,
  });
  return report(context, obtained, targets.map(formatTarget));
}

/** What will be opened, before it is asked for. */
function showWish({ terminal, style }: Context, { targets, duration, asked }: Wish): void {
  const names = targets.map(formatTarget).join(" ");
  terminal.note(
    `${style.strong(names)} for ${formatDuration(duration)}, purpose ${clean(asked.justification.purpose)}`,
  );
  for (const line of openedLines(describe(targets), terminal.columns, "  ")) terminal.note(line);
}

function report(context: Context, obtained: Obtained, names: readonly string[]): number {
  const { terminal, style } = context;
  const target = names.join(" ");
  if (obtained.kind === "refused") {
    throw new JitError("REFUSED", `refused by ${obtained.rule}: ${obtained.message}`);
  }
  for (const notice of obtained.notices) terminal.note(noticeLine(context, notice));
  if (obtained.kind === "pending") {
    if (context.json) printJson(context, { status: "pending", ...obtained });
    else {
      const who =
        obtained.approvers.length === 0 ? "whoever the catalog's owner names" : obtained.approvers.join(", ");
      terminal.print(
        `${style.warn("…")} ${target} waits for ${obtained.quorum} approval(s) by ${clean(who)}`,
      );
      terminal.print(`  request ${obtained.request}`);
    }
    return exitCodes.pending.code;
  }
  const { session, replaced } = obtained;
  if (obtained.kind !== "granted") tellUnused(context, session);
  if (context.json) {
    printJson(context, {
      status: obtained.kind,
      ...sessionJson(session),
      packedPolicySize: obtained.packed,
      ...(replaced === undefined ? {} : { replaced: sessionJson(replaced) }),
    });
    return 0;
  }
  const what = { cached: "is open already", renewed: "is renewed", granted: "is open" }[obtained.kind];
  terminal.print(`${style.good("✓")} ${style.name(target)} ${what}, until ${clockTime(session.notAfter)}`);
  terminal.print(
    `  request ${session.request}${obtained.packed === undefined ? "" : style.dim(`, its policy takes ${obtained.packed} % of what STS allows`)}`,
  );
  if (obtained.kind === "cached") terminal.print(style.dim("  --new asks anew"));
  if (replaced !== undefined) {
    terminal.print(`  the session from ${clockTime(replaced.issuedAt)} is forgotten (${replaced.request})`);
    for (const line of heldKeysLines(replaced)) terminal.print(line);
  }
  for (const line of [
    `jit exec ${target} -- COMMAND`,
    `eval "$(jit env ${target})"`,
    `jit forget ${target}`,
  ]) {
    terminal.note(style.dim(`  ${line}`));
  }
  return 0;
}

/** Policy and record as they would be; writes nothing and asks AWS for nothing but the identity. */
async function dryRun(context: Context, connection: Connection, targets: Wish["targets"]): Promise<number> {
  const { organization } = connection;
  const duration = await durationFor(context, connection, targets);
  const asked = await askJustification(context, organization.catalog, targets, usualPurpose(connection));
  const plan = await planAccess(
    connection.plan,
    accessInput(connection, { targets, duration, justification: asked.justification }),
  );
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
