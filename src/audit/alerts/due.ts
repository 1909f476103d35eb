import type { Alert, AlertKind } from "./alert.ts";

/** Which alerts were sent, and when: by their ids, Unix seconds. */
export interface SentState {
  readonly v: 1;
  /** The organization's fingerprint. */
  readonly log: string;
  readonly sent: Readonly<Record<string, number>>;
}

/** Alerts that were never sent, or long enough ago; in their order. @param repeat seconds */
export function dueAlerts(
  alerts: readonly Alert[],
  { sent }: Pick<SentState, "sent">,
  repeat: number,
  now: Date,
): readonly { readonly alert: Alert; readonly isRepeated: boolean }[] {
  const seconds = Math.floor(now.getTime() / 1000);
  return alerts.flatMap((alert) => {
    const before = Object.hasOwn(sent, alert.id) ? sent[alert.id] : undefined;
    // A time ahead of now was written under another clock.
    const isDue = before === undefined || before > seconds || before + repeat <= seconds;
    return isDue ? [{ alert, isRepeated: before !== undefined }] : [];
  });
}

/**
 * What is remembered after a run: alerts that are there and were sent, and those of kinds that could not be looked at. What is
 * over is forgotten, so that it is news if it comes back.
 */
export function sentAfter(
  { v, log, sent }: SentState,
  alerts: readonly Alert[],
  unknown: readonly AlertKind[],
): SentState {
  const present = new Set(alerts.map(({ id }) => id));
  const kept = Object.entries(sent).filter(
    ([id]) => present.has(id) || unknown.some((kind) => id === kind || id.startsWith(`${kind} `)),
  );
  return { v, log, sent: Object.fromEntries(kept) };
}

/** A state in its form, or `undefined`. @param value parsed JSON */
export function readSentState(value: unknown): SentState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { v, log, sent } = value as Partial<Record<string, unknown>>;
  if (v !== 1 || typeof log !== "string" || typeof sent !== "object" || sent === null) return undefined;
  const read = Object.entries(sent);
  if (!read.every(([, at]) => typeof at === "number" && Number.isSafeInteger(at))) return undefined;
  return { v, log, sent: Object.fromEntries(read) };
}
