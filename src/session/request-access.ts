import { approvalOf } from "../access/approval.ts";
import { isBrokenGlass } from "../access/break-glass.ts";
import type { TicketDesk } from "../access/ticket/check.ts";
import type { Decision } from "../access/types.ts";
import { appendRecord } from "../audit/append.ts";
import type { RecordStore } from "../audit/ports.ts";
import { secondsOf } from "../audit/time.ts";
import type { RequestBody, StoredRecord } from "../audit/types.ts";
import { JitError } from "../error.ts";
import type { SealKey } from "./approve/seal-key.ts";
import type { WaitingRequest, WaitingSecret } from "./approve/waiting.ts";
import { attempt } from "./attempt.ts";
import { leaveDebt } from "./break-glass/debt.ts";
import { owedBy } from "./break-glass/owed.ts";
import { checkTicketOf } from "./checked-ticket.ts";
import { type Issued, type IssuePorts, issue } from "./issue.ts";
import { type Happening, happeningOf } from "./notify/happening.ts";
import { type AccessInput, grantEnd, planAccess } from "./plan.ts";
import type { Fence } from "./ports.ts";
import { repairCrashed } from "./repair.ts";
import type { ReasonStore } from "./sealed-text.ts";
import type { Notice } from "./types.ts";

export interface RequestPorts extends IssuePorts {
  /** Keeps a request that waits; needed where others issue, and durable before the request is sent. */
  readonly waiting?: {
    keep(waiting: Omit<WaitingRequest, "name" | "inputs">, secret: WaitingSecret): Promise<void>;
  };
  /** Needed where the catalog names a `reasons` location. */
  readonly reasons: Pick<ReasonStore, "write"> | undefined;
  /** Needed where the catalog has tickets checked. */
  readonly tickets?: TicketDesk | undefined;
  /** The audit bucket; needed where the catalog has break-glass. */
  readonly bucket?: Pick<RecordStore, "list">;
  /** Begins to tell others, where the catalog names some, and waits for nothing. */
  readonly tell?: ((happening: Happening) => void) | undefined;
}

export type Outcome =
  | ({ readonly kind: "granted"; readonly request: string } & Issued)
  | {
      readonly kind: "pending";
      readonly request: string;
      readonly requestHash: string;
      readonly quorum: number;
      /** Who may agree, as the catalog calls them. */
      readonly approvers: readonly string[];
      readonly notices: readonly Notice[];
      /** After this it can be neither approved nor issued. */
      readonly closesAt: Date;
      /** When the window opens that it is asked for. */
      readonly opensAt?: Date;
      readonly session?: never;
    }
  /** Granted for a window that opens later; nothing is issued before. */
  | {
      readonly kind: "scheduled";
      readonly request: string;
      readonly opensAt: Date;
      readonly notAfter: Date;
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
  const owed = owedOf(ports, input);
  // A repair that has begun is always waited for: it works under the lock.
  const [repaired, checked] = await Promise.allSettled([
    repairCrashed(ports, ports.cache),
    planAndCheck(ports, input),
  ]);
  if (repaired.status === "rejected") throw repaired.reason;
  if (checked.status === "rejected") throw checked.reason;
  const { decision, body, sealKey, notices } = checked.value;
  if (decision.kind === "refused") return decision;
  if (decision.kind === "needsApproval" && decision.approvers.length === 0) throw nobody();
  fence.check();
  const keep = async (stored: StoredRecord<"request">) => {
    if (decision.kind !== "needsApproval" && input.notBefore === undefined) return;
    const { reason, ticket } = input.justification;
    const isLost = sealKey !== undefined || input.notBefore !== undefined;
    if (ports.waiting === undefined && isLost) throw nowhere();
    await ports.waiting?.keep(waitingOf(stored, input, decision), { reason, ticket, key: sealKey });
  };
  const stored = await recordRequest(ports, input, body, keep, owed);
  const { request } = stored.record;
  if (decision.kind === "needsApproval") {
    await journal.close(request);
    const { quorum, approvers } = decision;
    const { closesAt, notBefore: opensAt } = waitingOf(stored, input, decision);
    ports.tell?.({ ...happeningOf("pending", stored, textsOf(input)), quorum, approvers });
    const who = { quorum, approvers, closesAt, ...(opensAt === undefined ? {} : { opensAt }) };
    const waits = { request, requestHash: stored.sha256, ...who };
    return { kind: "pending", ...waits, notices: [...notices, ...(await noticesOf(owed))] };
  }
  if (input.notBefore !== undefined) {
    await journal.close(request);
    const notAfter = grantEnd(input.notBefore, input.duration);
    const waits = { request, opensAt: input.notBefore, notAfter };
    return { kind: "scheduled", ...waits, notices: [...notices, ...(await noticesOf(owed))] };
  }
  if (isBrokenGlass(input.targets))
    ports.tell?.({ ...happeningOf("breakGlass", stored, textsOf(input)), breakGlass: true });
  const issued = await issue(ports, { ...input, id: request, bytes: stored.bytes }, fence);
  const { notAfter } = issued.session;
  ports.tell?.({
    ...happeningOf("issued", stored, textsOf(input)),
    notAfter,
    breakGlass: isBrokenGlass(input.targets),
  });
  const all = [...notices, ...issued.notices, ...(await noticesOf(owed))];
  return { kind: "granted", request, ...issued, notices: all };
}

