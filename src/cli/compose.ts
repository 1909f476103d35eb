import { setTimeout as wait } from "node:timers/promises";
import { isBrokenGlass } from "../access/break-glass.ts";
import { formatLocation } from "../access/location.ts";
import type { ProjectFile } from "../access/project.ts";
import { refuseRevokedKey } from "../access/trust/revoked-keys.ts";
import type {
  ApprovalRules,
  Catalog,
  Circumstances,
  Identity,
  Organization,
  Target,
} from "../access/types.ts";
import type { AppendPorts } from "../audit/append.ts";
import { archivedCatalogs } from "../audit/archived-catalogs.ts";
import type { Clock, RecordStore } from "../audit/ports.ts";
import { claimsOf } from "../audit/statement.ts";
import { formatTime } from "../audit/time.ts";
import type { Aws } from "../aws/clients.ts";
import { openAws } from "../aws/clients.ts";
import { commonError, failureOf } from "../aws/error.ts";
import { reasonStore, removeVersion } from "../aws/reason-store.ts";
import { bucketStore } from "../aws/record-store.ts";
import { ServerClock } from "../aws/server-clock.ts";
import { tokenService } from "../aws/token-service.ts";
import { JitError } from "../error.ts";
import { type KnownIdentity, readBelieved, readIdentity, writeIdentity } from "../local/believed.ts";
import { checkedRulesIn } from "../local/checked-rules.ts";
import { claimedCircumstances, isCi } from "../local/circumstances.ts";
import { fileJournal } from "../local/journal.ts";
import { fileOwedEnds } from "../local/owed-ends.ts";
import { segmentOf } from "../local/paths.ts";
import type { Settings } from "../local/settings.ts";
import { waitingRequests } from "../local/waiting-requests.ts";
import type { WaitingRequests } from "../session/approve/waiting.ts";
import { targetNames } from "../session/assume-input.ts";
import { abandoned, handedOver } from "../session/attempt.ts";
import { type CacheName, cachedAs } from "../session/cache-name.ts";
import type { LeasePorts } from "../session/lease.ts";
import type { PlanPorts } from "../session/plan.ts";
import type { TokenService } from "../session/ports.ts";
import type { RequestPorts } from "../session/request-access.ts";
import type { RevokePorts } from "../session/revoke/revoke.ts";
import type { ReasonStore } from "../session/sealed-text.ts";
import type { SingleFlightPorts } from "../session/single-flight.ts";
import { serverTime } from "../session/status.ts";
import type { Session } from "../session/types.ts";
import { sessionName } from "../session/warm.ts";
import { callerEnvironment, type Here, openHere } from "./compose/here.ts";
import { insideSession } from "./compose/inside.ts";
import { endsFolder, systemRandom as random } from "./compose/local.ts";
import { rememberNoDebts } from "./compose/no-debts.ts";
import {
  isRecent,
  lastBelieved,
  readOrganization,
  seenCheckpoint,
  workedOut,
} from "./compose/organization.ts";
import { allowedHosts, type Pinned, pinnedOf, projectOf } from "./compose/pinned.ts";
import { audiencesOf, proofsOf } from "./compose/proofs.ts";
import { expectRules, openRules } from "./compose/rules.ts";
import { openTell, type Tell } from "./compose/tell.ts";
import { openTicketDesk } from "./compose/tickets.ts";
import { writerOf, writerPlace } from "./compose/writer.ts";
import { type Context, text } from "./context.ts";
import { version } from "./version.ts";

/** The one place that knows which adapter stands behind which port. */

export const clientName = `jit/${version}`;

