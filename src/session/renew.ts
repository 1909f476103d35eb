import { targetsOfRole } from "../access/break-glass.ts";
import { sha256Hex } from "../access/digest.ts";
import { checkDuration } from "../access/duration.ts";
import type { Identity, Organization, Target } from "../access/types.ts";
import { open } from "../audit/envelope.ts";
import { secondsOf } from "../audit/time.ts";
import type { AuditRecord } from "../audit/types.ts";
import { JitError } from "../error.ts";
import { attempt } from "./attempt.ts";
import { type Issued, type IssuePorts, issueGrant } from "./issue.ts";
import { checkOpened, endOfGrant, windowOfRequest } from "./opening.ts";
import type { Fence } from "./ports.ts";
import { repairCrashed } from "./repair.ts";
import type { Session } from "./types.ts";

export interface RenewInput {
  /** The session whose credentials lapse; from the cache, where anything may have happened to it. */
  readonly session: Session;
  readonly organization: Organization;
  /** Who calls now. */
  readonly identity: Identity;
  readonly inheritedSourceIdentity: string | undefined;
}

/** Whether the session's grant still runs for this caller and catalog; else a new request is needed. */
export function canRenew({ session, organization, identity }: RenewInput, now: Date): boolean {
  return (
    session.notAfter > now &&
    session.identity.arn === identity.arn &&
    session.identity.userid === identity.userid &&
    session.organization === organization.fingerprint &&
    session.catalog === organization.catalog.digest &&
    // What another has issued only another could renew.
    session.targets.every((name) => isOwn(organization, name, session.role))
  );
}

function isOwn({ catalog }: Organization, target: string, role: string): boolean {
  const store = catalog.stores.get(target.split(":")[0] ?? "");
  return store?.issuer === "requester" || store?.breakGlass?.role === role;
}

/**
 * Issues a session again under its request, up to the same `notAfter`, with an issue record of its own that names the
 * one before. The catalog is judged again and the policy compiled again; the justification is the request's.
 *
 * The request is open in the journal afterwards, as with `issue`.
 * @throws JitError `RENEW_IMPOSSIBLE` where `canRenew` says no, or the catalog's store is another;
 *   `WINDOW_NOT_OPEN` where the clock was set back before it; as `issue`
 */
export async function renewSession(ports: IssuePorts, input: RenewInput, fence: Fence): Promise<Issued> {
  const { session, organization, identity, inheritedSourceIdentity } = input;
  const { requestBytes, record } = requestOf(ports, input);
  const found = record.targets.map((name) => targetOf(organization, name));
  const targets = targetsOfRole(found, record.role);
  const { notAfter, decisions } = grantOf(ports, input, record);
  const possible =
    canRenew(input, ports.records.clock.now()) &&
    notAfter > ports.records.clock.now() &&
    targets.every(({ store }) => store.role === record.role && store.issuer === "requester");
  if (!possible) throw impossible();
  checkOpened(record, ports.records.clock.now());
  checkDuration(targets, record.duration);
  await repairCrashed(ports, ports.cache);
  const { request, requestHash, issueHash } = session;
  await ports.journal.open({ request, requestHash, step: "assumeRole", accessKeyId: "-" });
  return await attempt(ports, { request, requestHash }, "assumeRole", (progress) =>
    issueGrant(
      ports,
      {
        request,
        requestHash,
        organization,
        identity,
        targets,
        notAfter,
        inheritedSourceIdentity,
        renews: issueHash,
        requestBytes,
        decisions,
      },
      fence,
      progress,
    ),
  );
}

/**
 * What was asked for stands in the request record, not in the cache: a cache file that says more is not renewed. The record
 * is this machine's own, the caller's own, and the one that the session names by hash.
 */
function requestOf({ records }: IssuePorts, { session, identity, organization }: RenewInput) {
  const requestBytes = new Uint8Array(Buffer.from(session.requestRecord ?? "", "base64"));
  const { signer } = records;
  const opened = open(requestBytes, (kid) => (kid === signer.thumbprint ? signer.publicKey : undefined));
  if (!opened.ok || opened.record.type !== "request") throw impossible();
  const { record } = opened;
  const same =
    sha256Hex(requestBytes) === session.requestHash &&
    record.request === session.request &&
    record.role === session.role &&
    record.log === organization.fingerprint &&
    record.catalog === organization.catalog.digest &&
    record.by.userid === identity.userid &&
    record.by.arn === identity.arn &&
    record.targets.join(" ") === [...session.targets].sort().join(" ");
  if (!same) throw impossible();
  return { requestBytes, record };
}

/**
 * When the grant ends: as long after the request, or the opening of its window, as was asked for; where others had to agree, as the first session's record
 * says, which is this machine's own.
 */
function grantOf(
  { records }: IssuePorts,
  { session }: RenewInput,
  request: AuditRecord<"request">,
): { readonly notAfter: Date; readonly decisions: readonly string[] } {
  if (session.issueRecord === undefined)
    return { notAfter: endOfGrant(request, new Date(request.at)), decisions: [] };
  const { signer } = records;
  const bytes = new Uint8Array(Buffer.from(session.issueRecord, "base64"));
  const opened = open(bytes, (kid) => (kid === signer.thumbprint ? signer.publicKey : undefined));
  if (!opened.ok || opened.record.type !== "issue") throw impossible();
  const { record } = opened;
  if (record.request !== session.request || record.requestHash !== session.requestHash) throw impossible();
  const end = secondsOf(record.notAfter);
  const latest = windowOfRequest(request)?.ends ?? end;
  return { notAfter: new Date(Math.min(end, latest) * 1000), decisions: record.decisions };
}

function targetOf(organization: Organization, name: string): Target {
  const [storeName = "", accessName = ""] = name.split(":");
  const store = organization.catalog.stores.get(storeName);
  const access = store?.accesses.get(accessName);
  if (store === undefined || access === undefined) throw impossible();
  return { store, access };
}

function impossible(): JitError {
  return new JitError("RENEW_IMPOSSIBLE", "the session cannot be renewed", { hint: "make a new request" });
}
