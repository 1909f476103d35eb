import { isBreakGlassRole } from "../../access/break-glass.ts";
import type { AccessQuestion, ApprovalRules, Catalog } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import { type Finding, finding } from "../finding.ts";
import type { Link, OtherLink, RequestLink } from "./link.ts";
import { isOwn } from "./request.ts";

/** Left out: whether rules let somebody review is not judged. */
interface ReviewLookups {
  readonly rules?: ApprovalRules;
}

/**
 * Reviews of a request, against its catalog: only what broke the glass is reviewed, by another person whom the rules let
 * approve it, and once. Anybody can put a review under any request, so one that counts for nothing is noise; an emergency
 * without one that counts is told.
 * @param question the request as rules see it; `undefined` where the catalog has no such targets
 */
export async function reviewFindings(
  request: RequestLink,
  links: readonly Link[],
  catalog: Catalog,
  question: AccessQuestion | undefined,
  lookups: ReviewLookups,
): Promise<Finding[]> {
  const isEmergency = isBreakGlassRole(catalog, request.role);
  if (!isEmergency && !links.some(({ type }) => type === "review")) return [];
  const found: Finding[] = [];
  const counted: Link[] = [];
  for (const review of links.filter((link): link is OtherLink => link.type === "review")) {
    const { name, userid } = review;
    if (!isEmergency) {
      const message = "the request broke no glass, so there is nothing to review";
      found.push(finding("REVIEW_UNFOUNDED", name, userid, message));
    } else if (!(await isAllowed(review, catalog, question, lookups))) {
      const message = "the catalog does not let this person review the emergency";
      found.push(finding("REVIEW_NOT_ALLOWED", name, userid, message));
    } else if (review.requestHash === request.sha256 && !isOwn(review, request)) counted.push(review);
  }
  counted.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  for (const { name, userid } of counted.slice(1))
    found.push(finding("REVIEW_REPEATED", name, userid, "the emergency had been reviewed before"));
  const isOpen = links.some(({ type }) => type === "issue") && counted.length === 0;
  if (isEmergency && isOpen) {
    const message = "the glass was broken, and nobody has reviewed that";
    found.push(finding("REVIEW_MISSING", request.name, request.userid, message));
  }
  return found;
}

/** Whom rules name they name by ARN: only a writer counts whom AWS's statement attests. */
async function isAllowed(
  { writer, arrived }: OtherLink,
  catalog: Catalog,
  question: AccessQuestion | undefined,
  { rules }: ReviewLookups,
): Promise<boolean> {
  if (writer === undefined) return true;
  if (writer.grade !== "attested") return false;
  if (rules === undefined || question === undefined) return true;
  const asked = { ...question, now: new Date(arrived * 1000) };
  try {
    return await rules.mayApprove(asked, catalog, { identity: writer.by, attested: writer.attested });
  } catch (error) {
    if (isJitError(error)) return true;
    throw error;
  }
}