/** Everything that asking for a session needs. */
export interface Connection {
  readonly organization: Organization;
  readonly identity: Identity;
  readonly inheritedSourceIdentity: string | undefined;
  readonly circumstances: Circumstances;
  readonly project: ProjectFile;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly plan: PlanPorts;
  readonly request: RequestPorts;
  readonly flight: SingleFlightPorts;
  readonly tell: Tell;
  /** The catalog of a digest, where it was published and is signed as the trust file of its time asks. */
  catalogOf(digest: string): Promise<Catalog | undefined>;
  /** The audit bucket. */
  readonly bucket: RecordStore;
  readonly rules: ApprovalRules;
  readonly reasons: ReasonStore;
  /** This machine's requests that wait for others. */
  readonly waiting: WaitingRequests;
  readonly wait: (ms: number) => Promise<unknown>;
  /** What ending others' sessions needs; loads IAM's SDK. */
  revoke(): Promise<RevokePorts>;
  cacheName(targets: readonly Target[]): CacheName;
}

/**
 * Who we are and what is believed, from memory where that was checked in the last five minutes; else asked for, all at
 * the same time.
 * @param anew whether to ask all the same
 * @param options `evenRevoked`: a key that was revoked is taken, to be replaced
 */
export async function connect(
  context: Context,
  anew = false,
  options: { readonly evenRevoked?: boolean } = {},
): Promise<Connection> {
  const here = openHere(context);
  const pinned = pinnedOf(context, here);
  const project = await projectOf(context);
  const base = await openBase(context, here, pinned, { expect: expectRules, anew });
  const { organization, identity, inheritedSourceIdentity, aws, clock } = base;
  const inside = await insideSession(context, here.cache, identity, organization.catalog);
  if (inside !== undefined) throw inside;
  const tokens: TokenService = tokenService({ ...aws, wait });
  const { audit, breakGlass } = organization.catalog;
  const bucket = bucketOf(aws, audit.bucket, audit.account);
  const store =
    breakGlass === undefined
      ? bucket
      : rememberNoDebts(bucket, workedOut(here), organization.fingerprint, identity.userid);
  const writer = await writerOf(here, writerPlace(here, organization, identity), { aws, store, clock });
  if (options.evenRevoked !== true)
    refuseRevokedKey(organization.trust, writer.signer.thumbprint, clock.now());
  const proofs = await proofsOf(
    { context, here, tokens, known: base.known, accessKeyId: base.accessKeyId },
    writer.signer.thumbprint,
    organization.trust,
  );
  const journal = fileJournal(journalFolder(here, organization, identity));
  const records: AppendPorts = {
    store,
    chain: writer.chain,
    signer: writer.signer,
    clock,
    random,
    writer: {
      log: organization.fingerprint,
      by: identity,
      client: clientName,
      catalog: organization.catalog.digest,
      seen: seenCheckpoint(here, pinned, organization.trust),
    },
    // A key's first record asks for what the request has just been given.
    statement: async (audience) => proofs.statementFor(audience) ?? (await tokens.statement(audience)),
    journal,
  };
  const rules = openRules(formatLocation(pinned.location), checkedRulesIn(workedOut(here), version));
  const reasons = reasonsOf(aws);
  const tell = openTell(context, organization.catalog, records);
  const request: RequestPorts = {
    records,
    journal,
    ends: fileOwedEnds(endsFolder(here, organization.fingerprint, identity.userid)),
    tokens,
    rules,
    reasons,
    tickets: openTicketDesk(context),
    tell,
    bucket: store,
    cache: here.cache,
    clockSkew: () => clock.skew,
  };
  return {
    organization,
    identity,
    inheritedSourceIdentity,
    circumstances: {
      attested: proofs.attested({ by: identity, at: formatTime(clock.now()) }),
      claimed: await claimedCircumstances(context.env, process.getBuiltinModule("os").hostname()),
    },
    project,
    settings: here.settings,
    clock,
    plan: { rules, clock, random },
    request,
    flight: {
      cache: here.cache,
      lock: here.lock,
      clock,
      identity,
      kept: (session) => handedOver(request, session),
      lost: (session, cause) => abandoned(request, session, cause),
    },
    tell,
    catalogOf: archivedCatalogs(store, organization),
    bucket: store,
    rules,
    reasons,
    waiting: waitingRequests(here.waiting, here.vault, Date.now),
    wait: (ms) => wait(ms),
    async revoke() {
      const { rolePolicies } = await import("../aws/role-policies.ts");
      const policies = rolePolicies({ aws, account: identity.account });
      return { policies, records, lock: here.lock, cache: here.cache, clock, wait };
    },
    cacheName: (targets) =>
      nameOf(
        context,
        here,
        pinned,
        organization.catalog.digest,
        cachedAs(targetNames(targets), isBrokenGlass(targets)),
      ),
  };
}

