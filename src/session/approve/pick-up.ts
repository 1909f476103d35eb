import { claimBytes, claimPrefix } from "../../audit/claim.ts";
import type { RecordStore } from "../../audit/ports.ts";
import { secondsOf } from "../../audit/time.ts";
import type { AuditRecord } from "../../audit/types.ts";
import { JitError } from "../../error.ts";
import { attempt } from "../attempt.ts";
import { type Issued, type IssuePorts, issueGrant, sessionOf } from "../issue.ts";
import { checkOpened, endOfGrant } from "../opening.ts";
import type { Fence } from "../ports.ts";
import { repairCrashed } from "../repair.ts";
import type { Session } from "../types.ts";
import type { Case } from "./case.ts";
import { differences } from "./differences.ts";
import type { CasePorts } from "./ports.ts";
import type { Standing } from "./standing.ts";
import { lookAnew } from "./wait.ts";
import type { WaitingRequest, WaitingSecret } from "./waiting.ts";

export interface PickUpPorts extends CasePorts {
  readonly issue: IssuePorts;
  /** The stored bytes of the own request record. */
  readonly store: Pick<RecordStore, "list" | "listPrefixes" | "read">;
}

export interface PickUpInput {
  readonly waiting: WaitingRequest;
  readonly secret: WaitingSecret | undefined;
  readonly found: Case;
  readonly standing: Standing;
  /** The source identity of the requester's own session. */
  readonly inheritedSourceIdentity: string | undefined;
}

/**
 * The session of a request of this machine that has its approvals: where another issues, opened out of the issue record;
 * else issued now, and the grant begins now. The request is open in the journal afterwards in both cases (`handedOver`).
 * @throws JitError `GRANT_ENDED` where what another issued has ended; `ISSUE_NOT_BELIEVED` where the issue record is not what the request and the catalog give; `SEAL_BROKEN`;
 *   `ISSUE_REFUSED`, `WINDOW_NOT_OPEN`, what STS and the records throw
 */
export async function pickUp(ports: PickUpPorts, input: PickUpInput, fence: Fence): Promise<Issued> {
  const { waiting, found } = input;
  const { record, sha256 } = found.request;
  const identity = ports.issue.records.writer.by;
  const isOurs =
    sha256 === waiting.requestHash &&
    record.by.userid === identity.userid &&
    found.request.chain.endsWith(`/${ports.issue.records.signer.thumbprint}`);
  if (!isOurs) throw notOurs(waiting.request);
  return record.issuer === "requester"
    ? await issueApproved(ports, input, fence)
    : await openSealed(ports, input);
}

/**
 * Others have agreed; this machine issues, as for any request of its own. What a crash cut off is settled first, and then all is
 * read again: an approval issues once.
 */
async function issueApproved(
  ports: PickUpPorts,
  { waiting, inheritedSourceIdentity }: PickUpInput,
  fence: Fence,
): Promise<Issued> {
  await repairCrashed(ports.issue, ports.issue.cache);
  const { found, standing } = await lookAnew(ports, waiting.request);
  const { record, sha256, name } = found.request;
  const { decision, state, approvals, targets } = standing;
  if (decision.kind === "refused" || state !== "approved") {
    const why = decision.kind === "refused" ? `${decision.rule}: ${decision.message}` : `it is ${state}`;
    throw new JitError("ISSUE_REFUSED", `the request is not granted now: ${why}`, {
      hint: "make a new request",
    });
  }
  checkOpened(record, ports.clock.now());
  const requestBytes = (await ports.store.read(name)) ?? new Uint8Array();
  const reference = { request: record.request, requestHash: sha256 };
  fence.check();
  await ports.issue.journal.open({ ...reference, step: "assumeRole", accessKeyId: "-" });
  return await attempt(ports.issue, reference, "assumeRole", (progress) =>
    issueGrant(
      ports.issue,
      {
        ...reference,
        organization: ports.organization,
        identity: ports.issue.records.writer.by,
        targets,
        notAfter: endOfGrant(record, ports.clock.now()),
        inheritedSourceIdentity,
        renews: "-",
        requestBytes,
        decisions: approvals.map((approval) => approval.sha256),
      },
      fence,
      progress,
    ),
  );
}

