import { approvalOf } from "../../access/approval.ts";
import { isBrokenGlass } from "../../access/break-glass.ts";
import type { AccessQuestion, ApprovalRules, ApprovalTerms, Catalog } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import { claimBytes } from "../claim.ts";
import { type Finding, type FindingCode, finding } from "../finding.ts";
import { mayBeSame } from "../person.ts";
import { windowOf } from "../window.ts";
import { askedTargets } from "./asked-targets.ts";
import type { Enrolment } from "./keys.ts";
import type { IssueLink, Link, OtherLink, RequestLink } from "./link.ts";
import { reviewFindings } from "./reviews.ts";
import { countedVotes, type Vote, type VotedOn, voteFault } from "./votes.ts";

/** Seconds that the clocks of two writers may differ. */
const clockTolerance = 60;

/** What is needed to judge approvals, as far as it is to be had. */
export interface ApprovalLookups {
  /** Left out: whether rules let somebody agree, or ask for it, is not judged. */
  readonly rules?: ApprovalRules;
  /** Bytes of a request's claim. Left out: claims are not looked at. */
  readonly claimOf?: (request: string) => Promise<Uint8Array | undefined>;
}

type Known<T extends Link> = T & { readonly writer: Enrolment };

/**
 * Whether each session of a request rests on the approvals that its catalog asks for: as many as the quorum, of distinct
 * persons, none of them the requester, whom the rules let agree; issued by one of them who had claimed it; and not after
 * one of them had said no.
 * @param links all valid records of one request
 */
export async function approvalFindings(
  links: readonly Link[],
  catalog: Catalog,
  lookups: ApprovalLookups,
): Promise<Finding[]> {
  const request = links.find((link) => link.type === "request");
  if (request === undefined || !isKnown(request) || request.issuer === "broker") return [];
  const question = questionOf(request, catalog);
  const found = await reviewFindings(request, links, catalog, question, lookups);
  if (question === undefined) return found;
  const issues = links.filter((link) => link.type === "issue");
  if (issues.length === 0) return found;
  const said = async (type: "approval" | "denial") =>
    links.some((link) => link.type === type) ? await votesOf(links, [type], question, catalog, lookups) : [];
  const votes = await said("approval");
  const denials = await said("denial");
  const terms = approvalOf(question.targets);
  // What renews one that is not there rests on nothing but its own approvals.
  const isRenewal = ({ renews, chain }: IssueLink) =>
    issues.some((one) => one.sha256 === renews && one.chain === chain);
  for (const issue of issues) {
    if (isRenewal(issue)) continue;
    // A session that a stranger tells of is found elsewhere.
    if (request.issuer === "requester" && issue.chain !== request.chain) continue;
    const judged = { request, issue, question, catalog, terms, votes, denials };
    found.push(...(await issueFindings(judged, lookups)));
  }
  return found;
}

/**
 * Denials and aborts of who may not decide about the request, as far as that can be told: they must not say where it stands.
 * @returns their SHA-256
 */
export async function strangersWords(
  links: readonly Link[],
  catalogOf: ((digest: string) => Promise<Catalog | undefined>) | undefined,
  lookups: ApprovalLookups = {},
): Promise<ReadonlySet<string>> {
  const request = links.find((link) => link.type === "request");
  const catalog = request === undefined ? undefined : await catalogOf?.(request.catalog);
  if (request === undefined || !isKnown(request) || catalog === undefined) return new Set();
  const question = questionOf(request, catalog);
  if (question === undefined) return new Set();
  const others = links.filter(
    (link) =>
      isKnown(link) &&
      !mayBeSame(link.writer.person, request.writer.person) &&
      link.userid !== request.userid,
  );
  const votes = await votesOf(others, ["denial", "abort"], question, catalog, lookups);
  return new Set(
    votes
      .filter(({ grade, allowed }) => grade !== "attested" || allowed === false)
      .map(({ sha256 }) => sha256),
  );
}

interface Judged {
  readonly request: Known<RequestLink>;
  readonly issue: IssueLink;
  readonly question: AccessQuestion;
  readonly catalog: Catalog;
  readonly terms: ApprovalTerms;
  readonly votes: readonly VoteOf[];
  readonly denials: readonly VoteOf[];
}
type VoteOf = Vote & { readonly chain: string };

