import { sha256Hex } from "../../access/digest.ts";
import { maximumDuration } from "../../access/duration.ts";
import type { Catalog } from "../../access/types.ts";
import { JitError } from "../../error.ts";
import { type Finding, finding } from "../finding.ts";
import { type ApprovalLookups, approvalFindings } from "./approvals.ts";
import { askedTargets } from "./asked-targets.ts";
import type { IssueLink, Link, RequestLink } from "./link.ts";

/** The catalog of a digest, `undefined` where it is not to be had: then sessions are not held against it. */
export type CatalogLookup = (digest: string) => Promise<Catalog | undefined>;

/**
 * The sessions of a request against its catalog: its targets compiled anew must give the very policy that was sent, their role
 * and issuer must be the request's, their maximum not be passed, and the approvals be there that it asks for.
 * @param links all valid records of one request
 */
export async function catalogFindings(
  links: readonly Link[],
  catalogOf: CatalogLookup,
  approvals: ApprovalLookups = {},
): Promise<Finding[]> {
  const request = links.find((link) => link.type === "request");
  const issues = links.filter((link) => link.type === "issue");
  const nothingToJudge = issues.length === 0 && !links.some(({ type }) => type === "review");
  if (request === undefined || request.issuer === "broker" || nothingToJudge) return [];
  const catalog = await catalogOf(request.catalog);
  if (catalog === undefined) return [];
  const other = issues
    .filter((issue) => !isAllowed(catalog, request, issue))
    .map(({ name, userid }) =>
      finding("ISSUE_POLICY", name, userid, "the session is not what the catalog gives for the request"),
    );
  return [...other, ...(await approvalFindings(links, catalog, approvals))];
}

function isAllowed(catalog: Catalog, request: RequestLink, issue: IssueLink): boolean {
  try {
    const asked = askedTargets(catalog, request);
    const { targets } = asked;
    return (
      targets.every(({ store }) => store.role === request.role && store.issuer === request.issuer) &&
      request.duration <= maximumDuration(targets).seconds &&
      sha256Hex(Buffer.from(asked.policyUntil(new Date(issue.notAfter * 1000)))) === issue.policySha256
    );
  } catch (error) {
    // The catalog has no such target, or no policy can express it: then nothing was to be issued.
    if (error instanceof JitError) return false;
    throw error;
  }
}
