import { shortName } from "../../access/short-name.ts";
import type { Identity } from "../../access/types.ts";
import type { FindingCode } from "../finding.ts";
import type { ReadRecord } from "../record-reader.ts";
import type { Grade } from "../statement.ts";
import type { AuditRecord } from "../types.ts";
import type { AskedFacts } from "./asked.ts";
import type { Outcome } from "./outcome.ts";

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

export interface AbortFacts extends Act {
  readonly code: string;
  readonly step: string;
}

/** What the records after the request tell. */
export interface Facts {
  readonly answers: readonly Answer[];
  readonly sessions: readonly SessionFacts[];
  readonly ends: readonly EndFacts[];
  readonly revocations: readonly RevokeFacts[];
  readonly reviews: readonly ReviewFacts[];
  /** Code and step of what did not go on. */
  readonly aborts: readonly AbortFacts[];
}

/** One line of the log: a request, and what came of it. */
export interface LogEntry extends Facts {
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
  /** What a record says is left out where the request was judged before. */
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

/** The records after the request, each as what it tells. @param deciding those that count */
export function factsOf(entries: readonly ReadRecord[], deciding: readonly AuditRecord[]): Facts {
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
