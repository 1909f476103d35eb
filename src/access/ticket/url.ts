import { checkWebhookUrl } from "../webhook/url.ts";

/** Stands in a URL for the ticket. */
const slot = "{ticket}";

/** Where the ticket may stand: a whole segment of the path, so that `..` is told apart, or within the query. */
const goodSlot =
  /^https?:\/\/[^/?#{]+(?:\/[^?#{]*)*(?:\/\{ticket\}(?=[/?]|$)[^?#{]*(?:\?[^#{]*)?|\?[^#{]*\{ticket\}[^#{]*)$/;

/**
 * What is wrong with the URL of a ticket check in a catalog.
 * @returns `undefined` where it is good
 */
export function checkTicketUrl(text: string): string | undefined {
  const problem = checkWebhookUrl(text.replaceAll(slot, "T"));
  if (problem !== undefined) return problem;
  if (!text.includes("{")) return undefined;
  return goodSlot.test(text)
    ? undefined
    : `may hold ${slot} once, as a whole part of the path or in the query`;
}

/**
 * The URL for one ticket, encoded; a ticket that no path can hold (`.` and `..`, which change the path however they are
 * encoded) has none. Without a slot the ticket is sent as JSON.
 */
export function ticketUrl(template: string, ticket: string): URL | undefined {
  const inPath = template.indexOf(slot) > 0 && !template.slice(0, template.indexOf(slot)).includes("?");
  if (inPath && /^\.{1,2}$/.test(ticket)) return undefined;
  return URL.parse(template.replace(slot, () => encodeURIComponent(ticket))) ?? undefined;
}

/** Whether the ticket stands in the URL; else it is sent in the body. */
export function hasSlot(template: string): boolean {
  return template.includes(slot);
}
