import type { AuditRecord, RecordType } from "./types.ts";

/** What no rule between records looks at: texts for people, and what is judged with the record's own form. */
const unjudged = [
  "v",
  "id",
  "nonce",
  "client",
  "reason",
  "comment",
  "sealTo",
  "sourceIdentity",
  "assumedRoleId",
  "policy",
  "packed",
  "outcome",
  "exitCode",
  "seconds",
  "command",
  "code",
  "step",
  "verdict",
  "event",
  "to",
] as const;

/** What the rules between records need of one. */
export type JudgedRecord<T extends RecordType = RecordType> = T extends RecordType
  ? Omit<AuditRecord<T>, (typeof unjudged)[number]>
  : never;

const left: ReadonlySet<string> = new Set(unjudged);

/** The members that are judged; of a sealed session, that it is one. */
export function judgedMembers(record: AuditRecord): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) if (!left.has(name)) members[name] = value;
  if (record.type === "issue" && record.sealed !== "-") members["sealed"] = "sealed";
  return members;
}
