import { isListed } from "../access/break-glass.ts";
import { checkDuration } from "../access/duration.ts";
import type { Rules, Target } from "../access/types.ts";
import { open } from "../audit/envelope.ts";
import type { Signer } from "../audit/ports.ts";
import { secondsOf } from "../audit/time.ts";
import type { AuditRecord } from "../audit/types.ts";
import { notBeforeName } from "../audit/window.ts";
import { JitError } from "../error.ts";
import { targetNames } from "./assume-input.ts";
import { type AccessInput, questionOf } from "./plan.ts";
import { areTextsOf } from "./sealed-text.ts";

/** A request as it is brought to the issuer. Nothing of it is believed. */
export interface ClaimedRequest extends AccessInput {
  readonly id: string;
  /** The request record as it is stored. */
  readonly bytes: Uint8Array;
}

/** What holds of a request whose record agrees with everything that is claimed of it. */
export type VerifiedRequest = Pick<
  AccessInput,
  "organization" | "identity" | "targets" | "inheritedSourceIdentity"
> & {
  /** The grant's end: the request's time and its duration. */
  readonly notAfter: Date;
};

/**
 * Checks a request of this machine's own key once more, before a session is made of it.
 * @throws JitError `ISSUE_MISMATCH` where the record says something else, or its signature is not the signer's;
 *   `ISSUE_REFUSED` where the rules do not grant it now; `DURATION_TOO_LONG`
 */
export async function verifyRequest(
  { rules, signer, now }: { readonly rules: Rules; readonly signer: Signer; readonly now: Date },
  claimed: ClaimedRequest,
): Promise<VerifiedRequest> {
  const { organization, identity, targets, inheritedSourceIdentity, duration } = claimed;
  const opened = open(claimed.bytes, (kid) => (kid === signer.thumbprint ? signer.publicKey : undefined));
  if (!opened.ok) throw mismatch(opened.code);
  const { record } = opened;
  if (record.type !== "request") throw mismatch("type");
  const wrong = differences(record, claimed).find(([, same]) => !same);
  if (wrong !== undefined) throw mismatch(wrong[0]);
  checkDuration(targets, duration);
  const decision = await rules.decide(questionOf(claimed, now), organization.catalog);
  if (decision.kind !== "granted") {
    const why = decision.kind === "refused" ? `: ${decision.rule}: ${decision.message}` : "";
    throw new JitError("ISSUE_REFUSED", `the rules no longer grant this request${why}`, {
      hint: "make a new request",
    });
  }
  const notAfter = new Date((secondsOf(record.at) + record.duration) * 1000);
  return { organization, identity, targets, inheritedSourceIdentity, notAfter };
}

function differences(record: AuditRecord<"request">, claimed: ClaimedRequest): readonly [string, boolean][] {
  const { organization, identity, targets, duration, justification } = claimed;
  const { catalog, fingerprint } = organization;
  const { by } = record;
  return [
    ["id", record.request === claimed.id && record.id === claimed.id],
    ["log", record.log === fingerprint],
    ["catalog", record.catalog === catalog.digest],
    ["by", by.arn === identity.arn && by.userid === identity.userid && by.account === identity.account],
    ["targets", isSame(record.targets, targetNames(targets))],
    ["catalog's targets", targets.every((target) => isInCatalog(target, claimed))],
    ["role", targets.every(({ store }) => store.role === record.role)],
    ["issuer", targets.every(({ store }) => store.issuer === "requester") && record.issuer === "requester"],
    ["duration", record.duration === duration],
    ["purpose", record.purpose === justification.purpose],
    ["reason or ticket", areTextsOf(record, justification)],
    // What is asked for a window is issued when it opens (`pick-up.ts`), never with the request.
    ["window", record.claimed[notBeforeName] === undefined],
  ];
}

/** Whether the target is the very one of the organization's catalog, and not one that only bears its name. */
export function isInCatalog({ store, access }: Target, { organization }: Pick<AccessInput, "organization">) {
  return isListed(organization.catalog, store) && store.accesses.get(access.name) === access;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function mismatch(what: string): JitError {
  return new JitError("ISSUE_MISMATCH", `the request record does not fit what is to be issued (${what})`, {
    hint: "make a new request",
  });
}
