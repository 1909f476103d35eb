import { secondsOf } from "../time.ts";
import type { AuditRecord } from "../types.ts";
import type { Denial } from "./collect.ts";
import type { IssueEntry } from "./records.ts";

/** Seconds before and after a `revoke` record in which its writer's denial is looked for: clocks differ, and IAM may be slow. */
const before = 300;
const after = 3600;

export type Revocation =
  /** When the denial was put on the role, Unix seconds. */
  | { readonly kind: "denied"; readonly at: number }
  /** A record says so, and CloudTrail knows no denial by its writer: IAM failed, or somebody wrote it who revoked nothing. */
  | { readonly kind: "said"; readonly by: AuditRecord<"revoke"> };

/**
 * What came of the `revoke` records of a session. Anybody can write such a record under any request; what ends a session is a
 * denial on its role, so a record counts only with one that its own writer put there.
 */
export function revocationOf(
  { record: issue }: IssueEntry,
  records: readonly AuditRecord<"revoke">[],
  denials: readonly Denial[],
): Revocation | undefined {
  const own = records.filter(
    ({ requestHash, role, sessionName }) =>
      requestHash === issue.requestHash && role === issue.role && sessionName === issue.sessionName,
  );
  const times = own.flatMap(({ at, by }) =>
    denials.filter(
      (denial) =>
        denial.role === issue.role &&
        denial.userid === by.userid &&
        denial.at >= secondsOf(at) - before &&
        denial.at <= secondsOf(at) + after,
    ),
  );
  const [first] = times.map(({ at }) => at).sort((a, b) => a - b);
  if (first !== undefined) return { kind: "denied", at: first };
  const [said] = own;
  return said === undefined ? undefined : { kind: "said", by: said };
}