/**
 * Opens what an approver has sealed. Everything in the issue record is compared with what this machine compiles itself, and
 * the approvals it rests on are counted again: an approver alone could else give what nobody asked for.
 */
async function openSealed(ports: PickUpPorts, { found, standing, secret }: PickUpInput): Promise<Issued> {
  const good = found.issues.find((one) => differences(found, standing, one).every(([, same]) => same));
  // Where none is good, what is wrong with the first is told.
  const issue = good ?? found.issues[0];
  if (issue === undefined) throw notBelieved("there is none");
  const { record, sha256 } = found.request;
  const wrong = differences(found, standing, issue).find(([, same]) => !same);
  if (wrong !== undefined) throw notBelieved(wrong[0]);
  const approval = standing.approvals.find(({ chain }) => chain === issue.chain);
  const claimed = await ports.store.read(`${claimPrefix}${record.request}`);
  const wanted = claimBytes({
    request: record.request,
    requestHash: sha256,
    approval: approval?.sha256 ?? "",
  });
  if (claimed === undefined || Buffer.compare(claimed, wanted) !== 0) throw notBelieved("claim");
  if (standing.denial !== undefined && standing.denial.arrived < (await claimedAt(ports, record.request)))
    throw notBelieved("a denial before it was claimed");
  if (endOf(issue.record) <= ports.clock.now()) {
    throw new JitError("GRANT_ENDED", "the session was issued, and has ended before it was picked up", {
      hint: "make a new request; with --wait a session is picked up at once",
    });
  }
  if (secret?.key === undefined) throw lostKey();
  const { openCredentials } = await import("./seal.ts");
  const credentials = await openCredentials(issue.record.sealed, secret.key, sha256);
  const fits =
    credentials.accessKeyId === issue.record.accessKeyId &&
    Math.floor(credentials.expiration.getTime() / 1000) === secondsOf(issue.record.expiration);
  if (!fits) throw notBelieved("credentials");
  const requestBytes = (await ports.store.read(found.request.name)) ?? new Uint8Array();
  const bytes = (await ports.store.read(issue.name)) ?? new Uint8Array();
  const session = sessionOf(
    {
      request: record.request,
      requestHash: sha256,
      organization: ports.organization,
      identity: ports.issue.records.writer.by,
      targets: standing.targets,
      notAfter: endOf(issue.record),
      requestBytes,
    },
    { sha256: issue.sha256, record: issue.record, bytes },
    credentials,
  );
  // An abort is owed from here on, should the session not be kept.
  await ports.issue.journal.open({
    request: record.request,
    requestHash: sha256,
    step: "cache",
    accessKeyId: credentials.accessKeyId,
  });
  return { session: withSkew(session, ports), packed: undefined, notices: [] };
}

/** When S3 took the claim: nobody can date it back, and whoever issues looks for denials after it. */
async function claimedAt({ store }: PickUpPorts, request: string): Promise<Date> {
  for await (const { key, lastModified } of store.list(`${claimPrefix}${request}`))
    if (key === `${claimPrefix}${request}`) return lastModified;
  throw notBelieved("claim");
}

/** The requester cannot renew what another issued: it ends with its credentials. */
function endOf({ notAfter, expiration }: AuditRecord<"issue">): Date {
  return new Date(Math.min(secondsOf(notAfter), secondsOf(expiration)) * 1000);
}

function withSkew(session: Session, { issue }: PickUpPorts): Session {
  return { ...session, clockSkew: Math.round(issue.clockSkew?.() ?? 0) };
}

function notBelieved(what: string): JitError {
  return new JitError(
    "ISSUE_NOT_BELIEVED",
    `the session that an approver issued is not what was asked for (${what}), so it is not used`,
    { hint: "tell your security team: `jit audit show` names who issued it" },
  );
}

function notOurs(request: string): JitError {
  return new JitError("REQUEST_NOT_OURS", `the request ${request} was not made by you on this machine`, {
    hint: "whoever asked picks it up, on the machine where they asked",
  });
}

function lostKey(): JitError {
  return new JitError("SEAL_BROKEN", "the one-time key of this request cannot be read", {
    hint: "the keyring may be locked; without the key, make a new request",
  });
}
