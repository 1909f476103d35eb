import { formatDuration, parseDuration } from "../../access/duration.ts";
import { type Alert, type AlertKind, alertKinds, type Deadlines } from "../../audit/alerts/alert.ts";
import { sentAfter } from "../../audit/alerts/due.ts";
import { parseMoment, periodOf } from "../../audit/log/moment.ts";
import { formatTime } from "../../audit/time.ts";
import { JitError } from "../../error.ts";
import type { Notice } from "../../session/types.ts";
import { type Checked, check, checkNames, kindsOf } from "../alert-checks.ts";
import { alertFile, alertReceiver, readSent, saveSent, sendAlerts } from "../compose/alerts.ts";
import { openReconcile } from "../compose/audit.ts";
import { openHere } from "../compose/here.ts";
import { type Context, printJson, text } from "../context.ts";
import { type ExitName, exitCodes, exitOf } from "../exit-codes.ts";
import { chosenIn, type ReconcileOpened } from "../reconciling.ts";
import { noticeLine } from "../render/session.ts";
import { clean, wrap } from "../style.ts";

const exits: Readonly<Record<AlertKind, ExitName>> = {
  bypass: "bypass",
  "break-glass": "brokenGlass",
  review: "unreviewed",
  seal: "unsealed",
  witness: "silentWitness",
};

/** `jit audit alerts`, for cron: what somebody must look at; the exit code is that of the gravest. */
export async function auditAlerts(context: Context): Promise<number> {
  const kinds = kindsIn(context);
  const chosen = chosenIn(context);
  const receiver = alertReceiver(context);
  const opened = await openReconcile(context);
  const { audit } = opened;
  const now = audit.clock.now();
  const since = parseMoment(text(context, "since") ?? "24h", now, "start", "--since");
  const period = periodOf(since, now);
  const deadlines = deadlinesIn(context, audit.catalog.breakGlass?.grace);
  const wanted = checkNames.filter((name) => kindsOf[name].some((kind) => kinds.includes(kind)));
  const looked = await context.terminal.progress("Looking for what must be looked at", () =>
    Promise.all(wanted.map((name) => check(name, opened, { deadlines, period, now, chosen }))),
  );
  // A look may find more than was asked for.
  const checked = looked.map((one) => ({
    ...one,
    alerts: one.alerts.filter(({ kind }) => kinds.includes(kind)),
  }));
  const alerts = checked
    .flatMap((one) => one.alerts)
    .sort((a, b) => alertKinds.indexOf(a.kind) - alertKinds.indexOf(b.kind));
  const told =
    receiver === undefined
      ? undefined
      : await tell(context, receiver, opened, { alerts, checked, kinds, now });
  if (context.json)
    printJson(context, {
      at: formatTime(now),
      alerts: alerts.map(alertJson),
      checks: checked.map(checkJson),
      sent: told?.sent ?? null,
    });
  else print(context, alerts, checked, kinds);
  for (const notice of told?.failures ?? []) context.terminal.note(noticeLine(context, notice));
  const failed = checked.find(({ failure }) => failure !== undefined)?.failure;
  const [gravest] = alerts;
  if (gravest !== undefined) return exitCodes[exits[gravest.kind]].code;
  return failed === undefined ? 0 : exitCodes[exitOf(failed.code)].code;
}

function kindsIn(context: Context): readonly AlertKind[] {
  const { only } = context.invocation.flags;
  if (!Array.isArray(only)) return alertKinds;
  return only.map((word) => kindOf(String(word), "--only"));
}

/** @param grace seconds that the catalog gives for a review */
function deadlinesIn(context: Context, grace = 86_400): Deadlines {
  const { deadline } = context.invocation.flags;
  const given = (Array.isArray(deadline) ? deadline : []).map((text): [AlertKind, number] => {
    const [word = "", duration = ""] = String(text).split("=");
    return [kindOf(word, "--deadline"), parseDuration(duration)];
  });
  const usual = { bypass: 900, "break-glass": 0, review: grace, seal: 3600, witness: 7200 };
  return { ...usual, ...Object.fromEntries(given) };
}

