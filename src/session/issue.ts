import { isBrokenGlass } from "../access/break-glass.ts";
import { sha256Hex } from "../access/digest.ts";
import { compileSessionPolicy } from "../access/policy/compile.ts";
import type { Identity, Organization, Rules, Target } from "../access/types.ts";
import { appendRecord } from "../audit/append.ts";
import { formatTime } from "../audit/time.ts";
import type { StoredRecord } from "../audit/types.ts";
import { codeOf, JitError } from "../error.ts";
import { alwaysAllowed, assumeInput, targetNames } from "./assume-input.ts";
import { type AttemptPorts, attempt, type Progress, type RequestReference } from "./attempt.ts";
import type { AssumedRole, AssumeRoleInput, Fence, SessionCache, TokenService } from "./ports.ts";
import type { Credentials, Notice, Session } from "./types.ts";
import { type ClaimedRequest, verifyRequest } from "./verify-request.ts";

/** Nothing here needs a terminal or a home directory: who issues may be a function in the cloud. */
export interface IssuePorts extends AttemptPorts {
  readonly tokens: Pick<TokenService, "assumeRole">;
  readonly rules: Rules;
  /** Where sessions are kept on this machine, if they are. */
  readonly cache?: Pick<SessionCache, "list">;
  /** Milliseconds that the server's clock is ahead of this machine's, where known. */
  clockSkew?(): number;
}

export interface Issued {
  readonly session: Session;
  /** PackedPolicySize in percent, where STS told. */
  readonly packed: number | undefined;
  readonly notices: readonly Notice[];
}

/** A grant whose every condition has been checked. */
export interface Grant extends RequestReference {
  readonly organization: Organization;
  readonly identity: Identity;
  readonly targets: readonly Target[];
  readonly notAfter: Date;
  readonly inheritedSourceIdentity: string | undefined;
  /** SHA-256 of the issue record that this one renews, or `-`. */
  readonly renews: string;
  /** The request record as it is stored. */
  readonly requestBytes: Uint8Array;
  /** Where others had to agree: SHA-256 of each approval record that counts. */
  readonly decisions?: readonly string[];
  /** Where another than the requester issues: who calls AssumeRole, and how the session is sealed to the requester. */
  readonly issuer?: {
    readonly identity: Identity;
    seal(credentials: Credentials): Promise<string>;
    /** The issue record is signed and kept: it is sent now, or by this machine's next run, and hands the session over. */
    signed(): Promise<void>;
  };
}

/**
 * Issues the session of a request that is open in the journal: verifies the request record's signature, its meaning
 * and the rules again, calls AssumeRole, writes the issue record, and only then returns the credentials. What fails
 * after the request leaves an abort record and no credentials.
 *
 * The request stays open in the journal at `cache` until the caller has put the session where its user finds it and
 * says `handedOver`, or `abandoned`.
 * @throws JitError `ISSUE_MISMATCH`, `ISSUE_REFUSED`, `GRANT_ENDED`, `LOCK_LOST`, what STS and the records throw
 */
export async function issue(ports: IssuePorts, claimed: ClaimedRequest, fence: Fence): Promise<Issued> {
  const reference = { request: claimed.id, requestHash: sha256Hex(claimed.bytes) };
  return await attempt(ports, reference, "request", async (progress) => {
    const { signer, clock } = ports.records;
    const verified = await verifyRequest({ rules: ports.rules, signer, now: clock.now() }, claimed);
    return await issueGrant(
      ports,
      { ...reference, ...verified, renews: "-", requestBytes: claimed.bytes },
      fence,
      progress,
    );
  });
}

/** AssumeRole and the issue record for a grant that has been checked; within `attempt`. */
export async function issueGrant(
  ports: IssuePorts,
  grant: Grant,
  fence: Fence,
  progress: Progress,
): Promise<Issued> {
  const remaining = (grant.notAfter.getTime() - ports.records.clock.now().getTime()) / 1000;
  if (remaining <= 0) {
    throw new JitError("GRANT_ENDED", "the grant has ended", { hint: "make a new request" });
  }
  const { targets, identity, notAfter } = grant;
  const policy = compileSessionPolicy({ targets, notAfter }).text;
  const role = targets[0]?.store.role ?? "";
  const caller = grant.issuer?.identity ?? identity;
  const wanted = assumeInput({ ...grant, caller, role, policy, remaining }, grant.request);
  fence.check();
  // A crash from here on may leave a session that nobody holds; the next run's abort says so.
  await progress.next("assumeRole");
  const { assumed, asked } = await assume(ports, wanted, fence);
  await progress.next("issueRecord", assumed.credentials.accessKeyId);
  const sealed = (await grant.issuer?.seal(assumed.credentials)) ?? "-";
  const stored = await recordIssue(ports, grant, asked, assumed, sealed);
  // A crash from here on leaves a recorded session that nobody holds; but one that is sealed needs no more than its record.
  if (grant.issuer === undefined) await progress.next("cache");
  fence.check();
  return {
    session: {
      ...sessionOf(grant, stored, assumed.credentials),
      clockSkew: Math.round(ports.clockSkew?.() ?? 0),
    },
    packed: assumed.packedPolicySize,
    notices: shorterThanGrant(assumed, grant, ports.records.clock.now()),
  };
}

