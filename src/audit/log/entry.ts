import { approvalOf } from "../../access/approval.ts";
import { shortName } from "../../access/short-name.ts";
import { findTargets } from "../../access/target.ts";
import type { Catalog, Identity, Store } from "../../access/types.ts";
import { isJitError } from "../../error.ts";
import type { FindingCode } from "../finding.ts";
import type { ReadRecord } from "../record-reader.ts";
import type { Grade } from "../statement.ts";
import { secondsOf } from "../time.ts";
import type { AuditRecord } from "../types.ts";
import { windowOf } from "../window.ts";
import type { Outcome } from "./outcome.ts";

/** Reason and ticket of a request, as far as they are to be had. */
export interface LogTexts {
  /** `kept`: as signed; `apart`: only their digests stand in the record, and they were not looked for. */
  readonly state: "kept" | "apart" | "erased" | "denied" | "differs";
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
}

export type StoreFacts = Pick<Store, "name" | "classification" | "dataCategories">;

/** What was asked for, by the request record and its catalog. */
export interface AskedFacts {
  readonly by: Identity;
  readonly targets: readonly string[];
  /** By the catalog that the request names; empty where that is not to be had. */
  readonly stores: readonly StoreFacts[];
  readonly role: string;
  readonly issuer: string;
  /** Seconds. */
  readonly duration: number;
  readonly purpose: string;
  readonly texts: LogTexts;
  readonly breakGlass: boolean;
  readonly attested: Readonly<Record<string, string>>;
  readonly claimed: Readonly<Record<string, string>>;
  /** When a request that waits is over; `undefined` where the catalog is not to be had. */
  readonly closesAt: Date | undefined;
}

/** A record of a request, by whom and when. Times as in records. */
export interface Act {
  readonly at: string;
  readonly by: Identity;
  readonly grade: Grade | undefined;
  readonly sha256: string;
}

export interface Answer extends Act {
  readonly verdict: "approval" | "denial";
  /** An approval: whether a session rests on it; a denial: always. */
  readonly counts: boolean;
}

export interface SessionFacts extends Act {
  readonly accessKeyId: string;
  readonly notAfter: string;
  readonly isRenewal: boolean;
}

export interface EndFacts extends Act {
  readonly outcome: "completed" | "forgotten";
  readonly exitCode: number;
  readonly seconds: number;
}

export interface RevokeFacts extends Act {
  readonly reason: string;
}

export interface ReviewFacts extends Act {
  readonly verdict: "justified" | "unjustified";
}

/** One line of the log: a request, and what came of it. */
export interface LogEntry {
  readonly request: string;
  /** When it was made, by its id. */
  readonly at: Date;
  /** `undefined` where there is no valid request record. */
  readonly asked: AskedFacts | undefined;
  /** `aws:userid` of the requester, as the name of the request record tells. */
  readonly userid: string;
  readonly grade: Grade | undefined;
  /** What tells the requester from other persons; empty where AWS attests nothing. */
  readonly personIds: readonly string[];
  /** `undefined` where there is no valid request record. */
  readonly outcome: Outcome | undefined;
  readonly answers: readonly Answer[];
  readonly sessions: readonly SessionFacts[];
  readonly ends: readonly EndFacts[];
  readonly revocations: readonly RevokeFacts[];
  readonly reviews: readonly ReviewFacts[];
  /** Code and step of what did not go on. */
  readonly aborts: readonly (Act & { readonly code: string; readonly step: string })[];
  readonly records: readonly Pick<
    ReadRecord,
    "name" | "key" | "record" | "sha256" | "reason" | "grade" | "lastModified"
  >[];
  /** What is wrong with the request's records; empty: verified, as far as one request goes. */
  readonly problems: readonly FindingCode[];
  /** What is worth a look. */
  readonly notices: readonly FindingCode[];
}

export function isVerified({ problems }: LogEntry): boolean {
  return problems.length === 0;
}

/** What an auditor calls the requester: the last part of the ARN, or the userid where no record tells one. Not escaped. */
export function nameOf({ asked, userid }: Pick<LogEntry, "asked" | "userid">): string {
  if (asked === undefined) return userid.slice(userid.indexOf(":") + 1);
  return shortName(asked.by.arn);
}

/** @param isEmergency whether the role is one that the catalog keeps for emergencies */
export function askedFacts(
  record: AuditRecord<"request">,
  catalog: Catalog | undefined,
  texts: LogTexts,
  isEmergency: boolean,
): AskedFacts {
  const { by, targets, role, issuer, duration, purpose, attested, claimed } = record;
  return {
    by,
    targets,
    stores: storeFactsOf(targets, catalog),
    role,
    issuer,
    duration,
    purpose,
    texts,
    breakGlass: isEmergency,
    attested,
    claimed,
    closesAt: closesAt(record, catalog),
  };
}

/** The stores of targets, as far as the catalog has them. */
export function storeFactsOf(
  targets: readonly string[],
  catalog: Catalog | undefined,
): readonly StoreFacts[] {
  const names = [...new Set(targets.map((target) => target.split(":")[0] ?? ""))];
  const stores = names.flatMap((name) => catalog?.stores.get(name) ?? []);
  return stores.map(({ name, classification, dataCategories }) => ({ name, classification, dataCategories }));
}

function closesAt(record: AuditRecord<"request">, catalog: Catalog | undefined): Date | undefined {
  if (catalog === undefined) return undefined;
  const at = secondsOf(record.at);
  const window = windowOf(record, at);
  const ends = window === undefined || window === "invalid" ? Number.POSITIVE_INFINITY : window.ends;
  try {
    const closes = at + approvalOf(findTargets(catalog, record.targets)).expires;
    return new Date(Math.min(closes, ends) * 1000);
  } catch (error) {
    if (isJitError(error)) return undefined;
    throw error;
  }
}

/** The records after the request, each as what it tells. @param deciding those that count */
export function factsOf(entries: readonly ReadRecord[], deciding: readonly AuditRecord[]) {
  const valid = entries.flatMap(({ record, sha256, grade }) =>
    record !== undefined && sha256 !== undefined && deciding.includes(record)
      ? [{ record, act: { at: record.at, by: record.by, grade, sha256 } }]
      : [],
  );
  const rests = new Set(valid.flatMap(({ record }) => (record.type === "issue" ? record.decisions : [])));
  return {
    answers: valid.flatMap(({ record, act }): Answer[] => {
      if (record.type === "approval") return [{ ...act, verdict: "approval", counts: rests.has(act.sha256) }];
      if (record.type === "denial") return [{ ...act, verdict: "denial", counts: true }];
      return [];
    }),
    sessions: valid.flatMap(({ record, act }): SessionFacts[] =>
      record.type === "issue"
        ? [
            {
              ...act,
              accessKeyId: record.accessKeyId,
              notAfter: record.notAfter,
              isRenewal: record.renews !== "-",
            },
          ]
        : [],
    ),
    ends: valid.flatMap(({ record, act }): EndFacts[] => {
      if (record.type !== "end") return [];
      const { outcome, exitCode, seconds } = record;
      return [{ ...act, outcome, exitCode, seconds }];
    }),
    revocations: valid.flatMap(({ record, act }): RevokeFacts[] =>
      record.type === "revoke" ? [{ ...act, reason: record.reason }] : [],
    ),
    reviews: valid.flatMap(({ record, act }): ReviewFacts[] =>
      record.type === "review" ? [{ ...act, verdict: record.verdict }] : [],
    ),
    aborts: valid.flatMap(({ record, act }) =>
      record.type === "abort" ? [{ ...act, code: record.code, step: record.step }] : [],
    ),
  };
}