async function issueFindings(judged: Judged, lookups: ApprovalLookups): Promise<Finding[]> {
  const { request, issue, terms, votes, denials } = judged;
  const found: Finding[] = [];
  const say = (code: FindingCode, message: string) =>
    found.push(finding(code, issue.name, issue.userid, message));
  const votedOn: VotedOn = {
    sha256: request.sha256,
    catalog: request.catalog,
    person: request.writer.person,
    closes: Math.min(request.at, request.arrived) + terms.expires,
  };
  // Named by hash, they were there before it, whatever the clocks say.
  const named = votes.filter(({ sha256 }) => issue.decisions.includes(sha256));
  const counted = countedVotes(named, votedOn);
  if (counted.length < (await needed(judged, lookups)))
    say("ISSUE_UNAPPROVED", `the session rests on ${counted.length} approvals that count, and needs more`);
  // A writer may set its clock back; nobody has the credentials before S3 has the record.
  const issued = Math.max(issue.at, issue.arrived);
  const before = denials.filter(({ arrived }) => arrived < issued - clockTolerance);
  const said = before.find(
    (vote) => mayBeSame(vote.person, votedOn.person) || voteFault(vote, votedOn) === undefined,
  );
  if (said !== undefined) say("ISSUE_DENIED", "the session was issued after the request was denied");
  if (request.issuer === "requester") return found;
  const own = counted.find(({ chain }) => chain === issue.chain);
  if (own === undefined) say("WRITER_DIFFERS", "who issued the session is none of those who approved it");
  else if (lookups.claimOf !== undefined) {
    const claim = { request: issue.taggedRequest, requestHash: request.sha256, approval: own.sha256 };
    const bytes = await lookups.claimOf(issue.sessionName.replace(/^jit-/, ""));
    if (bytes === undefined || Buffer.compare(bytes, claimBytes(claim)) !== 0)
      say("ISSUE_UNCLAIMED", "who issued the session had not claimed it");
  }
  return found;
}

/** How many approvals the session needs. Where that cannot be told, those that it names must count. */
async function needed(
  { request, issue, question, catalog, terms: { quorum } }: Judged,
  { rules }: ApprovalLookups,
): Promise<number> {
  if (request.issuer !== "requester") return quorum;
  const named = issue.decisions.length > 0 ? quorum : 0;
  if (rules === undefined || isTicketHidden(request, catalog)) return named;
  try {
    // Rules may look at the clock; two machines' need not agree.
    for (const at of [issue.at, startOf(request)]) {
      const decision = await rules.decide({ ...question, now: new Date(at * 1000) }, catalog);
      if (decision.kind === "granted") return 0;
      if (decision.kind === "needsApproval") return decision.quorum;
    }
    return Number.POSITIVE_INFINITY;
  } catch (error) {
    if (isJitError(error)) return named;
    throw error;
  }
}

/** When it was asked for, or is asked for to begin: rules were asked of that time. */
function startOf({ asked: { claimed }, duration, at }: RequestLink): number {
  const window = windowOf({ claimed, duration }, at);
  return window === undefined || window === "invalid" ? at : Math.max(at, window.opens);
}

/** Whether rules may look at a ticket that is kept elsewhere. Where the catalog keeps none elsewhere, a hidden one is none. */
export function isTicketHidden({ asked: { ticket } }: RequestLink, catalog: Catalog): boolean {
  const isElsewhere = ticket !== "-" && !("text" in ticket) && catalog.audit.reasons !== undefined;
  return isElsewhere && catalog.rules?.text.includes("ticket") === true;
}

/** What was said of a request, with whether the rules let them. */
export async function votesOf(
  links: readonly Link[],
  types: readonly Link["type"][],
  question: AccessQuestion,
  catalog: Catalog,
  { rules }: ApprovalLookups,
): Promise<VoteOf[]> {
  const votes: VoteOf[] = [];
  for (const link of links) {
    if (!types.includes(link.type) || !isKnown(link)) continue;
    const { sha256, chain, writer, catalog: under, at, arrived } = link;
    const { requestHash } = link as Known<OtherLink>;
    const asked = { ...question, now: new Date(arrived * 1000) };
    const who = { identity: writer.by, attested: writer.attested };
    const allowed = await rules?.mayApprove(asked, catalog, who).catch((error: unknown) => {
      if (isJitError(error)) return undefined;
      throw error;
    });
    const { person, grade } = writer;
    votes.push({ sha256, chain, person, grade, requestHash, catalog: under, at, arrived, allowed });
  }
  return votes;
}

/** The request as the rules of its catalog see it; `undefined` where the catalog has no such target. */
export function questionOf(request: Known<RequestLink>, catalog: Catalog): AccessQuestion | undefined {
  const { purpose, ticket, attested, claimed } = request.asked;
  try {
    const { targets } = askedTargets(catalog, request);
    return {
      identity: request.writer.by,
      targets,
      justification: {
        purpose,
        reason: "-",
        ticket: ticket !== "-" && "text" in ticket ? ticket.text : undefined,
      },
      circumstances: { attested: { ...attested, ...request.writer.attested }, claimed },
      duration: request.duration,
      now: new Date(request.at * 1000),
      breakGlass: isBrokenGlass(targets),
    };
  } catch (error) {
    // The catalog has no such target: ISSUE_POLICY says so.
    if (isJitError(error)) return undefined;
    throw error;
  }
}

/** Whether it is told whose key it is. */
export function isKnown<T extends Link>(link: T): link is Known<T> {
  return link.writer !== undefined;
}
