import { mayBeSame } from "../../audit/person.ts";
import { formatTime } from "../../audit/time.ts";
import { JitError } from "../../error.ts";
import type { Self } from "./approver.ts";
import { unjustified } from "./asked.ts";
import { type Case, type CaseRecord, caseHours, invalid, listCase, readCase } from "./case.ts";
import { type CasePorts, readerOf } from "./ports.ts";
import { judgeCase, type Standing } from "./standing.ts";

/** A request as somebody looks at it who could agree to it. */
export interface Review {
  readonly found: Case;
  readonly standing: Standing;
  /** Whether it is the looker's own, under whatever name. */
  readonly isOwn: boolean;
  /** Whether catalog and rules let the looker agree. */
  readonly mayApprove: boolean;
  /** The looker's approval, where it counts. */
  readonly approval: CaseRecord<"approval"> | undefined;
  /** Whether the looker's own key has signed it, and not one of another machine. */
  readonly isApprovalOfKey: boolean;
  /** What its justification lacks, as a code; `undefined` where it is what the catalog asks for. */
  readonly unjustified: string | undefined;
}

/**
 * Reads a request with all that belongs to it, verifies each record, and judges it.
 * @throws JitError as `readCase` and `judgeCase`; `ID_INVALID`
 */
export async function reviewRequest(
  ports: CasePorts,
  self: Self,
  request: string,
  reader = readerOf(ports),
): Promise<Review> {
  const named = await listCase(ports.store, request, caseHours(request, ports.clock.now()));
  const found = await readCase(reader, request, named);
  return await reviewCase(ports, self, found);
}

export async function reviewCase(ports: CasePorts, self: Self, found: Case): Promise<Review> {
  const standing = await judgeCase(ports, found);
  const { identity, attested, person, thumbprint } = self;
  const approval = standing.approvals.find(({ writer }) => mayBeSame(writer.person, person));
  return {
    found,
    standing,
    isOwn: mayBeSame(person, found.request.writer.person),
    // Of now, as the approval itself will be judged by the time of its arrival.
    mayApprove: await ports.rules.mayApprove(
      { ...standing.question, now: ports.clock.now() },
      ports.organization.catalog,
      { identity, attested },
    ),
    approval,
    unjustified: unjustified(ports, found.request.record, standing.texts),
    isApprovalOfKey: approval?.chain.endsWith(`/${thumbprint}`) === true,
  };
}

/**
 * Whether the looker can agree: nothing where they can; `issue` where they have, all approvals are there, and it only has
 * to be issued.
 * @throws JitError one code for each reason why not
 */
export function checkApproval(review: Review): "approve" | "issue" {
  const { standing, isOwn, mayApprove, approval, found } = review;
  if (isOwn) {
    throw new JitError(
      "OWN_REQUEST",
      "nobody approves the own request, under whatever role or session name",
      {
        hint: `others can: ${whoCan(standing)}`,
      },
    );
  }
  refuseEnded(standing);
  if (!mayApprove) throw notAllowed(standing);
  const { decision } = standing;
  if (decision.kind === "refused") {
    throw new JitError("REQUEST_REFUSED", `the rules refuse it now: ${decision.rule}: ${decision.message}`, {
      hint: "an approval cannot give what the rules refuse",
    });
  }
  if (found.request.record.issuer === "requester" && decision.kind === "granted") {
    throw new JitError("APPROVAL_NOT_NEEDED", "the rules grant this request without anybody", {
      hint: "the requester asks again, and has it",
    });
  }
  if (review.unjustified !== undefined) {
    const why = `its justification is not what the catalog asks for (${review.unjustified})`;
    throw invalid(found.request.record.request, why);
  }
  if (approval === undefined) return "approve";
  if (standing.window?.isEarly === true && standing.state === "approved") {
    throw new JitError("APPROVED_ALREADY", "you have approved this request, and its window is yet to open", {
      hint:
        found.request.record.issuer === "approver"
          ? `approve it again to issue it, at ${formatTime(standing.window.opens)} or later`
          : "the requester's jit picks it up then",
    });
  }
  if (standing.state === "approved" && found.request.record.issuer === "approver") {
    if (review.isApprovalOfKey) return "issue";
    throw approvedElsewhere();
  }
  throw new JitError("APPROVED_ALREADY", "you have approved this request already; one person counts once", {
    hint:
      standing.missing > 0
        ? `${standing.missing} more must agree: ${whoElseCan(standing)}`
        : "the requester's jit picks it up",
  });
}

/** A claim names the approval: two machines of one approver would both hold it. */
export function approvedElsewhere(): JitError {
  return new JitError("APPROVED_ALREADY", "you have approved this request on another machine", {
    hint: "issue it there (`jit approve` again), or have another of those who agreed do it",
  });
}

/** Whether the looker can say no. A requester's own no withdraws the request. @throws JitError one code for each reason */
export function checkDenial({ standing, isOwn, mayApprove }: Review): void {
  refuseEnded(standing);
  if (!isOwn && !mayApprove) throw notAllowed(standing);
}

/** @throws JitError one code for each way in which it ended */
export function refuseEnded({ state, end, closesAt }: Standing): void {
  const by = end === undefined ? "" : ` by ${end.record.by.arn} at ${end.record.at}`;
  switch (state) {
    case "issued":
      throw new JitError("REQUEST_ISSUED", `the request has been issued already${by}`, {
        hint: "`jit revoke REQUEST` ends its session",
      });
    case "denied":
      throw new JitError("REQUEST_DENIED", `the request was denied${by}`, {
        hint: "have the requester ask anew",
      });
    case "aborted":
      throw new JitError("REQUEST_ABORTED", `the request was given up${by}`, {
        hint: "have the requester ask anew",
      });
    case "expired":
      throw new JitError("REQUEST_EXPIRED", `the request ran out at ${formatTime(closesAt)}`, {
        hint: "have the requester ask anew",
      });
    default:
  }
}

function notAllowed(standing: Standing): JitError {
  return new JitError("APPROVE_NOT_ALLOWED", "the catalog does not let you decide about this request", {
    hint: `who can: ${whoCan(standing)}`,
  });
}

function whoCan({ decision, terms }: Standing): string {
  const names = decision.kind === "needsApproval" ? decision.approvers : terms.approvers;
  return names.length === 0 ? "nobody, by the catalog" : names.join(", ");
}

/** Who has agreed counts once, and is not asked again. */
function whoElseCan(standing: Standing): string {
  const agreed = new Set(standing.approvals.map(({ record }) => record.by.arn));
  const { decision, terms } = standing;
  const names = decision.kind === "needsApproval" ? decision.approvers : terms.approvers;
  const others = names.filter((name) => !agreed.has(name));
  return others.length === 0 ? whoCan(standing) : others.join(", ");
}
