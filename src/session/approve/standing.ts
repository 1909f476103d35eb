import { approvalOf } from "../../access/approval.ts";
import { isBrokenGlass } from "../../access/break-glass.ts";
import type { AccessQuestion, ApprovalTerms, Decision, Target } from "../../access/types.ts";
import { believedAttested } from "../../audit/attested.ts";
import { mayBeSame } from "../../audit/person.ts";
import { countedVotes, type Vote, type VotedOn, voteFault } from "../../audit/rules/votes.ts";
import { secondsOf } from "../../audit/time.ts";
import { type Window, windowOf } from "../../audit/window.ts";
import type { ReasonTexts } from "../sealed-text.ts";
import { targetsOf, textsOf } from "./asked.ts";
import { type Case, type CaseRecord, invalid } from "./case.ts";
import type { CasePorts } from "./ports.ts";

/** How far a request has come, as the valid records and the rules of its catalog have it. */
export type State =
  /** Approvals are missing. */
  | "open"
  /** All are there, and nobody has issued it. */
  | "approved"
  | "issued"
  | "denied"
  | "aborted"
  /** It was not issued in time. */
  | "expired";

export interface Standing {
  readonly state: State;
  readonly targets: readonly Target[];
  readonly terms: ApprovalTerms;
  /** After this it can be neither approved nor issued. */
  readonly closesAt: Date;
  /** The window that it is asked for, and whether that is yet to open. */
  readonly window: { readonly opens: Date; readonly ends: Date; readonly isEarly: boolean } | undefined;
  /** Those that count, one for each person. */
  readonly approvals: readonly CaseRecord<"approval">[];
  readonly missing: number;
  /** The denial, abort or issue by which it ended. */
  readonly end: CaseRecord<Ending> | undefined;
  /** The denial that counts, also where somebody issued it all the same. */
  readonly denial: CaseRecord<Ending> | undefined;
  /** What the rules say of it now. */
  readonly decision: Decision;
  /** The request as rules see it. */
  readonly question: AccessQuestion;
  /** What stands in the `reasons` location, where it could be read and is what the record says. */
  readonly texts: Partial<ReasonTexts>;
}

/**
 * Judges a request: everything by the catalog that it names, which must be the one believed now; of its circumstances only
 * what is proven, by AWS's statement on the requester's key or in the request itself, is taken as attested.
 * @throws JitError `REQUEST_CATALOG_CHANGED`, `REQUEST_INVALID`, `REASONS_UNREACHABLE` where rules need a ticket that
 *   cannot be read
 */
