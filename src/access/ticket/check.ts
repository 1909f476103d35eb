import * as v from "valibot";
import { JitError } from "../../error.ts";
import { parseStrictJson } from "../canonical.ts";
import type { TicketCheck } from "../types.ts";

/** What the ticket system says of a ticket. */
export type TicketAnswer =
  | {
      readonly kind: "known";
      readonly open: boolean;
      /** Who works on it, by the names that the ticket system has. */
      readonly assignees: readonly string[];
      readonly used: boolean;
    }
  | { readonly kind: "unknown" }
  /** No answer that could be believed; `why` is our own word for it. */
  | { readonly kind: "down"; readonly why: string };

/** The webhook that knows tickets. */
export interface TicketDesk {
  /**
   * Asks about one ticket, once, within the check's timeout.
   * @param ticket as `checkTicket` let it through
   * @throws JitError `TICKET_CHECK_REFUSED` where the place must not be asked (a private address, plain HTTP), and
   *   `TICKET_CHECK_INVALID` where what answers is no such webhook (a redirect, TLS that cannot be verified, a body too
   *   large or of another form). Silence, a fault of the network, 429 and 5xx are `down`.
   */
  ask(check: TicketCheck, ticket: string): Promise<TicketAnswer>;
}

/** What goes on with a request whose ticket was asked about. */
export interface TicketVerdict {
  /** For the request's circumstances; says nothing of a person. */
  readonly claimed: Readonly<Record<string, string>>;
  /** For whoever asks, where the catalog wants it said. */
  readonly warning: string | undefined;
}

/** Name of the circumstance that holds what came of the check. */
export const ticketCheckClaim = "ticket.check";

/** Bytes that an answer may have. */
export const maximumAnswer = 16_384;

/** Other members may stand there: the webhook is somebody else's. */
const answerSchema = v.variant("exists", [
  v.object({ exists: v.literal(false) }),
  v.object({
    exists: v.literal(true),
    open: v.boolean(),
    assignee: v.nullish(
      v.union([
        v.pipe(v.string(), v.maxLength(256)),
        v.pipe(v.array(v.pipe(v.string(), v.maxLength(256))), v.maxLength(64)),
      ]),
    ),
    used: v.optional(v.boolean(), false),
  }),
]);

/**
 * The answer's body: JSON with `exists` and, where that is true, `open`, perhaps `assignee` (a name, several, or null)
 * and `used`.
 * @throws JitError `TICKET_CHECK_INVALID`
 */
export function parseTicketAnswer(bytes: Uint8Array): TicketAnswer {
  const parsed = v.safeParse(answerSchema, readJson(bytes));
  // What it says is not repeated: it is not ours, and may hold anything.
  if (!parsed.success) throw invalidAnswer("answers in another form");
  const { output } = parsed;
  if (!output.exists) return { kind: "unknown" };
  const { open, assignee, used } = output;
  const assignees = typeof assignee === "string" ? [assignee] : (assignee ?? []);
  return { kind: "known", open, assignees, used };
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    throw new JitError("TICKET_CHECK_INVALID", "the ticket check answers no JSON", { hint: whoToAsk, cause });
  }
}

const whoToAsk = "ask whoever keeps the catalog: justification.ticket.check names the webhook";

/** @param what `the ticket check …` */
export function invalidAnswer(what: string, cause?: unknown): JitError {
  return new JitError("TICKET_CHECK_INVALID", `the ticket check ${what}`, { hint: whoToAsk, cause });
}

/**
 * Whether the request may go on with this ticket.
 * @param names of the requester; one of them must be an assignee where the catalog wants that
 * @throws JitError `TICKET_UNKNOWN`, `TICKET_CLOSED`, `TICKET_USED`, `TICKET_NOT_ASSIGNED`, `TICKET_CHECK_DOWN`
 */
export function judgeTicket(
  check: TicketCheck,
  answer: TicketAnswer,
  names: readonly string[],
): TicketVerdict {
  if (answer.kind === "down") return judgeDown(check, answer.why);
  if (answer.kind === "unknown") {
    throw refused("TICKET_UNKNOWN", "there is no such ticket", "look at its number");
  }
  if (!answer.open) throw refused("TICKET_CLOSED", "the ticket is not open", "name one that is");
  if (answer.used) throw refused("TICKET_USED", "the ticket was used before", "name a new one");
  const own = new Set(names.map(folded));
  if (check.assigned && !answer.assignees.some((name) => own.has(folded(name)))) {
    throw refused("TICKET_NOT_ASSIGNED", "the ticket is not assigned to you", "have it assigned to you");
  }
  return {
    claimed: { [ticketCheckClaim]: check.assigned ? "open, assigned" : "open" },
    warning: undefined,
  };
}

function judgeDown({ onDown }: TicketCheck, why: string): TicketVerdict {
  if (onDown === "refuse") {
    throw new JitError("TICKET_CHECK_DOWN", `the ticket cannot be checked: ${why}`, {
      hint: "try again in a minute; the catalog asks for the check",
    });
  }
  return {
    claimed: { [ticketCheckClaim]: "unavailable" },
    warning: onDown === "warn" ? `the ticket was not checked: ${why}` : undefined,
  };
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function refused(code: string, message: string, hint: string): JitError {
  return new JitError(code, message, { hint });
}
