import type { TicketDesk } from "../access/ticket/check.ts";
import type { Decision } from "../access/types.ts";
import { appendRecord } from "../audit/append.ts";
import type { RequestBody, StoredRecord } from "../audit/types.ts";
import { JitError } from "../error.ts";
import { attempt } from "./attempt.ts";
import { checkTicketOf } from "./checked-ticket.ts";
import { type Issued, type IssuePorts, issue } from "./issue.ts";
import { type AccessInput, planAccess } from "./plan.ts";
import type { Fence } from "./ports.ts";
import { repairCrashed } from "./repair.ts";
import type { ReasonStore } from "./sealed-text.ts";
import type { Notice } from "./types.ts";

export interface RequestPorts extends IssuePorts {
  /** Needed where the catalog names a `reasons` location. */
  readonly reasons: Pick<ReasonStore, "write"> | undefined;
  /** Needed where the catalog has tickets checked. */
  readonly tickets?: TicketDesk | undefined;
}

export type Outcome =
  | ({ readonly kind: "granted"; readonly request: string } & Issued)
  | {
      readonly kind: "pending";
      readonly request: string;
      readonly requestHash: string;
      readonly quorum: number;
      readonly approvers: readonly string[];
      readonly notices: readonly Notice[];
      readonly session?: never;
    }
  /** Nothing was written. */
  | { readonly kind: "refused"; readonly rule: string; readonly message: string; readonly session?: never };

/**
 * Asks for access, and issues it where the rules grant it at once. Three calls of AWS in sequence: the request
 * record, AssumeRole, the issue record; a crash's leavings and a key's first record cost more, once.
 *
 * A granted session is still open in the journal: say `handedOver` once its user can find it (`sessionFor` does).
 * @throws JitError as `planAccess`, `issue` and the records do; no credentials exist then that anybody holds
 */
export async function requestAccess(ports: RequestPorts, input: AccessInput, fence: Fence): Promise<Outcome> {
  const { journal } = ports;
  // A repair that has begun is always waited for: it works under the lock.
  const [repaired, checked] = await Promise.allSettled([
    repairCrashed(ports, ports.cache),
    planAndCheck(ports, input),
  ]);
  if (repaired.status === "rejected") throw repaired.reason;
  if (checked.status === "rejected") throw checked.reason;
  const { decision, body, notices } = checked.value;
  if (decision.kind === "refused") return decision;
  fence.check();
  const stored = await recordRequest(ports, input, body);
  const { request } = stored.record;
  if (decision.kind === "needsApproval") {
    await journal.close(request);
    const { quorum, approvers } = decision;
    return { kind: "pending", request, requestHash: stored.sha256, quorum, approvers, notices };
  }
  const issued = await issue(ports, { ...input, id: request, bytes: stored.bytes }, fence);
  return { kind: "granted", request, ...issued, notices: [...notices, ...issued.notices] };
}

/** Everything that is decided before a record is written. A request that the rules refuse asks no webhook. */
async function planAndCheck(
  { rules, records, tickets }: RequestPorts,
  input: AccessInput,
): Promise<{
  readonly decision: Decision;
  readonly body: RequestBody;
  readonly notices: readonly Notice[];
}> {
  const { clock, random } = records;
  const { decision, request: body } = await planAccess({ rules, clock, random }, input);
  const ticket = decision.kind === "refused" ? undefined : await checkTicketOf(tickets, input);
  if (ticket === undefined) return { decision, body, notices: [] };
  const { warning, claimed } = ticket;
  return {
    decision,
    body: { ...body, claimed: { ...body.claimed, ...claimed } },
    notices: warning === undefined ? [] : [{ code: "TICKET_NOT_CHECKED", message: warning }],
  };
}

/**
 * The request record and, at the same time, its texts where the catalog has a place of their own for them. Both must
 * succeed; a crash or failure leaves the request in the journal, and the next run aborts it.
 */
async function recordRequest(
  ports: RequestPorts,
  { organization, justification }: AccessInput,
  body: RequestBody,
): Promise<StoredRecord<"request">> {
  const location = organization.catalog.audit.reasons;
  const store = ports.reasons;
  if (location !== undefined && store === undefined) {
    throw new JitError("REASONS_UNREACHABLE", "the catalog's place for reasons cannot be reached from here");
  }
  let texts: Promise<PromiseSettledResult<void>[]> | undefined;
  const stored = await appendRecord(ports.records, {
    type: "request",
    body: () => body,
    async signed({ record, sha256 }) {
      const { request } = record;
      await ports.journal.open({ request, requestHash: sha256, step: "request", accessKeyId: "-" });
      if (location === undefined || store === undefined) return;
      const { reason, ticket } = justification;
      texts = Promise.allSettled([store.write(location, request, { reason, ticket })]);
    },
  });
  const [written] = (await texts) ?? [];
  if (written?.status === "rejected") {
    const reference = { request: stored.record.request, requestHash: stored.sha256 };
    return await attempt(ports, reference, "request", () => Promise.reject(written.reason));
  }
  return stored;
}
