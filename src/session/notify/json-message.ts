import type { Notification } from "../../access/types.ts";
import type { Happening } from "./happening.ts";

/** For whom a message is made, and when. */
export interface MessageOf {
  readonly organization: string;
  /** Unix seconds. */
  readonly sentAt: number;
}

/** Most sessions of one revocation that a message names. */
export const mostNamed = 20;

/** The message for programs, version 1: docs/notifications.md says what each member means. Absent values are null. */
export function jsonMessage(
  happening: Happening,
  { texts }: Pick<Notification, "texts">,
  { organization, sentAt }: MessageOf,
): string {
  const { event, request, requester, targets, role, others = [] } = happening;
  return JSON.stringify({
    v: 1,
    event,
    organization,
    sentAt,
    request,
    requestHash: happening.requestHash,
    requester: { name: requester.name, arn: requester.arn ?? null },
    by: happening.by === undefined ? null : { name: happening.by.name, arn: happening.by.arn ?? null },
    targets,
    role,
    breakGlass: happening.breakGlass === true,
    seconds: happening.duration ?? null,
    notAfter: happening.notAfter?.toISOString() ?? null,
    purpose: happening.purpose ?? null,
    quorum: happening.quorum ?? null,
    approvers: happening.approvers ?? null,
    approve: event === "pending" ? approveLine(request) : null,
    others: others
      .slice(0, mostNamed)
      .map(({ request, requester, targets }) => ({ request, requester, targets })),
    othersCount: others.length,
    ...(texts
      ? {
          reason: happening.texts?.reason ?? null,
          ticket: happening.texts?.ticket ?? null,
          comment: happening.texts?.comment ?? null,
        }
      : {}),
  });
}

/** What an approver types. */
export function approveLine(request: string): string {
  return `jit approve ${request}`;
}
