import { approvalOf } from "../../access/approval.ts";
import { isJitError } from "../../error.ts";
import { windowOf } from "../window.ts";
import { type ApprovalLookups, isKnown, isTicketHidden, questionOf, votesOf } from "./approvals.ts";
import type { CatalogLookup } from "./catalog.ts";
import type { Link } from "./link.ts";
import { countedVotes } from "./votes.ts";

/**
 * Until when a request can be issued that was granted for a window, by the rules or by those who had to agree.
 * @param links all valid records of one request that nobody has issued or closed
 * @returns `undefined` where it names no window, approvals are missing, or it cannot be told
 */
export async function scheduledUntil(
  links: readonly Link[],
  catalogOf: CatalogLookup | undefined,
  now: Date,
  lookups: ApprovalLookups = {},
): Promise<Date | undefined> {
  const { rules } = lookups;
  const request = links.find((link) => link.type === "request");
  if (request === undefined || !isKnown(request) || rules === undefined) return undefined;
  const window = windowOf({ claimed: request.asked.claimed, duration: request.duration }, request.at);
  if (window === undefined || window === "invalid") return undefined;
  const catalog = await catalogOf?.(request.catalog);
  const question = catalog === undefined ? undefined : questionOf(request, catalog);
  if (catalog === undefined || question === undefined || isTicketHidden(request, catalog)) return undefined;
  const { quorum, expires } = approvalOf(question.targets);
  const closes = Math.min(request.at, request.arrived) + expires;
  const votedOn = { sha256: request.sha256, catalog: request.catalog, person: request.writer.person, closes };
  const votes = countedVotes(await votesOf(links, ["approval"], question, catalog, lookups), votedOn);
  const at = new Date(Math.max(now.getTime(), window.opens * 1000));
  const decision = await rules.decide({ ...question, now: at }, catalog).catch((error: unknown) => {
    if (isJitError(error)) return undefined;
    throw error;
  });
  const isAlone = request.issuer === "requester";
  const isGranted = (isAlone && decision?.kind === "granted") || votes.length >= quorum;
  if (!isGranted || decision?.kind === "refused") return undefined;
  // Where an approver issues, the request must still wait then.
  return new Date((isAlone ? window.ends : Math.min(closes, window.ends)) * 1000);
}
