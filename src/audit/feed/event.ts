import { sha256Hex } from "../../access/digest.ts";
import type { FindingCode, Severity } from "../finding.ts";
import type { RecordKey } from "../key.ts";
import type { AskedFacts } from "../log/asked.ts";
import type { Grade } from "../statement.ts";
import type { AuditRecord } from "../types.ts";

/** What a feed tells of: each record once it is there, and each finding about it. Texts are hostile until a format wrote them. */
export type FeedEvent = RecordEvent | FindingEvent;

/** What was asked for, by the valid request record that an event belongs to. */
export type AskedFor = Pick<
  AskedFacts,
  "by" | "targets" | "stores" | "role" | "purpose" | "duration" | "breakGlass"
>;

interface EventHead {
  /** The same whenever the same thing is told again: 32 hexadecimal digits. */
  readonly id: string;
  readonly at: Date;
  /** Name of the object. */
  readonly object: string;
  /** Request id, or `-`. */
  readonly request: string;
  readonly asked: AskedFor | undefined;
}

export interface RecordEvent extends EventHead {
  readonly kind: "record";
  readonly versionId: string;
  readonly key: RecordKey;
  /** By S3's clock. */
  readonly arrived: Date;
  /** What the object says; `undefined` where form, place, key or signature are not right: then it is nobody's word. */
  readonly record: AuditRecord | undefined;
  readonly sha256: string | undefined;
  readonly grade: Grade | undefined;
  /** Whether there is a record, and nothing that its request's records say is against it. */
  readonly verified: boolean;
  /** What is against it. */
  readonly problems: readonly FindingCode[];
}

export interface FindingEvent extends EventHead {
  readonly kind: "finding";
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly message: string;
  /** `aws:userid` under whose prefix the object lies, or `-`. */
  readonly writer: string;
}

export function recordEventId(object: string, versionId: string): string {
  return idOf("record", object, versionId);
}

/** @param of the version, where the finding is about one */
export function findingEventId(code: FindingCode, object: string, of: string): string {
  return idOf("finding", code, object, of);
}

function idOf(...parts: readonly string[]): string {
  return sha256Hex(Buffer.from(JSON.stringify(parts))).slice(0, 32);
}
