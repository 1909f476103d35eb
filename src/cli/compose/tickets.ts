import { allLoopback } from "../../access/endpoints.ts";
import type { TicketDesk } from "../../access/ticket/check.ts";
import type { Context } from "../context.ts";

/** Asks webhooks about tickets; Node's HTTP is loaded at the first question, since most catalogs have none. */
export function openTicketDesk({ env }: Context): TicketDesk {
  return {
    async ask(check, ticket) {
      const { ticketDesk } = await import("../../local/ticket-desk.ts");
      return await ticketDesk({ toLoopback: allLoopback(env) }).ask(check, ticket);
    },
  };
}