function kindOf(word: string, flag: string): AlertKind {
  const kind = alertKinds.find((known) => known === word);
  if (kind !== undefined) return kind;
  throw new JitError("USAGE", `${flag}: ${JSON.stringify(word.slice(0, 40))} is no kind of alert`, {
    hint: alertKinds.join(", "),
  });
}

/** Sends what is due. Held against other runs: two at once would send everything twice. */
async function tell(
  context: Context,
  receiver: NonNullable<ReturnType<typeof alertReceiver>>,
  { audit }: ReconcileOpened,
  {
    alerts,
    checked,
    kinds,
    now,
  }: {
    readonly alerts: readonly Alert[];
    readonly checked: readonly Checked[];
    readonly kinds: readonly AlertKind[];
    readonly now: Date;
  },
): Promise<{ readonly sent: number; readonly failures: readonly Notice[] }> {
  const { paths, lock } = openHere(context);
  const file = text(context, "state") ?? alertFile(paths.state, audit.fingerprint);
  const unlooked = [
    ...alertKinds.filter((kind) => !kinds.includes(kind)),
    ...checked.flatMap(({ name, failure }) => (failure === undefined ? [] : kindsOf[name])),
  ];
  return await lock.hold(`alerts ${file}`, async () => {
    const state = sentAfter(readSent(file, audit.fingerprint), alerts, unlooked);
    const save = (next: typeof state) => saveSent(file, next);
    save(state);
    const { organization } = audit.catalog;
    const repeat = text(context, "repeat") ?? "24h";
    return await sendAlerts(context, receiver, alerts, { state, save, organization, repeat, now });
  });
}

function alertJson({ since, request, ...alert }: Alert) {
  return { ...alert, since: formatTime(since), request: request ?? null };
}

function checkJson({ name, alerts, isUnused, failure }: Checked) {
  return { name, state: stateOf({ alerts, isUnused, failure }), code: failure?.code ?? null };
}

function stateOf({ alerts, isUnused, failure }: Pick<Checked, "alerts" | "isUnused" | "failure">): string {
  if (failure !== undefined) return "failed";
  if (isUnused) return "unused";
  return alerts.length === 0 ? "ok" : "alert";
}

/** @param asked kinds of which something may be said */
function print(
  { terminal, style }: Context,
  alerts: readonly Alert[],
  checked: readonly Checked[],
  asked: readonly AlertKind[],
): void {
  const { columns } = terminal;
  for (const { kind, message, since, deadline, object } of alerts) {
    terminal.print(wrap(`${style.bad("✗")} ${style.strong(kind)}: ${clean(message)}`, columns, "  "));
    const late = deadline === 0 ? "" : ` (deadline ${formatDuration(deadline)})`;
    const began = `since ${formatTime(since)}${late}`;
    const place = clean(object);
    const fits = began.length + place.length + 4 <= columns;
    terminal.print(style.dim(`  ${began}${fits ? "  " : "\n  "}${place}`));
  }
  for (const { name, isUnused, failure } of checked) {
    const own = kindsOf[name].filter((kind) => asked.includes(kind));
    const kinds = own.join(", ");
    if (failure !== undefined) {
      terminal.print(
        wrap(`${style.warn("?")} ${kinds}: ${clean(failure.message)} [${failure.code}]`, columns, "  "),
      );
      if (failure.hint !== undefined)
        terminal.print(style.dim(`  ${wrap(clean(failure.hint), columns - 2, "  ")}`));
    } else if (isUnused) terminal.print(style.dim(`- ${kinds}: the trust file names nobody for it`));
    else {
      const quiet = own.filter((kind) => !alerts.some((alert) => alert.kind === kind));
      if (quiet.length > 0) terminal.print(`${style.good("✓")} ${quiet.join(", ")}`);
    }
  }
}