export async function judgeCase(ports: CasePorts, found: Case): Promise<Standing> {
  const now = ports.clock.now();
  const { request } = found;
  const { record } = request;
  const window = windowOf(record, secondsOf(record.at));
  if (window === "invalid") throw invalid(record.request, "it names no window that can be");
  const targets = targetsOf(ports, found);
  const terms = approvalOf(targets);
  const texts = await textsOf(ports, request);
  const question: AccessQuestion = {
    identity: record.by,
    targets,
    justification: { purpose: record.purpose, reason: texts.reason ?? "-", ticket: texts.ticket },
    circumstances: { attested: attestedOf(ports, request), claimed: record.claimed },
    duration: record.duration,
    // What is asked for later is judged by the time at which it is to be used.
    now: window === undefined ? now : new Date(Math.max(now.getTime(), window.opens * 1000)),
    breakGlass: isBrokenGlass(targets),
  };
  const { catalog } = ports.organization;
  const at = Math.min(secondsOf(record.at), request.arrived.getTime() / 1000);
  const closes = at + terms.expires;
  const votedOn: VotedOn = {
    sha256: request.sha256,
    catalog: record.catalog,
    person: request.writer.person,
    closes,
  };
  const vote = async <T extends Said>(one: T): Promise<Vote & { readonly of: T }> => ({
    of: one,
    sha256: one.sha256,
    person: one.writer.person,
    grade: one.writer.grade,
    requestHash: one.record.requestHash,
    catalog: one.record.catalog,
    at: secondsOf(one.record.at),
    arrived: one.arrived.getTime() / 1000,
    // At the time of arrival, which nobody but S3 can choose: later the verdict stays what it was.
    allowed: await ports.rules.mayApprove({ ...question, now: one.arrived }, catalog, {
      identity: one.record.by,
      attested: one.writer.attested,
    }),
  });
  const approvals = countedVotes(await Promise.all(found.approvals.map(vote)), votedOn);
  const decision = await ports.rules.decide(question, catalog);
  const missing = Math.max(0, terms.quorum - approvals.length);
  const denial = await ownOrAllowed(found.denials, found, votedOn, vote);
  const end =
    (await ownOrAllowed(found.issues, found, votedOn, vote)) ??
    denial ??
    (await ownOrAllowed(found.aborts, found, votedOn, vote));
  const ended = { issue: "issued", denial: "denied", abort: "aborted" } as const;
  const isAlone = record.issuer === "requester";
  const isReady = missing === 0 || (window !== undefined && isAlone && decision.kind === "granted");
  // Approvals come while the request waits; the requester then issues when the window is open.
  const until =
    window === undefined ? closes : isReady && isAlone ? window.ends : Math.min(closes, window.ends);
  const waiting = now.getTime() >= until * 1000 ? "expired" : isReady ? "approved" : "open";
  return {
    state: end === undefined ? waiting : ended[end.record.type],
    targets,
    terms,
    closesAt: new Date(until * 1000),
    window: window === undefined ? undefined : datesOf(window, now),
    approvals: approvals.map(({ of }) => of),
    missing,
    end,
    denial,
    decision,
    question,
    texts,
  };
}

function datesOf({ opens, ends }: Window, now: Date): Standing["window"] {
  return {
    opens: new Date(opens * 1000),
    ends: new Date(ends * 1000),
    isEarly: now.getTime() < opens * 1000,
  };
}

/** What AWS said of the requester's key when it was enrolled, and what the request proves of that moment. */
export function attestedOf(
  { organization }: Pick<CasePorts, "organization">,
  { record, writer, chain }: CaseRecord<"request">,
): Readonly<Record<string, string>> {
  const issuers = organization.trust?.tokenIssuers ?? [];
  const bearer = { thumbprint: chain.slice(-43), by: record.by, at: record.at };
  return { ...writer.attested, ...believedAttested(record.attested, bearer, issuers) };
}

type Ending = "issue" | "denial" | "abort";
type Said = CaseRecord<"approval" | Ending>;

/**
 * What ends a request: the requester's own word, or that of somebody who may approve. Anybody can put records under it, so
 * a stranger's does nothing.
 */
async function ownOrAllowed(
  records: readonly CaseRecord<Ending>[],
  { request }: Case,
  votedOn: VotedOn,
  vote: (one: Said) => Promise<Vote>,
): Promise<CaseRecord<Ending> | undefined> {
  for (const one of records) {
    if (one.record.requestHash !== request.sha256) continue;
    // Where the requester issues, nobody else's session is one of this request.
    const own = one.record.type === "abort" ? sameUser(one, request) : one.chain === request.chain;
    if (own && !(one.record.type === "issue" && request.record.issuer !== "requester")) return one;
    if (one.record.type === "denial" && mayBeSame(one.writer.person, request.writer.person)) return one;
    if (one.record.type === "issue" && request.record.issuer === "requester") continue;
    const fault = voteFault(await vote(one), votedOn);
    if (fault === undefined || (fault === "DECISION_LATE" && one.record.type !== "denial")) return one;
  }
  return undefined;
}

function sameUser(one: CaseRecord, request: CaseRecord<"request">): boolean {
  return one.record.by.userid === request.record.by.userid;
}
