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

export function isJudged(member: string): boolean {
  return !left.has(member);
}

/** Of a sealed session it is judged that it is one. */
export function judgedSealed(sealed: string): string {
  return sealed === "-" ? "-" : "sealed";
}

/** The members that are judged. */
export function judgedMembers(record: AuditRecord): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) if (isJudged(name)) members[name] = value;
  if (record.type === "issue") members["sealed"] = judgedSealed(record.sealed);
  return members;
}
