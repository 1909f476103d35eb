import { asNoise, type Finding, type FindingCode, finding } from "../finding.ts";
import { mayBeSame } from "../person.ts";
import { windowOf } from "../window.ts";
import type { IssueLink, Link, RequestLink } from "./link.ts";
import type { Spoilt } from "./spoilt.ts";

/** Seconds that the clocks of a client, STS and S3 may differ within one request. */
const clockTolerance = 60;

/**
 * What the records of one request must have to do with each other. Pure: the same records give the same findings in
 * any order of arrival.
 * @param request id
 * @param links all its valid records
 * @param spoilt the bad objects under the request: what refers to one cannot be judged
 */
export function requestFindings(request: string, links: readonly Link[], spoilt: Spoilt): Finding[] {
  const ordered = [...links].sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  const requests = ordered.filter((link) => link.type === "request");
  const issues = ordered.filter((link) => link.type === "issue");
  const [first, ...more] = requests;
  if (first === undefined) {
    return ordered
      .filter((link) => !spoilt.has("request", link.userid))
      .map((link) =>
        unlessSession(link, say(link, "REQUEST_MISSING", "no request record of this id exists")),
      );
  }
  return [
    ...more.map((link) => say(link, "REQUEST_REPEATED", "the id has another request record")),
    ...ordered.flatMap((link) => (link.type === "request" ? [] : referenceFindings(link, first))),
    ...decisionFindings(ordered, issues, spoilt),
    ...issues.flatMap((issue) => issueFindings(request, issue, first)),
    ...grantFindings(ordered, issues, first, spoilt),
    ...windowFindings(ordered, issues, first),
  ];
}

/** Every record names the request by hash and the catalog it was made under; who may write which. */
function referenceFindings(link: Exclude<Link, RequestLink>, request: RequestLink): Finding[] {
  if (isForeign(link, request)) {
    return [unlessSession(link, say(link, "WRITER_DIFFERS", "only the requester writes this record"))];
  }
  const found: Finding[] = [];
  if (link.requestHash !== request.sha256) {
    found.push(say(link, "REQUEST_HASH", "the record names another request record than the stored one"));
  }
  const judged = link.type === "issue" || link.type === "approval" || link.type === "denial";
  if (judged && link.catalog !== request.catalog) {
    found.push(say(link, "CATALOG_DIFFERS", "the record was made under another catalog than the request"));
  }
  if (link.type === "approval" && isOwn(link, request)) {
    found.push(say(link, "DECISION_OWN", "the requester approved the own request"));
  }
  if (link.type === "review" && isOwn(link, request)) {
    found.push(say(link, "REVIEW_OWN", "the requester reviewed the own emergency"));
  }
  return found;
}

/** Whether one person may have written both, under whatever role or session name. */
export function isOwn(link: Link, request: RequestLink): boolean {
  if (link.userid === request.userid) return true;
  const [a, b] = [link.writer, request.writer];
  return a !== undefined && b !== undefined && mayBeSame(a.person, b.person);
}

/** Whether a record is of one who may not write it: it is found WRITER_DIFFERS and decides nothing. */
export function isForeign(link: Link, request: RequestLink): boolean {
  switch (link.type) {
    case "issue":
      return request.issuer === "requester" && link.chain !== request.chain;
    case "abort":
      return request.issuer === "requester" && link.userid !== request.userid;
    case "end":
      return link.userid !== request.userid;
    default:
      return false;
  }
}

/** Anybody may write a record about any id under the own prefix: it is noise unless it tells of credentials. */
function unlessSession(link: Link, found: Finding): Finding {
  return link.tellsSession ? found : asNoise(found);
}

function decisionFindings(links: readonly Link[], issues: readonly IssueLink[], spoilt: Spoilt): Finding[] {
  if (spoilt.has("approval")) return [];
  const named = issues.filter(({ decisions }) => decisions.length > 0);
  if (named.length === 0) return [];
  const approvals = new Set(links.filter((link) => link.type === "approval").map((link) => link.sha256));
  return named
    .filter((issue) => issue.decisions.some((hash) => !approvals.has(hash)))
    .map((issue) =>
      say(issue, "DECISION_UNKNOWN", "the session rests on an approval that is not in the log"),
    );
}

