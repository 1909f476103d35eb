import { isBrokenGlass } from "../../access/break-glass.ts";
import type { AccessQuestion, Catalog, Target } from "../../access/types.ts";
import { appendRecord } from "../../audit/append.ts";
import { idTime } from "../../audit/id.ts";
import { mayBeSame } from "../../audit/person.ts";
import type { RecordStore } from "../../audit/ports.ts";
import type { RecordReader } from "../../audit/record-reader.ts";
import { mapAtMost } from "../../audit/scan.ts";
import { hoursBetween } from "../../audit/time.ts";
import type { ReviewBody } from "../../audit/types.ts";
import { codeOf, JitError } from "../../error.ts";
import type { Self } from "../approve/approver.ts";
import { targetsOf, textsOf } from "../approve/asked.ts";
import { type Case, listCase, readCase } from "../approve/case.ts";
import type { CasePorts } from "../approve/ports.ts";
import { attestedOf } from "../approve/standing.ts";
import type { IssuePorts } from "../issue.ts";
import type { ReasonTexts } from "../sealed-text.ts";
import { type Debt, openDebts, settle } from "./debt.ts";

export interface DebtPorts extends CasePorts {
  readonly bucket: Pick<RecordStore, "list" | "create">;
  readonly reader: RecordReader;
  /** The catalog of a digest, signed as the trust file of its time asks. */
  catalogOf(digest: string): Promise<Catalog | undefined>;
}

/** An emergency that waits for its review, its request verified and judged by the catalog that it names. */
export interface Emergency extends Debt {
  readonly found: Case;
  readonly targets: readonly Target[];
  readonly texts: Partial<ReasonTexts>;
  /** Whether it is the looker's own, under whatever name. */
  readonly isOwn: boolean;
  /** Whether the rules let the looker judge it: who may approve may review. */
  readonly mayReview: boolean;
}

/** A debt whose request cannot be judged, with the code of what is wrong. */
export interface UnclearDebt extends Debt {
  readonly code: string;
}

/** Most debts that are read at once, the oldest first. */
const most = 100;
const parallel = 8;

/**
 * What is open: two LISTs, and a GET of the records of each that is shown.
 * @param self who looks; `undefined` where nobody would count
 */
export async function reviewDebts(
  ports: DebtPorts,
  self: Self | undefined,
): Promise<{
  readonly shown: readonly Emergency[];
  readonly unclear: readonly UnclearDebt[];
  readonly left: number;
}> {
  const debts = await openDebts(ports.bucket);
  const seen = await mapAtMost(parallel, debts.slice(0, most), async (debt) => {
    try {
      return await readEmergency(ports, self, debt);
    } catch (error) {
      return { ...debt, code: codeOf(error) ?? "UNEXPECTED" };
    }
  });
  return {
    shown: seen.filter((one): one is Emergency => "found" in one),
    unclear: seen.filter((one): one is UnclearDebt => "code" in one),
    left: Math.max(0, debts.length - most),
  };
}

/**
 * A debt that the looker may settle. `empty`: its request was never recorded (that write failed while the debt's went
 * through), so it opened nothing.
 */
export type ToSettle =
  | { readonly kind: "empty"; readonly debt: Debt }
  | { readonly kind: "emergency"; readonly debt: Debt; readonly emergency: Emergency };

/** @throws JitError `DEBT_UNKNOWN`, `OWN_REQUEST`, `REVIEW_NOT_ALLOWED`, as `readEmergency` */
export async function debtToSettle(ports: DebtPorts, self: Self, request: string): Promise<ToSettle> {
  const debt = (await openDebts(ports.bucket)).find((one) => one.request === request);
  if (debt === undefined) {
    throw new JitError("DEBT_UNKNOWN", `no emergency ${request} waits for a review`, {
      hint: "`jit review-debt` lists those that do; `jit audit show` tells what became of this one",
    });
  }
  const emergency = await readEmergency(ports, self, debt).catch((error: unknown) => {
    if (codeOf(error) === "REQUEST_NOT_FOUND" && isLongPast(ports, request)) return undefined;
    throw error;
  });
  if (emergency?.isOwn === true) {
    throw new JitError(
      "OWN_REQUEST",
      "nobody reviews the own emergency, under whatever role or session name",
      {
        hint: "have another person do it whom the rules let approve",
      },
    );
  }
  if (emergency?.mayReview === false) {
    throw new JitError("REVIEW_NOT_ALLOWED", "the catalog does not let you review this emergency", {
      hint: "who may approve the same request may review it: `jit explain` names them",
    });
  }
  return emergency === undefined ? { kind: "empty", debt } : { kind: "emergency", debt, emergency };
}

