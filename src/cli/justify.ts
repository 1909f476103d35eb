import {
  type CheckedJustification,
  checkJustification,
  checkPurpose,
  checkReason,
  checkTicket,
} from "../access/justification.ts";
import type { Catalog, Justification, Target } from "../access/types.ts";
import { JitError } from "../error.ts";
import { whatIsWrong } from "./ask.ts";
import { type Context, isOn, text } from "./context.ts";
import { askText, choose } from "./prompts.ts";
import { clean, wrap } from "./style.ts";

export type AskedFor = CheckedJustification;

/**
 * Why: by flags, variables, and questions for what is missing. Where nobody can be asked, the error names the flag;
 * for a program's call (`credentials`) it names the `jit request` to run.
 * @param before what an earlier request said, where nobody says another
 */
export async function askJustification(
  context: Context,
  catalog: Catalog,
  targets: readonly Target[],
  usualPurpose: string | undefined,
  before: Partial<Justification> = {},
): Promise<AskedFor> {
  const rules = catalog.justification;
  const mayAsk = context.terminal.interactive && context.invocation.command !== "credentials";
  const flags = {
    purpose: text(context, "purpose") ?? before.purpose,
    reason: text(context, "reason") ?? before.reason,
    ticket: text(context, "ticket") ?? before.ticket,
  };
  const fallback = usualPurpose ?? catalog.defaults.purpose;
  const only = rules.purposes.size === 1 ? [...rules.purposes.keys()][0] : undefined;
  if (!mayAsk && flags.reason === undefined)
    throw noReason(context, targets, (flags.purpose ?? fallback ?? only) === undefined);
  let purpose = flags.purpose ?? (mayAsk ? only : (fallback ?? only));
  if (purpose === undefined && mayAsk) purpose = await askPurpose(context, catalog, fallback);
  if (purpose === undefined) {
    throw new JitError("FLAG_MISSING", "--purpose is missing", {
      hint: `give --purpose or JIT_PURPOSE${rules.purposes.size === 0 ? "" : `: ${[...rules.purposes.keys()].join(", ")}`}`,
    });
  }
  const chosen = checkPurpose(rules, purpose);
  const reason =
    flags.reason ??
    (await askText(context, {
      message: "Why do you need it?",
      flag: "--reason",
      check: (typed) => whatIsWrong(() => checkReason(rules, typed, chosen)),
    }));
  let { ticket } = flags;
  const { required, pattern, example } = rules.ticket;
  const optional = !required && (pattern !== undefined || example !== undefined);
  // Who says all on the command line, to run something, is not held up for what nobody needs.
  const inTalk =
    context.invocation.command === "request" ? !isOn(context, "yes") : flags.reason === undefined;
  if (ticket === undefined && mayAsk && (required || (optional && inTalk))) {
    const hints = [
      ...(example === undefined ? [] : [`like ${clean(example)}`]),
      ...(required ? [] : ["Enter for none"]),
    ];
    ticket = await askText(context, {
      message: hints.length === 0 ? "Ticket?" : `Ticket? (${hints.join("; ")})`,
      flag: "--ticket",
      check: (typed) => whatIsWrong(() => checkTicket(rules, typed)),
    });
  }
  const checked = checkJustification(rules, { purpose: chosen, reason, ticket });
  for (const warning of checked.warnings)
    context.terminal.note(
      wrap(
        `${context.style.warn("warning:")} ${clean(warningText(warning))}`,
        context.terminal.noteColumns,
        "  ",
      ),
    );
  return checked;
}

async function askPurpose(context: Context, catalog: Catalog, fallback: string | undefined): Promise<string> {
  const { purposes } = catalog.justification;
  if (purposes.size === 0) {
    return await askText(context, {
      message: "For which purpose?",
      flag: "--purpose",
      fallback,
      check: (typed) => whatIsWrong(() => checkPurpose(catalog.justification, typed)),
    });
  }
  return await choose(context, {
    message: "For which purpose?",
    flag: "--purpose",
    fallback,
    choices: [...purposes].map(([value, meaning]) => ({ value, title: meaning })),
  });
}

function warningText({ field, kind }: { field: string; kind: string }): string {
  return `the ${field} seems to hold personal data (${kind}): it is kept with the record, better leave it out`;
}

/** @param noPurpose whether that is missing, too: who mends one finds the other at once */
function noReason(context: Context, targets: readonly Target[], noPurpose: boolean): JitError {
  const names = targets.map(({ store, access }) => `${store.name}:${access.name}`).join(" ");
  if (["request", "extend"].includes(context.invocation.command)) {
    const missing = noPurpose ? "--reason and --purpose are missing" : "--reason is missing";
    return new JitError("FLAG_MISSING", `${missing}, and there is no terminal to ask on`, {
      hint: `give --reason or JIT_REASON${noPurpose ? ", --purpose or JIT_PURPOSE" : ""}`,
    });
  }
  return new JitError(
    "NO_SESSION",
    `there is no session for ${names}, and no reason was given to ask for one`,
    {
      hint: `run: jit request ${names} --reason "…"   (or set JIT_REASON)`,
    },
  );
}