/**
 * AssumeRole, and once more with an hour where the role or role chaining allows no longer: the role's maximum cannot
 * be known beforehand without a permission that requesters do not need otherwise.
 */
async function assume(
  ports: IssuePorts,
  wanted: AssumeRoleInput,
  fence: Fence,
): Promise<{ assumed: AssumedRole; asked: AssumeRoleInput }> {
  try {
    return { assumed: await ports.tokens.assumeRole(wanted), asked: wanted };
  } catch (error) {
    if (codeOf(error) !== "STS_DURATION" || wanted.durationSeconds <= alwaysAllowed) throw error;
    const asked = { ...wanted, durationSeconds: alwaysAllowed };
    fence.check();
    return { assumed: await ports.tokens.assumeRole(asked), asked };
  }
}

function recordIssue(
  ports: IssuePorts,
  grant: Grant,
  asked: AssumeRoleInput,
  { credentials, assumedRoleId, packedPolicySize }: AssumedRole,
  sealed: string,
): Promise<StoredRecord<"issue">> {
  const body = {
    requestHash: grant.requestHash,
    decisions: grant.decisions ?? [],
    renews: grant.renews,
    role: asked.role,
    sessionName: asked.sessionName,
    sourceIdentity: asked.sourceIdentity ?? "-",
    tags: asked.tags,
    accessKeyId: credentials.accessKeyId,
    assumedRoleId,
    durationSeconds: asked.durationSeconds,
    expiration: formatTime(credentials.expiration),
    notAfter: formatTime(grant.notAfter),
    policy: asked.policy,
    policySha256: sha256Hex(new TextEncoder().encode(asked.policy)),
    packed: packedPolicySize ?? -1,
    sealed,
  };
  const signed = async () => await grant.issuer?.signed();
  return appendRecord(ports.records, { type: "issue", request: grant.request, body: () => body, signed });
}

/** The session as the cache keeps it, but for what only its machine knows. */
export function sessionOf(
  grant: Omit<Grant, "renews" | "inheritedSourceIdentity" | "issuer">,
  issued: Pick<StoredRecord<"issue">, "sha256" | "record" | "bytes">,
  credentials: Credentials,
): Session {
  const { targets, organization, identity } = grant;
  const stores = targets.map(({ store }) => store);
  const leases = stores.map(({ lease }) => lease).filter((lease) => lease !== undefined);
  return {
    request: grant.request,
    requestHash: grant.requestHash,
    issueHash: issued.sha256,
    targets: targetNames(targets),
    role: issued.record.role,
    region: stores.find(({ region }) => region !== undefined)?.region ?? organization.catalog.defaults.region,
    issuedAt: new Date(issued.record.at),
    notAfter: grant.notAfter,
    lease: leases.length === 0 ? undefined : Math.min(...leases),
    policy: issued.record.policy,
    identity,
    organization: organization.fingerprint,
    catalog: organization.catalog.digest,
    credentials,
    ...(isBrokenGlass(targets) ? { breakGlass: true } : {}),
    requestRecord: Buffer.from(grant.requestBytes).toString("base64"),
    ...(issued.record.decisions.length === 0
      ? {}
      : { issueRecord: Buffer.from(issued.bytes).toString("base64") }),
  };
}

/** Role chaining or the role's maximum gave less than the grant: renewed as it goes, which a person should know. */
function shorterThanGrant({ credentials }: AssumedRole, { notAfter }: Grant, now: Date): readonly Notice[] {
  if (notAfter.getTime() - credentials.expiration.getTime() < 60_000) return [];
  const minutes = Math.round((credentials.expiration.getTime() - now.getTime()) / 60_000);
  return [
    {
      code: "SESSION_SHORTER_THAN_GRANT",
      message: `AWS allows ${minutes} minutes at a time here (role chaining, or the role's maximum): jit renews the credentials until the grant ends`,
    },
  ];
}
