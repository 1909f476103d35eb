import { sha256Hex } from "../access/digest.ts";
import type { CheckedRecord } from "./check/checker.ts";
import { type EnvelopeFault, maximumEnvelope, readEnvelope, type UnverifiedRecord } from "./envelope.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
import { type RecordKey, readKey, writerOf } from "./key.ts";
import type { RecordStore } from "./ports.ts";
import type { ScannedObject } from "./scan.ts";

/** An object whose name, versions and form were looked at; signature and meaning not yet. */
export interface ReadObject {
  readonly object: ScannedObject;
  /** `undefined` where the name breaks the grammar. */
  readonly key: RecordKey | undefined;
  /** `undefined` where the bytes are no record. */
  readonly opened: UnverifiedRecord | CheckedRecord | undefined;
  /** Of the bytes of the version that counts; left out where they were not read. */
  readonly sha256?: string;
  readonly findings: readonly Finding[];
}

const messages: Partial<Record<EnvelopeFault, string>> = {
  RECORD_INVALID: "the payload is no record of this format",
  RECORD_ID_TIME: "the id tells another second than the record",
  RECORD_ID_HASH: "the id does not belong to the key and nonce of the record",
  RECORD_HEAD: "number, predecessor, request and type of the record do not agree",
  RECORD_BODY: "the record's body does not agree with itself",
  PAYLOAD_NOT_CANONICAL: "the payload is not spelt canonically",
};

/** Reads the version that counts, and compares the others with it. Bytes too long for a record are not fetched. */
export async function readObject(
  store: Pick<RecordStore, "readVersion">,
  object: ScannedObject,
): Promise<ReadObject> {
  const { name, oldest } = object;
  const writer = writerOf(name);
  const findings: Finding[] = [];
  const say = (code: FindingCode, message: string) => findings.push(finding(code, name, writer, message));
  const key = readKey(name);
  if (key === undefined) {
    say("NAME_INVALID", "the object's name is not that of a record");
    return { object, key, opened: undefined, findings };
  }
  if (object.deleteMarkers > 0) say("OBJECT_DELETED", "a delete marker hides the object from listings");
  if (oldest === undefined) return { object, key, opened: undefined, findings };
  if (oldest.size > maximumEnvelope) {
    say("ENVELOPE_TOO_LARGE", "the object is larger than any record");
    return { object, key, opened: undefined, findings };
  }
  const bytes = await store.readVersion(name, oldest.versionId);
  if (bytes === undefined) {
    say("OBJECT_UNREADABLE", "the object is listed and cannot be read");
    return { object, key, opened: undefined, findings };
  }
  for (const version of object.later) {
    const other =
      version.size === bytes.length ? await store.readVersion(name, version.versionId) : undefined;
    if (other !== undefined && Buffer.compare(other, bytes) === 0) {
      say("OBJECT_REPEATED", "the object was stored twice with the same bytes");
    } else {
      say("OBJECT_REPLACED", "the object has a later version with other bytes");
    }
  }
  const opened = readEnvelope(bytes);
  if (opened.ok) return { object, key, opened, sha256: opened.sha256, findings };
  say(opened.code, messages[opened.code] ?? "the object is no record in its one spelling");
  return { object, key, opened: undefined, sha256: sha256Hex(bytes), findings };
}