/** What opened nothing is settled without a verdict. */
export async function settleEmpty(
  { bucket }: Pick<DebtPorts, "bucket">,
  { debt }: Extract<ToSettle, { kind: "empty" }>,
): Promise<void> {
  await settle(bucket, debt, "-");
}

/** Writes the verdict on an emergency, and settles it. @throws JitError `DEBT_SETTLED`, and as the records */
export async function settleDebt(
  ports: DebtPorts & { readonly issue: Pick<IssuePorts, "records"> },
  { debt, emergency }: Extract<ToSettle, { kind: "emergency" }>,
  { verdict, comment }: Pick<ReviewBody, "verdict"> & { readonly comment: string },
): Promise<void> {
  const { request } = debt;
  const requestHash = emergency.found.request.sha256;
  const body = { requestHash, verdict, comment: { text: comment } };
  const stored = await appendRecord(ports.issue.records, { type: "review", request, body: () => body });
  // A crash before this leaves a review that settles nothing: the same command again writes a second one.
  try {
    await settle(ports.bucket, debt, stored.sha256);
  } catch (cause) {
    if (codeOf(cause) !== "RECORD_CONFLICT") throw cause;
    throw new JitError("DEBT_SETTLED", "somebody else has reviewed it at the same time", {
      hint: "`jit audit show` has both verdicts",
      cause,
    });
  }
}

/** Whether a record of it cannot be under way any more. */
function isLongPast({ clock }: DebtPorts, request: string): boolean {
  return idTime(request) + 3_600_000 < clock.now().getTime();
}

/**
 * The request of a debt, judged by the catalog that it names, whichever is in force now.
 * @throws JitError `DEBT_INVALID` where it is not that writer's, or broke no glass; as `readCase` and `targetsOf`
 */
async function readEmergency(ports: DebtPorts, self: Self | undefined, debt: Debt): Promise<Emergency> {
  const { request, userid } = debt;
  const made = idTime(request);
  const hours = [...hoursBetween(new Date(made), new Date(made + 3_600_000))];
  const found = await readCase(ports.reader, request, await listCase(ports.store, request, hours));
  const { record, writer } = found.request;
  const catalog = (await ports.catalogOf(record.catalog)) ?? ports.organization.catalog;
  const then = { ...ports, organization: { ...ports.organization, catalog } };
  const targets = targetsOf(then, found);
  if (record.by.userid !== userid || !isBrokenGlass(targets)) {
    throw new JitError("DEBT_INVALID", `${request} is no emergency of that writer`, {
      hint: "`jit audit show` tells what it is",
    });
  }
  // Texts that were erased, or that the looker may not read, are no reason not to judge.
  const texts = await textsOf(then, found.request).catch((): Partial<ReasonTexts> => ({}));
  const question: AccessQuestion = {
    identity: record.by,
    targets,
    justification: { purpose: record.purpose, reason: texts.reason ?? "-", ticket: texts.ticket },
    circumstances: { attested: attestedOf(then, found.request), claimed: record.claimed },
    duration: record.duration,
    now: ports.clock.now(),
    breakGlass: true,
  };
  const isOwn = self !== undefined && mayBeSame(self.person, writer.person);
  const mayReview =
    self !== undefined &&
    !isOwn &&
    (await ports.rules.mayApprove(question, catalog, { identity: self.identity, attested: self.attested }));
  return { ...debt, found, targets, texts, isOwn, mayReview };
}
