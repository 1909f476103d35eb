import {
  invalidAnswer,
  maximumAnswer,
  parseTicketAnswer,
  type TicketAnswer,
  type TicketDesk,
} from "../access/ticket/check.ts";
import { hasSlot, ticketUrl } from "../access/ticket/url.ts";
import { JitError } from "../error.ts";
import { callOut, type OutgoingOptions, type Reply } from "./outgoing.ts";

/** Asks webhooks about tickets. */
export function ticketDesk(options: OutgoingOptions): TicketDesk {
  return {
    async ask({ url: template, networks, timeout }, ticket) {
      const url = ticketUrl(template, ticket);
      if (url === undefined) {
        throw new JitError("TICKET_INVALID", "the ticket cannot stand in the URL of the ticket check");
      }
      const body = hasSlot(template) ? undefined : JSON.stringify({ v: 1, ticket });
      return answerOf(await callOut({ url, body, networks, timeout, maximumAnswer }, options));
    },
  };
}

/** Silence, a fault of the network, 429 and 5xx are `down`; whatever else is no answer is an error. */
function answerOf(reply: Reply): TicketAnswer {
  if (reply.kind === "down") return reply;
  if (reply.kind === "forbidden") {
    throw new JitError("TICKET_CHECK_REFUSED", `the ticket check of the catalog ${reply.what}`, {
      hint: "ask whoever keeps the catalog: justification.ticket.check.networks names private networks",
    });
  }
  if (reply.kind === "wrong") throw invalidAnswer(reply.what, reply.cause);
  const { status, body } = reply;
  if (status === 200) return parseTicketAnswer(body);
  if (status === 404 || status === 410) return { kind: "unknown" };
  if (status === 429 || status >= 500) return { kind: "down", why: `it answers ${status}` };
  if (status >= 300 && status < 400) throw invalidAnswer("answers with a redirect, which is not followed");
  throw invalidAnswer(`answers ${status}`);
}
