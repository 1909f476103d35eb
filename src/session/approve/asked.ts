import { targetsOfRole } from "../../access/break-glass.ts";
import { maximumDuration } from "../../access/duration.ts";
import { checkPurpose, checkTicket } from "../../access/justification.ts";
import { findTargets } from "../../access/target.ts";
import type { Target } from "../../access/types.ts";
import type { AuditRecord } from "../../audit/types.ts";
import { isJitError, JitError } from "../../error.ts";
import { isTextOf, type ReasonTexts } from "../sealed-text.ts";
import { type Case, type CaseRecord, invalid } from "./case.ts";
import type { CasePorts } from "./ports.ts";

export function catalogChanged(hint: string): JitError {
  return new JitError(
    "REQUEST_CATALOG_CHANGED",
    "the catalog has changed since this was asked for, so nobody can say any more what would be opened",
    { hint },
  );
}

/**
 * What a request asks for, in the catalog that it names, which must be the one believed now.
 * @throws JitError `REQUEST_CATALOG_CHANGED`, `REQUEST_INVALID`
 */
export function targetsOf({ organization }: CasePorts, { request }: Case): readonly Target[] {
  const { record } = request;
  const { catalog, trust } = organization;
  if (record.catalog !== catalog.digest) throw catalogChanged("have the requester ask anew");
  if (trust?.refusePathOnly === true && request.writer.grade !== "attested")
    throw invalid(record.request, "AWS did not sign whose key it is (KEY_PATH_ONLY)");
  try {
    const targets = targetsOfRole(findTargets(catalog, record.targets), record.role);
    const fits = targets.every(({ store }) => store.role === record.role && store.issuer === record.issuer);
    if (fits && record.duration <= maximumDuration(targets).seconds) return targets;
  } catch (error) {
    if (!isJitError(error)) throw error;
  }
  throw invalid(record.request, "it is not what the catalog has");
}

/**
 * What the justification lacks that the catalog asks for, as a code; `undefined` where it is good. A requester's own client
 * may have asked for less.
 */
export function unjustified(
  { organization }: Pick<CasePorts, "organization">,
  { purpose }: Pick<AuditRecord<"request">, "purpose">,
  { reason, ticket }: Partial<ReasonTexts>,
): string | undefined {
  const rules = organization.catalog.justification;
  if (reason === undefined) return "REASON_UNREADABLE";
  if ([...reason].length < rules.minimumLength) return "REASON_TOO_SHORT";
  try {
    checkPurpose(rules, purpose);
    checkTicket(rules, ticket);
    return undefined;
  } catch (error) {
    if (isJitError(error)) return error.code;
    throw error;
  }
}

/** Reason and ticket, from the record or from where the catalog keeps them. A text that is not the record's is none. */
export async function textsOf(
  { organization, reasons }: CasePorts,
  { record }: CaseRecord<"request">,
): Promise<Partial<ReasonTexts>> {
  const { reason, ticket } = record;
  if ("text" in reason && (ticket === "-" || "text" in ticket))
    return { reason: reason.text, ticket: ticket === "-" ? undefined : ticket.text };
  const location = organization.catalog.audit.reasons;
  const kept = location === undefined ? "absent" : await reasons?.read(location, record.request);
  const texts: Partial<ReasonTexts> = typeof kept === "object" ? kept : {};
  const known = texts.reason !== undefined && isTextOf(reason, texts.reason) ? { reason: texts.reason } : {};
  if (ticket === "-") return known;
  if (texts.ticket !== undefined && isTextOf(ticket, texts.ticket)) return { ...known, ticket: texts.ticket };
  throw new JitError(
    "REASONS_UNREACHABLE",
    "the ticket of the request cannot be read, and rules may ask for it",
    { hint: "your identity needs s3:GetObject on the catalog's place for reasons; it may have been erased" },
  );
}
