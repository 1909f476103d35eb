import { isLoopback } from "../endpoints.ts";
import { findHostile } from "../text.ts";

/**
 * What is wrong with the URL of a webhook in a catalog.
 * @returns `undefined` where it is good
 */
export function checkWebhookUrl(text: string): string | undefined {
  const url = findHostile(text) === undefined ? URL.parse(text) : null;
  if (url === null || !/^https?:\/\//.test(text)) return "is no https URL";
  if (url.protocol !== "https:" && !isLoopback(url.hostname)) {
    return "must be https; http is for loopback, in the sandbox";
  }
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  return text.includes("#") ? "must not hold a fragment" : undefined;
}
