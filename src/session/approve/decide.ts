import type { Organization } from "../../access/types.ts";
import { appendRecord } from "../../audit/append.ts";
import { claimPrefix } from "../../audit/claim.ts";
import type { RecordReader } from "../../audit/record-reader.ts";
import type { StoredRecord } from "../../audit/types.ts";
import type { IssuePorts } from "../issue.ts";
import type { Lock } from "../ports.ts";
import { repairCrashed } from "../repair.ts";
import type { Self } from "./approver.ts";
import { invalid } from "./case.ts";
import { issueSealed, type SealedIssue } from "./issue-sealed.ts";
import type { CasePorts } from "./ports.ts";
import { approvedElsewhere, checkApproval, checkDenial, type Review, reviewRequest } from "./review.ts";

export interface DecidePorts extends CasePorts {
  readonly issue: IssuePorts;
  readonly reader: RecordReader;
  readonly lock: Lock;
}

export interface DecideInput {
  readonly self: Self;
  readonly review: Review;
  /** For the record; empty: none. */
  readonly comment: string;
  /** The source identity of the approver's own session. */
  readonly inheritedSourceIdentity: string | undefined;
}

export type Approved =
  /** More must agree. */
  | { readonly kind: "waiting"; readonly missing: number }
  /** All have agreed; who issues does it once the window is open. */
  | { readonly kind: "early"; readonly opens: Date }
  /** The requester issues. */
  | { readonly kind: "complete" }
  /** The session is sealed to the requester's machine. */
  | ({ readonly kind: "issued" } & SealedIssue);

/**
 * Writes the approval and, where it completes the quorum and approvers issue, the session. Everything is read and judged
 * again before each of the two: what was shown may be a while ago.
 *
 * A crash after the approval leaves it standing: the same command goes on where it stopped.
 * @throws JitError as `checkApproval`, `issueSealed`, and the records
 */
export function approveRequest(ports: DecidePorts, input: DecideInput): Promise<Approved> {
  const { self, review, comment, inheritedSourceIdentity } = input;
  const { request } = review.found.request.record;
  const organization: Organization = ports.organization;
  // One machine's runs come after each other: they share a claim.
  return ports.lock.hold(`approve-${request}`, async (fence) => {
    // What a crash left half done may be this very request: its issue record is sent, or its abort written.
    await repairCrashed(ports.issue, ports.issue.cache);
    const before = await again(ports, self, review);
    fence.check();
    const done = ownIssue(ports, before);
    if (done !== undefined) return done;
    if (checkApproval(before) === "approve") await record(ports, "approval", before, comment);
    const after = await again(ports, self, review);
    const { found, standing, approval } = after;
    if (standing.state === "open") return { kind: "waiting", missing: standing.missing };
    if (found.request.record.issuer !== "approver" || approval === undefined) return { kind: "complete" };
    if (standing.window?.isEarly === true) return { kind: "early", opens: standing.window.opens };
    if (!after.isApprovalOfKey) throw approvedElsewhere();
    const standsNow = async () => (await again(ports, self, review)).standing;
    const wanted = { found, standing, own: approval, organization, inheritedSourceIdentity, standsNow };
    return { kind: "issued", ...(await issueSealed(ports.issue, wanted, fence)) };
  });
}

/** A session that this very key has issued, whose record an earlier run could not send. */
function ownIssue({ issue }: DecidePorts, { standing }: Review): Approved | undefined {
  const { end } = standing;
  if (end?.record.type !== "issue" || !end.chain.endsWith(`/${issue.records.signer.thumbprint}`))
    return undefined;
  const { accessKeyId, notAfter } = end.record;
  return { kind: "issued", accessKeyId, notAfter: new Date(notAfter), notices: [] };
}

/**
 * Writes the denial, which ends the request.
 * @returns whether it came too late: somebody has claimed the request, and may issue it at this very moment
 * @throws JitError as `checkDenial`, and the records
 */
export async function denyRequest(
  ports: DecidePorts,
  input: DecideInput,
): Promise<{ readonly isLate: boolean }> {
  const { self, review, comment } = input;
  const before = await again(ports, self, review);
  checkDenial(before);
  await record(ports, "denial", before, comment);
  // Who issues claims first and looks for denials then; so one of the two sees the other.
  const claimed = await ports.store.read(`${claimPrefix}${before.found.request.record.request}`);
  return { isLate: claimed !== undefined };
}

/** Only the very request that was looked at is decided about. @throws JitError `REQUEST_INVALID` where it is another by now */
async function again(ports: DecidePorts, self: Self, { found }: Review): Promise<Review> {
  const { request } = found.request.record;
  const review = await reviewRequest(ports, self, request, ports.reader);
  if (review.found.request.sha256 === found.request.sha256) return review;
  throw invalid(request, "its record is not the one that was shown");
}

function record(
  { issue }: DecidePorts,
  type: "approval" | "denial",
  { found }: Review,
  comment: string,
): Promise<StoredRecord<"approval" | "denial">> {
  const { record: asked, sha256 } = found.request;
  const body = () => ({ requestHash: sha256, comment: comment === "" ? ("-" as const) : { text: comment } });
  return appendRecord(issue.records, { type, request: asked.request, body });
}
