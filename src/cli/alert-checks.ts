import type { Alert, AlertKind, Deadlines } from "../audit/alerts/alert.ts";
import { askedOutside } from "../audit/alerts/asked-outside.ts";
import { bypassAlerts, ungivenAlerts } from "../audit/alerts/bypass.ts";
import { emergencyAlerts } from "../audit/alerts/emergencies.ts";
import { silentWitnesses } from "../audit/alerts/silent-witness.ts";
import { unsealedAlerts } from "../audit/alerts/unsealed.ts";
import type { LogEntry } from "../audit/log/entry.ts";
import type { LogFilter } from "../audit/log/filter.ts";
import type { Period } from "../audit/log/moment.ts";
import { listNames, NameIndex } from "../audit/log/names.ts";
import { LogReader } from "../audit/log/read.ts";
import { treeKeysOf } from "../audit/tree/keys.ts";
import { isJitError, JitError } from "../error.ts";
import { openDebts } from "../session/break-glass/debt.ts";
import type { Notice } from "../session/types.ts";
import { listedFor, logPorts } from "./audit-log.ts";
import { type Chosen, type ReconcileOpened, reconcilePeriod } from "./reconciling.ts";

/** What is looked at together. */
export const checkNames = ["bypass", "emergencies", "seal", "witness"] as const;
export type CheckName = (typeof checkNames)[number];

/** The kinds of alerts that a look can make. */
export const kindsOf: Readonly<Record<CheckName, readonly AlertKind[]>> = {
  bypass: ["bypass"],
  emergencies: ["break-glass", "review"],
  seal: ["seal"],
  witness: ["witness"],
};

export interface Checked {
  readonly name: CheckName;
  readonly alerts: readonly Alert[];
  /** There is nothing to look at: the trust file names no log key, no witness. */
  readonly isUnused: boolean;
  /** Why it could not be looked at. */
  readonly failure: (Notice & { readonly hint: string | undefined }) | undefined;
}

export interface CheckOptions {
  readonly deadlines: Deadlines;
  readonly period: Period;
  readonly now: Date;
  readonly chosen: Chosen;
}

/** One look; what AWS or the bucket refuses is told, and hinders no other. */
export async function check(
  name: CheckName,
  opened: ReconcileOpened,
  options: CheckOptions,
): Promise<Checked> {
  try {
    const alerts = await checks[name](opened, options);
    return { name, alerts: alerts ?? [], isUnused: alerts === undefined, failure: undefined };
  } catch (error) {
    if (!isJitError(error)) throw error;
    const { code, message, hint } = error;
    return { name, alerts: [], isUnused: false, failure: { code, message, hint } };
  }
}

type Check = (opened: ReconcileOpened, options: CheckOptions) => Promise<readonly Alert[] | undefined>;

const checks: Readonly<Record<CheckName, Check>> = {
  bypass: async (opened, { chosen, period, now, deadlines }) => {
    const report = await reconcilePeriod(opened, chosen, { period, now, strict: false });
    const issued = await entriesIn(opened.audit, period, now, {});
    const alerts = [
      ...bypassAlerts(report.findings, deadlines.bypass, now),
      ...ungivenAlerts(issued, deadlines.bypass, now),
    ];
    if (report.compared || alerts.length > 0) return alerts;
    throw new JitError("TRAIL_NOTHING", "CloudTrail tells nothing of any account that holds a role", {
      hint: "run it with credentials of such an account, or name the trail's files with --trail",
    });
  },
  emergencies: async ({ audit }, { period, now, deadlines }) => {
    const marks = await openDebts(audit.store);
    const asked = await entriesIn(audit, period, now, { breakGlass: true });
    const emergencies = asked.filter((entry) => entry.asked?.breakGlass === true);
    return emergencyAlerts(emergencies, marks, deadlines, now);
  },
  seal: async ({ audit }, { period, now, deadlines }) => {
    if (treeKeysOf(audit.trust).logKeys.length === 0) return undefined;
    return await unsealedAlerts(audit.store, period.from, deadlines.seal, now);
  },
  witness: async ({ audit }, { now, deadlines }) => {
    const keys = treeKeysOf(audit.trust);
    if (keys.witnesses.length === 0) return undefined;
    return await silentWitnesses(audit.store, keys, deadlines.witness, now);
  },
};

/** Requests made in a time, or with a session in it. */
async function entriesIn(
  audit: ReconcileOpened["audit"],
  period: Period,
  now: Date,
  filter: LogFilter,
): Promise<readonly LogEntry[]> {
  const ports = logPorts(audit);
  const names = new NameIndex();
  names.add(await listNames(ports.store, listedFor(period, now)));
  const requests = [...names.within(period), ...(await askedOutside(ports.store, names, period))];
  const entries: LogEntry[] = [];
  const options = { filter, texts: false, now };
  const reader = new LogReader(ports, names);
  for await (const entry of reader.entries(requests, options)) entries.push(entry);
  await reader.close();
  return entries;
}