/** One session against what was asked for. */
function issueFindings(request: string, issue: IssueLink, asked: RequestLink): Finding[] {
  const found: Finding[] = [];
  if (issue.role !== asked.role) found.push(say(issue, "ISSUE_ROLE", "the session is of another role"));
  if (issue.sessionName !== `jit-${request}`) {
    found.push(say(issue, "ISSUE_SESSION_NAME", "the session does not bear the request's name"));
  }
  const tagsAgree = issue.taggedRequest === request && issue.taggedAccess === asked.targets.join(" ");
  if (asked.issuer !== "broker" && !tagsAgree) {
    found.push(say(issue, "ISSUE_TAGS", "the session's tags tell another request or other targets"));
  }
  if (issue.isSealed !== (asked.issuer !== "requester")) {
    found.push(say(issue, "ISSUE_SEALED", "a session is sealed if and only if another issues it"));
  }
  if (issue.at >= issue.notAfter + clockTolerance) {
    found.push(say(issue, "ISSUE_LATE", "the session was issued after the end of the grant"));
  }
  if (issue.expiration - issue.at > issue.durationSeconds + clockTolerance) {
    found.push(say(issue, "EXPIRATION_LATE", "the credentials live longer than the session was to last"));
  }
  return found;
}

/** What is asked for later is neither issued before nor had after its window. */
function windowFindings(
  links: readonly Link[],
  issues: readonly IssueLink[],
  request: RequestLink,
): Finding[] {
  const window = windowOf({ claimed: request.asked.claimed, duration: request.duration }, request.at);
  if (window === undefined) return [];
  if (window === "invalid") {
    const found = say(request, "WINDOW_INVALID", "the request names no window that can be");
    return [links.some(({ tellsSession }) => tellsSession) ? found : asNoise(found)];
  }
  const found: Finding[] = [];
  for (const issue of issues) {
    // When it arrived S3 says: a session that is there before the window was issued before it.
    if (Math.min(issue.at, issue.arrived) < window.opens - clockTolerance)
      found.push(say(issue, "ISSUE_EARLY", "the session was issued before the window opened"));
    if (issue.notAfter > window.ends)
      found.push(say(issue, "NOT_AFTER_LATE", "the grant goes on after the end of its window"));
  }
  return found;
}

/** All sessions of one grant: one first, its renewals, one end; and what refers to them. */
function grantFindings(
  links: readonly Link[],
  issues: readonly IssueLink[],
  request: RequestLink,
  spoilt: Spoilt,
): Finding[] {
  const found: Finding[] = [];
  const hashes = new Set(issues.map((issue) => issue.sha256));
  const [first, ...more] = issues.filter((issue) => issue.renews === "-");
  for (const issue of more) found.push(say(issue, "ISSUE_REPEATED", "the request was issued twice"));
  const earliest = first ?? issues[0];
  if (earliest !== undefined && earliest.notAfter - earliest.at > request.duration + clockTolerance) {
    found.push(say(earliest, "NOT_AFTER_LATE", "the grant lasts longer than was asked for"));
  }
  for (const issue of issues) {
    if (issue.notAfter !== earliest?.notAfter) {
      found.push(
        say(issue, "NOT_AFTER_DIFFERS", "the grant ends at another time than its first session says"),
      );
    }
    const known = issue.renews === "-" || hashes.has(issue.renews) || spoilt.has("issue", issue.userid);
    if (!known || issue.renews === issue.sha256) {
      found.push(say(issue, "RENEWAL_UNKNOWN", "the session renews one that is not in the log"));
    }
  }
  // Where another issues, who that is stands only in the record that is bad.
  const issuer = request.issuer === "requester" ? request.userid : undefined;
  for (const link of links) {
    if (
      link.type === "end" &&
      !isForeign(link, request) &&
      !hashes.has(link.issueHash) &&
      !spoilt.has("issue", issuer)
    ) {
      found.push(say(link, "ISSUE_HASH", "the record ends a session that is not in the log"));
    }
  }
  const aborted = links.find((link) => link.type === "abort" && !isForeign(link, request));
  if (aborted !== undefined && first !== undefined && first.at > aborted.at) {
    found.push(say(first, "ISSUE_ABORTED", "the request had been aborted before"));
  }
  return found;
}

function say(link: Link, code: FindingCode, message: string): Finding {
  return finding(code, link.name, link.userid, message);
}
