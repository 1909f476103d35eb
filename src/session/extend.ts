import type { Identity } from "../access/types.ts";
import type { Story } from "../audit/story.ts";
import { formatTime, secondsOf } from "../audit/time.ts";
import type { AuditRecord } from "../audit/types.ts";
import { JitError } from "../error.ts";

/** A request whose grant goes on, and which its requester may ask to have for longer. */
export interface Extendable {
  readonly record: AuditRecord<"request">;
  /** The present end of its grant. */
  readonly notAfter: Date;
}

/**
 * Whether a request can be extended: one's own, issued, and its grant still going on. What becomes of the extension is a
 * decision of its own; this only keeps people from extending what is none.
 * @param now by the server's clock, once the story was read: a clock that is wrong learns the time by that
 * @throws JitError one code for each reason why not
 */
export function extendable({ request, state, entries }: Story, { userid }: Identity, now: Date): Extendable {
  const valid = entries.filter(({ reason }) => reason === undefined).map(({ record }) => record);
  const record = valid.find((one) => one?.type === "request");
  if (record?.type !== "request") {
    throw new JitError("REQUEST_NOT_FOUND", `there is no valid record of request ${request}`, {
      hint: "`jit status` shows your own",
    });
  }
  if (record.by.userid !== userid) {
    throw new JitError("EXTEND_NOT_OWN", `the request ${request} was made by ${record.by.arn}`, {
      hint: "make a request of your own",
    });
  }
  const ends = valid.flatMap((one) => (one?.type === "issue" ? [secondsOf(one.notAfter)] : []));
  const notAfter = new Date(Math.max(...ends, 0) * 1000);
  refuseNotLive(request, state === "issued" && notAfter <= now ? "expired" : state);
  return { record, notAfter };
}

function refuseNotLive(request: string, state: Story["state"]): void {
  const anew = { hint: "make a new request" };
  switch (state) {
    case "issued":
      return;
    case "revoked":
      throw new JitError("EXTEND_REVOKED", `the session of ${request} was revoked`, {
        hint: "ask who revoked it (`jit audit show`), then make a new request",
      });
    case "forgotten":
      throw new JitError("EXTEND_FORGOTTEN", `the session of ${request} was forgotten`, anew);
    case "expired":
      throw new JitError("GRANT_ENDED", `the grant of ${request} has ended`, anew);
    case "denied":
      throw new JitError("REQUEST_DENIED", `the request ${request} was denied`, anew);
    case "aborted":
      throw new JitError("REQUEST_ABORTED", `the request ${request} was given up`, anew);
    default:
      throw new JitError("EXTEND_NOT_ISSUED", `the request ${request} has no session yet`, {
        hint: `jit watch ${request} picks it up`,
      });
  }
}

/** @throws JitError `EXTEND_SHORTER` where the new end would not be later than the present one */
export function checkLonger({ notAfter }: Extendable, now: Date, duration: number): void {
  if (now.getTime() + duration * 1000 > notAfter.getTime()) return;
  throw new JitError("EXTEND_SHORTER", `it goes on until ${formatTime(notAfter)} as it is`, {
    hint: "--for counts from now: name a time that ends later",
  });
}