function textsOf({ justification: { reason, ticket } }: AccessInput): Happening["texts"] {
  return { reason, ticket };
}

/** Everything that is decided before a record is written. A request that the rules refuse asks no webhook. */
async function planAndCheck(
  { rules, records, tickets }: RequestPorts,
  input: AccessInput,
): Promise<{
  readonly decision: Decision;
  readonly body: RequestBody;
  readonly sealKey: SealKey | undefined;
  readonly notices: readonly Notice[];
}> {
  const { clock, random } = records;
  const { decision, request: body, sealKey } = await planAccess({ rules, clock, random }, input);
  const ticket = decision.kind === "refused" ? undefined : await checkTicketOf(tickets, input);
  if (ticket === undefined) return { decision, body, sealKey, notices: [] };
  const { warning, claimed } = ticket;
  return {
    decision,
    sealKey,
    body: { ...body, claimed: { ...body.claimed, ...claimed } },
    notices: warning === undefined ? [] : [{ code: "TICKET_NOT_CHECKED", message: warning }],
  };
}

/** What waits for its window alone. */
const forNobody = { quorum: 0, approvers: [] };

function waitingOf(
  { record, sha256 }: StoredRecord<"request">,
  input: AccessInput,
  decision: Exclude<Decision, { kind: "refused" }>,
): Omit<WaitingRequest, "name" | "inputs"> {
  const { request, targets, issuer, duration, catalog, by, at, log } = record;
  const { quorum, approvers } = decision.kind === "granted" ? forNobody : decision;
  const closes = closingTime(at, input);
  const { notBefore } = input;
  const ends = notBefore === undefined ? closes : grantEnd(notBefore, duration);
  const closesAt = decision.kind === "granted" || ends < closes ? ends : closes;
  const who = { organization: log, catalog, userid: by.userid, quorum, approvers };
  const window = notBefore === undefined ? {} : { notBefore };
  const when = { at: new Date(at), closesAt, ...window };
  return { request, requestHash: sha256, targets, issuer, duration, ...when, ...who };
}

function closingTime(at: string, { targets }: AccessInput): Date {
  return new Date((secondsOf(at) + approvalOf(targets).expires) * 1000);
}

function nobody(): JitError {
  return new JitError("NOBODY_CAN_APPROVE", "this needs an approval, and the catalog lets nobody give one", {
    hint: "tell an administrator: the rules must let somebody approve",
  });
}

function nowhere(): JitError {
  return new JitError("ISSUER_UNSUPPORTED", "there is no place here to keep the key of a request that waits");
}

/**
 * What the requester owes for emergencies of before; asked while other things are, and where the catalog has any. Where it
 * only says so nothing waits for it; where it refuses, AssumeRole does.
 */
function owedOf(
  { bucket, records }: RequestPorts,
  { organization, identity }: AccessInput,
): Owed | undefined {
  const { breakGlass } = organization.catalog;
  if (breakGlass === undefined) return undefined;
  if (bucket === undefined)
    throw new JitError("ISSUER_UNSUPPORTED", "review debts cannot be looked at from here");
  return settled(owedBy(bucket, identity.userid, breakGlass, records.clock));
}

type Owed = Promise<PromiseSettledResult<readonly Notice[]>>;

async function noticesOf(owed: Owed | undefined): Promise<readonly Notice[]> {
  const owes = await owed;
  return owes?.status === "fulfilled" ? owes.value : [];
}

/** Its end can be looked at later: until then nothing is unhandled. */
async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}

/**
 * The request record and, at the same time, its texts where the catalog has a place of their own for them, and in an
 * emergency the debt of a review. All must succeed, and what the requester owes must not stand against it; a crash or
 * failure leaves the request in the journal, and the next run aborts it.
 */
async function recordRequest(
  ports: RequestPorts,
  { organization, justification, targets }: AccessInput,
  body: RequestBody,
  keep: (stored: StoredRecord<"request">) => Promise<void>,
  owed: Owed | undefined,
): Promise<StoredRecord<"request">> {
  const location = organization.catalog.audit.reasons;
  const store = ports.reasons;
  if (location !== undefined && store === undefined) {
    throw new JitError("REASONS_UNREACHABLE", "the catalog's place for reasons cannot be reached from here");
  }
  const beside: Promise<PromiseSettledResult<void>>[] = [];
  const stored = await appendRecord(ports.records, {
    type: "request",
    body: () => body,
    async signed(stored) {
      const { record, sha256 } = stored;
      const { request } = record;
      // A crash after this leaves a key that nothing is sealed to; `status` tells of it until it has expired.
      await keep(stored);
      await ports.journal.open({ request, requestHash: sha256, step: "request", accessKeyId: "-" });
      if (isBrokenGlass(targets)) {
        const debt = { userid: record.by.userid, request };
        beside.push(settled(leaveDebt(ports.records.store, debt, sha256)));
      }
      if (location === undefined || store === undefined) return;
      const { reason, ticket } = justification;
      beside.push(settled(store.write(location, request, { reason, ticket })));
    },
  });
  const owes = organization.catalog.breakGlass?.unreviewed === "refuse" ? await owed : undefined;
  const failed = [owes, ...(await Promise.all(beside))].find((one) => one?.status === "rejected");
  if (failed?.status === "rejected") {
    const reference = { request: stored.record.request, requestHash: stored.sha256 };
    return await attempt(ports, reference, "request", () => Promise.reject(failed.reason));
  }
  return stored;
}
