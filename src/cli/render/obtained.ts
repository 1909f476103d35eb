import { JitError } from "../../error.ts";
import { type Context, printJson } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Obtained } from "../obtained.ts";
import { clean, wrap } from "../style.ts";
import { tellUnused } from "../unused.ts";
import { approvalsText, clockTime, heldKeysLines, noticeLine, sessionJson } from "./session.ts";

/** What came of a request, for people or programs; the exit code. */
export function report(context: Context, obtained: Obtained, names: readonly string[]): number {
  const { terminal, style } = context;
  const target = names.join(" ");
  if (obtained.kind === "refused") {
    throw new JitError("REFUSED", `refused by ${obtained.rule}: ${obtained.message}`);
  }
  for (const notice of obtained.notices) terminal.note(noticeLine(context, notice));
  if (obtained.kind === "pending") {
    if (context.json) printJson(context, { status: "pending", ...obtained });
    else for (const line of pendingLines(context, obtained, names)) terminal.print(line);
    return exitCodes.pending.code;
  }
  if (obtained.kind === "scheduled") {
    if (context.json) printJson(context, { status: "scheduled", ...obtained });
    else for (const line of scheduledLines(context, obtained, names)) terminal.print(line);
    return 0;
  }
  const { session, replaced, extended } = obtained;
  if (obtained.kind !== "granted") tellUnused(context, session);
  if (context.json) {
    printJson(context, {
      status: obtained.kind,
      ...sessionJson(session),
      packedPolicySize: obtained.packed,
      ...(replaced === undefined ? {} : { replaced: sessionJson(replaced) }),
      ...(extended === undefined ? {} : { extends: extended }),
    });
    return 0;
  }
  const again = session.breakGlass === true ? `${target} --break-glass` : target;
  const what = { cached: "is open already", renewed: "is renewed", granted: "is open" }[obtained.kind];
  terminal.print(`${style.good("✓")} ${style.name(target)} ${what}, until ${clockTime(session.notAfter)}`);
  terminal.print(
    `  request ${session.request}${obtained.packed === undefined ? "" : style.dim(`, its policy takes ${obtained.packed} % of what STS allows`)}`,
  );
  if (obtained.kind === "cached") terminal.print(style.dim("  --new asks anew"));
  if (extended !== undefined) {
    terminal.print(
      `  it extends ${extended.request}, whose keys work on until ${clockTime(extended.notAfter)}`,
    );
  }
  if (replaced !== undefined) {
    terminal.print(`  the session from ${clockTime(replaced.issuedAt)} is forgotten (${replaced.request})`);
    for (const line of heldKeysLines(replaced)) terminal.print(line);
  }
  for (const line of [`jit exec ${again} -- COMMAND`, `eval "$(jit env ${again})"`, `jit forget ${again}`]) {
    terminal.note(style.dim(`  ${line}`));
  }
  return 0;
}

/** That a request waits, who can act, and what they and the requester type. */
export function pendingLines(
  { style, terminal }: Context,
  { request, quorum, approvers, closesAt, opensAt }: Extract<Obtained, { kind: "pending" }>,
  names: readonly string[],
): string[] {
  const who = clean(approvers.join(", "));
  const waits = `${style.name(names.join(" "))} waits for ${approvalsText(quorum)} by ${who}, until ${clockTime(closesAt)}`;
  return [
    `${style.warn("…")} ${wrap(waits, terminal.columns, "  ")}`,
    `  request ${request}`,
    ...(opensAt === undefined ? [] : [`  for a window that opens ${clockTime(opensAt)}`]),
    style.dim(`  they type:  jit approve ${request}`),
    style.dim(
      `  you:        jit watch ${request}${opensAt === undefined ? "   (or the same request again)" : ""}`,
    ),
  ];
}

/** That a request is granted, when it can be had, and how. */
export function scheduledLines(
  { style }: Context,
  { request, opensAt, notAfter }: Extract<Obtained, { kind: "scheduled" }>,
  names: readonly string[],
): string[] {
  const target = names.join(" ");
  return [
    `${style.good("✓")} ${style.name(target)} is granted from ${clockTime(opensAt)} to ${clockTime(notAfter)}`,
    `  request ${request}`,
    style.dim(`  then:             jit exec ${target} -- COMMAND`),
    style.dim(`  to wait for it:   jit watch ${request}`),
    style.dim(`  to give it up:    jit deny ${request}`),
  ];
}