function nameOf(
  context: Context,
  here: Here,
  pinned: Pinned,
  catalog: string,
  targets: readonly string[],
): CacheName {
  return sessionName(
    { organization: pinned.text, catalog, targets, only: [] },
    { env: callerEnvironment(context, here), home: context.home, files: process.getBuiltinModule("fs") },
  );
}

export interface Base {
  readonly organization: Organization;
  readonly identity: Identity;
  readonly inheritedSourceIdentity: string | undefined;
  readonly known: KnownIdentity;
  readonly accessKeyId: string;
  readonly aws: Aws;
  readonly clock: ServerClock;
}

export async function openBase(
  context: Context,
  here: Here,
  pinned: Pinned,
  { expect, anew = false }: { expect?: (catalog: Catalog | undefined) => void; anew?: boolean } = {},
): Promise<Base> {
  const believed = await lastBelieved(context, here, pinned);
  const last = believed?.organization;
  expect?.(last?.catalog);
  const hosts = allowedHosts(context, last?.catalog.endpoints ?? []);
  const clock = new ServerClock(Date.now, readBelieved(here.places, pinned.text).skew);
  const region = regionOf(context, here, last?.catalog);
  const open = (bucketRegion: string, followRegion: boolean) =>
    openAws({ region, bucketRegion, profile: here.profile, client: clientName, clock, hosts, followRegion });
  const aws = open(last?.catalog.audit.region ?? region, last === undefined);
  const recent = believed?.recent === true && !anew ? last : undefined;
  const accessKeyId = await keyIdOf(aws, callerEnvironment(context, here));
  const known = readIdentity(here.places, accessKeyId);
  // One round trip, whatever of it is needed.
  const [organization, who] = await Promise.all([
    recent ??
      readOrganization(
        context,
        here,
        pinned,
        ({ bucket }) => bucketOf(aws, bucket),
        () => clock.skew,
        anew,
      ),
    known !== undefined && isRecent(known.checkedAt) && !anew
      ? known
      : askIdentity(aws, here, accessKeyId, audiencesOf(here, pinned.fingerprint, last)),
  ]).catch(async (error: unknown) => {
    throw (await refusedInside(context, here, aws, last?.catalog)) ?? error;
  });
  const { audit, endpoints } = organization.catalog;
  // A catalog that was read just now may name other hosts, or another region, than the one before.
  if (organization !== recent) allowedHosts(context, endpoints);
  const settled = last?.catalog.audit.region === audit.region ? aws : open(audit.region, false);
  return {
    organization,
    identity: who.identity,
    inheritedSourceIdentity: who.inheritedSourceIdentity,
    known: who,
    accessKeyId,
    aws: settled,
    clock,
  };
}

/** Who is refused may be a session of jit's own: that is told, and not what it was refused. */
async function refusedInside(
  context: Context,
  here: Here,
  aws: Aws,
  catalog: Catalog | undefined,
): Promise<JitError | undefined> {
  if (catalog === undefined || !(await aws.temporary())) return undefined;
  const identity = await tokenService({ ...aws, wait })
    .identity()
    .catch(() => undefined);
  return identity === undefined ? undefined : await insideSession(context, here.cache, identity, catalog);
}

