import { asNoise, type Finding, type FindingCode, finding } from "../finding.ts";
import type { ListedObject, RecordStore } from "../ports.ts";
import type { ReadRecord } from "../record-reader.ts";
import { tellsSession } from "../rules/link.ts";
import { arrivalFindings } from "../rules/place.ts";
import type { ScannedObject } from "../scan.ts";

/** What an object shows by itself, whichever request it belongs to. */

/** An object of which versions are not told yet. */
export interface FreshObject {
  readonly object: ScannedObject;
  readonly fresh: readonly ListedObject[];
}

export interface VersionFinding {
  readonly what: Finding;
  /** Id of the version that it is about. */
  readonly of: string;
}

/** What S3 did with an object after it was written. @param writer its `aws:userid` */
export async function versionFindings(
  store: Pick<RecordStore, "readVersion">,
  { object, fresh }: FreshObject,
  writer: string,
): Promise<VersionFinding[]> {
  const { name, oldest, later } = object;
  const say = (of: string, code: FindingCode, message: string): VersionFinding => ({
    what: finding(code, name, writer, message),
    of,
  });
  const found = fresh
    .filter(({ isDeleteMarker }) => isDeleteMarker)
    .map(({ versionId }) =>
      say(versionId, "OBJECT_DELETED", "somebody has put a delete marker over the object"),
    );
  for (const version of later) {
    if (oldest === undefined || !fresh.includes(version)) continue;
    const [first, second] = await Promise.all(
      [oldest, version].map(({ versionId }) => store.readVersion(name, versionId)),
    );
    const isSame = first !== undefined && second !== undefined && Buffer.compare(first, second) === 0;
    found.push(
      isSame
        ? say(version.versionId, "OBJECT_REPEATED", "the object was written again with the same bytes")
        : say(version.versionId, "OBJECT_REPLACED", "the object has a later version with other bytes"),
    );
  }
  return found;
}

/** What is to be said of one record by itself. */
export function ownFindings({
  name,
  key,
  record,
  sha256,
  reason,
  lastModified,
}: ReadRecord): readonly Finding[] {
  if (reason !== undefined) {
    const found = finding(reason, name, key.userid, "the record does not count");
    // Whoever has a revoked key may go on signing: nothing but a session is told by that.
    const isNoise = reason === "KEY_REVOKED" && record !== undefined && !tellsSession(record);
    return [isNoise ? asNoise(found) : found];
  }
  if (record === undefined || sha256 === undefined) return [];
  return arrivalFindings({ name, key, record, sha256, lastModified, kid: key.thumbprint });
}

/** Whether a finding is one that a record of this name does not count, or not fully, for. */
export function isAgainst(name: string): (found: Finding) => boolean {
  return ({ object, severity, examples = [] }) =>
    severity !== "notice" && (object === name || examples.includes(name));
}
