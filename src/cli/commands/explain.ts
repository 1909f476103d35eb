import { isBrokenGlass } from "../../access/break-glass.ts";
import { formatDuration, maximumDuration } from "../../access/duration.ts";
import { describe } from "../../access/policy/describe.ts";
import { type Alternative, alternatives } from "../../access/rules/alternatives.ts";
import { formatTarget } from "../../access/target.ts";
import { planAccess, questionOf } from "../../session/plan.ts";
import { outlookJson, outlookLines, outlookOf } from "../break-glass-outlook.ts";
import { connect } from "../compose.ts";
import { type Context, printJson, text } from "../context.ts";
import { accessInput, durationFor, targetsFor, usualPurpose } from "../obtain.ts";
import { openedLines } from "../render/opened.ts";
import { approvalsText } from "../render/session.ts";
import { clean, wrap } from "../style.ts";

/** `jit explain [TARGET…]`: the decision, the policy with its size, and what would be opened; writes nothing. */
export async function explain(context: Context): Promise<number> {
  const connection = await connect(context);
  const { organization, identity } = connection;
  const targets = await targetsFor(context, connection);
  const { catalog } = organization;
  const duration = await durationFor(context, connection, targets);
  // Rules may look at purpose and ticket, never at the reason.
  const justification = {
    purpose: text(context, "purpose") ?? usualPurpose(connection) ?? catalog.defaults.purpose ?? "explain",
    reason: "explain",
    ticket: text(context, "ticket"),
  };
  const input = accessInput(connection, { targets, duration, justification });
  const plan = await planAccess(connection.plan, input);
  const others = await alternatives(
    connection.plan.rules,
    questionOf(input, connection.clock.now()),
    catalog,
  );
  const longest = maximumDuration(targets);
  const outlook = isBrokenGlass(targets) ? await outlookOf(connection, targets) : undefined;
  if (context.json) {
    printJson(context, {
      targets: targets.map(formatTarget),
      identity,
      decision: plan.decision,
      alternatives: others,
      duration,
      maximumDuration: longest.seconds,
      breakGlass: outlook === undefined ? null : outlookJson(outlook),
      opens: describe(targets),
      policy: JSON.parse(plan.policy.text),
      characters: plan.policy.characters,
      role: plan.assume.role,
      sourceIdentity: plan.assume.sourceIdentity ?? null,
      tags: plan.assume.tags,
      justification: {
        purposes: catalog.justification.purposes,
        minimumLength: catalog.justification.minimumLength,
        ticketRequired: catalog.justification.ticket.required,
      },
    });
    return 0;
  }
  const { terminal, style } = context;
  const say = (label: string, value: string) =>
    terminal.print(`${style.dim(label.padEnd(12))}${wrap(value, terminal.columns, " ".repeat(12))}`);
  terminal.print(style.strong(targets.map(formatTarget).join(" ")));
  say("you are", clean(identity.arn));
  say("decision", decisionText(plan, style));
  for (const [label, value] of outlook === undefined ? [] : outlookLines(outlook, style)) say(label, value);
  if (plan.decision.kind === "needsApproval") say("by", approversText(plan.decision.approvers));
  for (const [index, other] of others.entries()) {
    say(index === 0 ? "instead" : "", `${clean(other.change)}: ${outcomeText(other.decision)}`);
  }
  say(
    "for",
    `${formatDuration(duration)} unless you say --for; at most ${formatDuration(longest.seconds)} (${longest.from})`,
  );
  say("role", plan.assume.role);
  say("needs", needs(catalog.justification));
  terminal.print(style.dim("opens"));
  for (const line of openedLines(describe(targets), terminal.columns, "  ")) terminal.print(line);
  terminal.print(
    `${style.dim("policy")}      ${plan.policy.characters} of 2048 characters, ends at the minute`,
  );
  for (const line of JSON.stringify(JSON.parse(plan.policy.text), null, 2).split("\n"))
    terminal.print(`  ${clean(line)}`);
  return 0;
}

function decisionText(
  { decision, assume: { role } }: Awaited<ReturnType<typeof planAccess>>,
  style: Context["style"],
): string {
  if (decision.kind === "granted") {
    const by =
      decision.by === "catalog" ? "the catalog's rules grant this" : `${clean(decision.by)} grants this`;
    return `${style.good(by)} at once; whether AWS lets you assume ${clean(role)} shows only when asked`;
  }
  if (decision.kind === "refused")
    return `${style.bad("refused")} by ${clean(decision.rule)}: ${clean(decision.message)}`;
  return `${style.warn("waits")} for ${approvalsText(decision.quorum)}`;
}

function approversText(approvers: readonly string[]): string {
  if (approvers.length === 0) return "nobody: no rule lets anybody approve this";
  return approvers.map(clean).join(", ");
}

function outcomeText(decision: Alternative["decision"]): string {
  if (decision.kind === "granted") return `granted at once, by ${clean(decision.by)}`;
  return `waits for ${approvalsText(decision.quorum)} by ${approversText(decision.approvers)}`;
}

function needs({
  purposes,
  minimumLength,
  ticket,
}: {
  purposes: ReadonlyMap<string, string>;
  minimumLength: number;
  ticket: { required: boolean; example: string | undefined };
}): string {
  const purpose = purposes.size === 0 ? "a purpose" : `a purpose (${[...purposes.keys()].join(", ")})`;
  const example = ticket.example === undefined ? "" : ` like ${clean(ticket.example)}`;
  return `${purpose}, a reason of ${minimumLength} characters or more${ticket.required ? `, a ticket${example}` : ""}`;
}