/** @param audiences thumbprints of this machine's keys, of which one is the caller's; empty where nothing is to be proved */
async function askIdentity(aws: Aws, here: Here, accessKeyId: string, audiences: readonly string[]) {
  const tokens = tokenService({ ...aws, wait });
  // Only a session can carry a source identity, and only AWS's statement tells it.
  const isAsked = audiences.length > 0 || (await aws.temporary());
  const [identity, statement] = await Promise.all([
    tokens.identity(),
    isAsked ? tokens.statement(...(audiences.length > 0 ? audiences : ["jit-identity"])) : undefined,
  ]);
  // Straight from STS over TLS to the one who asked: nothing is proved to others with it, so no signature is checked.
  const inheritedSourceIdentity = statement === undefined ? undefined : claimsOf(statement)?.sourceIdentity;
  const known: KnownIdentity = {
    identity,
    inheritedSourceIdentity,
    statement: isAsked ? (statement ?? "-") : undefined,
    checkedAt: Date.now(),
  };
  writeIdentity(here.places, accessKeyId, known);
  return known;
}

/**
 * Resolves the caller's own credentials. A profile whose `credential_process` is jit itself would go round for ever: the
 * marker, which that process inherits, lets it say so.
 */
export async function keyIdOf(aws: Aws, env: Context["env"]): Promise<string> {
  if (process.env[resolving] !== undefined) {
    throw new JitError(
      "AWS_PROFILE_LOOP",
      "the AWS profile that jit asks with gets its credentials from jit",
      {
        hint: "name your own profile in that line of ~/.aws/config: jit credentials --profile YOURS TARGET",
      },
    );
  }
  process.env[resolving] = "1";
  try {
    return await aws.accessKeyId();
  } catch (error) {
    const known = commonError(failureOf(error));
    if (known?.code === "AWS_NO_CREDENTIALS" && isCi(env)) {
      throw new JitError(known.code, known.message, {
        hint:
          "give the job an identity token and a role: AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or your CI's own step for AWS " +
          "(GitHub: aws-actions/configure-aws-credentials, with `permissions: id-token: write`)",
        cause: error,
      });
    }
    const profile = env["AWS_PROFILE"];
    if (known?.code === "AWS_NO_CREDENTIALS" && profile) {
      throw new JitError(known.code, `the AWS profile ${JSON.stringify(profile)} gives no credentials`, {
        hint: "sign in (aws sso login), or name another with --profile; `aws configure list-profiles` shows which there are",
        cause: error,
      });
    }
    throw known ?? error;
  } finally {
    delete process.env[resolving];
  }
}

const resolving = "JIT_RESOLVING";

export function regionOf(context: Context, here: Here, catalog: Catalog | undefined): string {
  return (
    text(context, "region") ??
    context.env["AWS_REGION"] ??
    context.env["AWS_DEFAULT_REGION"] ??
    here.settings.region ??
    catalog?.defaults.region ??
    "us-east-1"
  );
}

export function reasonsOf(aws: Pick<Aws, "s3">): ReasonStore {
  return reasonStore((bucket) => ({
    ...bucketOf(aws, bucket),
    remove: (key, versionId) => removeVersion(aws.s3, bucket, key, versionId),
  }));
}

export function bucketOf({ s3 }: Pick<Aws, "s3">, bucket: string, account?: string): RecordStore {
  return bucketStore({ s3, bucket, account, wait });
}

export function journalFolder(here: Here, organization: Organization, identity: Identity): string {
  return `${here.paths.state}/journal/${segmentOf(organization.fingerprint)}/${segmentOf(identity.userid)}`;
}

/** What leases of a session need: STS alone, asked with the session's own keys. */
export async function leaseService(
  context: Context,
  session: Session,
): Promise<Pick<LeasePorts, "tokens" | "clock">> {
  const here = openHere(context);
  const last = (await lastBelieved(context, here, pinnedOf(context, here)))?.organization;
  const clock = new ServerClock(Date.now, serverTime(session, new Date(0)).getTime());
  const region = session.region ?? regionOf(context, here, last?.catalog);
  const aws = openAws({
    region,
    bucketRegion: region,
    profile: here.profile,
    client: clientName,
    clock,
    hosts: allowedHosts(context, last?.catalog.endpoints ?? []),
  });
  return { tokens: tokenService({ ...aws, wait }), clock };
}
