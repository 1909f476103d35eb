import { approvalOf } from "../access/approval.ts";
import { isBrokenGlass } from "../access/break-glass.ts";
import { formatDuration } from "../access/duration.ts";
import type { Target } from "../access/types.ts";
import { formatTime, secondsOf } from "../audit/time.ts";
import type { AuditRecord } from "../audit/types.ts";
import { furthestAhead, type Window, windowOf } from "../audit/window.ts";
import { JitError } from "../error.ts";

/**
 * Whether a request may be made now for a window that opens later. Where approvers issue, AssumeRole cannot be called ahead: one
 * of them has to do it in the window, and while the request still waits.
 * @throws JitError `AT_PAST`, `AT_TOO_FAR`, `AT_BREAK_GLASS`, `AT_UNAPPROVABLE`
 */
export function checkOpening(targets: readonly Target[], opens: Date, now: Date): void {
  const ahead = (opens.getTime() - now.getTime()) / 1000;
  if (isBrokenGlass(targets)) {
    throw new JitError("AT_BREAK_GLASS", "an emergency is now: --break-glass takes no --at", {
      hint: "leave one of the two out",
    });
  }
  if (ahead <= 0) {
    throw new JitError("AT_PAST", `${formatTime(opens)} has passed`, {
      hint: "name a time to come, or leave --at out to have it now",
    });
  }
  if (ahead > furthestAhead) {
    throw new JitError("AT_TOO_FAR", `${formatTime(opens)} is more than 30 days ahead`, {
      hint: "ask when it is nearer",
    });
  }
  const { expires } = approvalOf(targets);
  if (targets.every(({ store }) => store.issuer === "requester") || ahead < expires) return;
  throw new JitError(
    "AT_UNAPPROVABLE",
    `approvers issue this, and the request would run out ${formatDuration(expires)} from now, before the window opens`,
    { hint: `ask ${formatDuration(expires)} before it opens, or later` },
  );
}

/** @throws JitError `WINDOW_INVALID` */
export function windowOfRequest(record: AuditRecord<"request">): Window | undefined {
  const window = windowOf(record, secondsOf(record.at));
  if (window !== "invalid") return window;
  throw new JitError("WINDOW_INVALID", `the request ${record.request} names no window that can be`, {
    hint: "make a new request",
  });
}

/** The grant's end: its window's, else as long after `begin` as was asked for. */
export function endOfGrant(record: AuditRecord<"request">, begin: Date): Date {
  const window = windowOfRequest(record);
  const end = window?.ends ?? Math.floor(begin.getTime() / 1000) + record.duration;
  return new Date(end * 1000);
}

/** @throws JitError `WINDOW_NOT_OPEN` */
export function checkOpened(record: AuditRecord<"request">, now: Date): void {
  const opens = windowOfRequest(record)?.opens ?? 0;
  if (now.getTime() >= opens * 1000) return;
  throw new JitError("WINDOW_NOT_OPEN", `it opens at ${formatTime(new Date(opens * 1000))}, and not before`, {
    hint: `jit watch ${record.request} waits for it`,
  });
}
