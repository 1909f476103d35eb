import { isBreakGlassRole } from "../../access/break-glass.ts";
import type { Catalog } from "../../access/types.ts";
import { appendRecord } from "../../audit/append.ts";
import { mayBeSame } from "../../audit/person.ts";
import type { RecordStore } from "../../audit/ports.ts";
import type { AuditRecord, StoredRecord } from "../../audit/types.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Self } from "../approve/approver.ts";
import { type CasePorts, readerOf } from "../approve/ports.ts";
import { type Review, reviewRequest } from "../approve/review.ts";
import type { AttemptPorts } from "../attempt.ts";
import { type Debt, openDebts, settle } from "./debt.ts";

export interface DebtPorts extends CasePorts {
  readonly bucket: Pick<RecordStore, "list" | "create">;
  /** The catalog of a digest, signed as the trust file of its time asks. */
  catalogOf(digest: string): Promise<Catalog | undefined>;
}

/** A debt with the request that made it, which is valid, or the code of why it is not. */
export interface SeenDebt extends Debt {
  readonly review: Review | undefined;
  readonly code: string | undefined;
}

/** Most debts that are read at once, the oldest first. */
const most = 100;

/**
 * What is open: two LISTs, and of each that is shown the request's records, verified and judged by the catalog they name.
 * @param self who looks; left out: nobody in particular
 */
export async function listDebts(
  ports: DebtPorts,
  self: Self,
): Promise<{ readonly shown: readonly SeenDebt[]; readonly left: number }> {
  const debts = await openDebts(ports.bucket);
  const shown = await Promise.all(debts.slice(0, most).map((debt) => seeDebt(ports, self, debt)));
  return { shown, left: Math.max(0, debts.length - most) };
}

async function seeDebt(ports: DebtPorts, self: Self, debt: Debt): Promise<SeenDebt> {
  try {
    return { ...debt, review: await reviewDebt(ports, self, debt), code: undefined };
  } catch (error) {
    return { ...debt, review: undefined, code: codeOf(error) ?? "UNEXPECTED" };
  }
}

/**
 * The request of a debt, judged by the catalog that it names, whichever is in force now.
 * @throws JitError `DEBT_INVALID` where it is not that writer's, or broke no glass; as `reviewRequest`
 */
async function reviewDebt(ports: DebtPorts, self: Self, { request, userid }: Debt): Promise<Review> {
  const digest = await catalogDigest(ports, request);
  const catalog = digest === undefined ? undefined : await catalogOf(ports, digest);
  const organization = catalog === undefined ? ports.organization : { ...ports.organization, catalog };
  const review = await reviewRequest({ ...ports, organization }, self, request);
  const { record } = review.found.request;
  if (record.by.userid !== userid || !isBreakGlassRole(organization.catalog, record.role))
    throw new JitError("DEBT_INVALID", `${request} is no emergency of that writer`, {
      hint: "`jit audit show` tells what it is",
    });
  return review;
}
