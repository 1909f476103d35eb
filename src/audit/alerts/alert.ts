/**
 * What somebody must look at by a deadline, the gravest first: a session of a store's role that no record tells of; broken
 * glass; its review overdue; records that nobody seals; a witness that says nothing.
 */
export const alertKinds = ["bypass", "break-glass", "review", "seal", "witness"] as const;
export type AlertKind = (typeof alertKinds)[number];

export interface Alert {
  readonly kind: AlertKind;
  /** The same as long as it persists. */
  readonly id: string;
  /** When it began. */
  readonly since: Date;
  /** Seconds after which it counts as one. */
  readonly deadline: number;
  /** One line for a person; holds hostile text. */
  readonly message: string;
  readonly request: string | undefined;
  /** Event, object or witness that it is about; hostile text. */
  readonly object: string;
}

/** Seconds. */
export type Deadlines = Readonly<Record<AlertKind, number>>;

/** Whether a deadline has passed. */
export function isPast(since: Date, deadline: number, now: Date): boolean {
  return since.getTime() + deadline * 1000 <= now.getTime();
}
