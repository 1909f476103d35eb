import type { Claim } from "../../audit/claim.ts";
import { codeOf, JitError } from "../../error.ts";
import { attempt } from "../attempt.ts";
import { type IssuePorts, issueGrant } from "../issue.ts";
import { checkOpened, endOfGrant } from "../opening.ts";
import type { Fence } from "../ports.ts";
import type { Notice } from "../types.ts";
import type { Case, CaseRecord } from "./case.ts";
import { claim } from "./claim.ts";
import { refuseEnded } from "./review.ts";
import { sealedTo } from "./sealed-to.ts";
import type { Standing } from "./standing.ts";

export interface SealedIssueInput {
  readonly found: Case;
  /** Of the same case, judged a moment ago: `approved`, by whoever issues among others. */
  readonly standing: Standing;
  readonly own: CaseRecord<"approval">;
  readonly organization: Parameters<typeof issueGrant>[1]["organization"];
  /** The source identity of the approver's own session. */
  readonly inheritedSourceIdentity: string | undefined;
  /** The case once more, once it is claimed: whoever denies it from then on finds the claim. */
  standsNow(): Promise<Standing>;
}

export interface SealedIssue {
  readonly accessKeyId: string;
  readonly notAfter: Date;
  readonly notices: readonly Notice[];
}

/** Errors of AssumeRole that say that nothing was done: the claim is still ours, and the same command may go on. */
const nothingDone: readonly string[] = [
  "STS_DENIED",
  "STS_UNREACHABLE",
  "STS_REGION",
  "STS_DURATION",
  "AWS_THROTTLED",
  "AWS_EXPIRED",
  "AWS_NO_CREDENTIALS",
];

/**
 * Issues a request for its requester: claims it, calls AssumeRole as the approver with the requester's name as source
 * identity, seals the credentials to the request's one-time key, and writes the issue record. The grant begins now, or
 * has begun when its window opened. Nothing
 * that could open the session leaves this call.
 *
 * Run it while no other process of this machine does (a lock), since the own claim can be made again; and repair what a crash
 * has left before the case is judged (`repairCrashed`).
 * @throws JitError `CLAIM_TAKEN`, `ISSUE_REFUSED`, `WINDOW_NOT_OPEN`, `SEAL_KEY_INVALID`, what STS and the records throw
 */
export async function issueSealed(
  ports: IssuePorts,
  { found, standing, own, organization, inheritedSourceIdentity, standsNow }: SealedIssueInput,
  fence: Fence,
): Promise<SealedIssue> {
  const { record, sha256 } = found.request;
  const { seal, check } = sealedTo(record, sha256);
  refuseWrong(standing, own);
  checkOpened(record, ports.records.clock.now());
  await check();
  fence.check();
  const reference = { request: record.request, requestHash: sha256 };
  const wanted: Claim = { ...reference, approval: own.sha256 };
  // A crash from here on leaves a claim that only this machine can go on with, while its approval stands.
  await claim(ports.records.store, wanted);
  const now = await standsNow();
  refuseEnded(now);
  refuseWrong(now, own);
  fence.check();
  await ports.journal.open({ ...reference, step: "assumeRole", accessKeyId: "-" });
  let isSigned = false;
  const signed = async () => {
    isSigned = true;
    await ports.journal.close(record.request);
  };
  const issued = await attempt(
    ports,
    reference,
    "assumeRole",
    (progress) =>
      issueGrant(
        ports,
        {
          ...reference,
          organization,
          identity: record.by,
          targets: standing.targets,
          notAfter: endOfGrant(record, ports.records.clock.now()),
          inheritedSourceIdentity,
          renews: "-",
          requestBytes: new Uint8Array(),
          decisions: standing.approvals.map((approval) => approval.sha256),
          issuer: { identity: ports.records.writer.by, seal, signed },
        },
        fence,
        progress,
      ),
    (error, step) => isSigned || (step === "assumeRole" && nothingDone.includes(codeOf(error) ?? "")),
  );
  const { accessKeyId } = issued.session.credentials;
  return { accessKeyId, notAfter: issued.session.notAfter, notices: issued.notices };
}

function refuseWrong({ state, approvals, decision }: Standing, own: CaseRecord<"approval">): void {
  if (state !== "approved" || !approvals.some(({ sha256 }) => sha256 === own.sha256)) {
    throw new JitError("ISSUE_REFUSED", "the approvals do not suffice to issue this", {
      hint: "`jit pending` shows how far the request has come",
    });
  }
  if (decision.kind !== "refused") return;
  throw new JitError(
    "ISSUE_REFUSED",
    `the rules no longer grant this: ${decision.rule}: ${decision.message}`,
    {
      hint: "have the requester ask anew",
    },
  );
}
