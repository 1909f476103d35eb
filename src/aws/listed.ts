import type { ListedObject } from "../audit/ports.ts";

/** One entry of S3's listings, as its client gives it. */
export interface Entry {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly Size?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly IsLatest?: boolean | undefined;
}

export function listed(one: Entry, isDeleteMarker: boolean): ListedObject {
  return {
    key: one.Key ?? "",
    versionId: one.VersionId ?? "null",
    size: one.Size ?? 0,
    lastModified: one.LastModified ?? new Date(0),
    isLatest: one.IsLatest ?? false,
    isDeleteMarker,
  };
}

/**
 * A page of ListObjectVersions in one list. S3 gives versions and delete markers apart, each by key and newest first, and
 * that order alone tells which is older: a multipart upload bears the time when it was begun, which may be before that
 * of a version it came after. Times only place the markers between.
 */
export function mergeVersions(
  versions: readonly ListedObject[],
  deleteMarkers: readonly ListedObject[],
): readonly ListedObject[] {
  return deleteMarkers.length === 0 ? versions : [...merged(versions, deleteMarkers)];
}

function* merged(
  versions: readonly ListedObject[],
  deleteMarkers: readonly ListedObject[],
): Generator<ListedObject> {
  const markers = deleteMarkers.values();
  let marker = markers.next();
  for (const version of versions) {
    while (!marker.done && isBefore(marker.value, version)) {
      yield marker.value;
      marker = markers.next();
    }
    yield version;
  }
  if (!marker.done) yield marker.value;
  yield* markers;
}

function isBefore(marker: ListedObject, version: ListedObject): boolean {
  if (marker.key !== version.key) {
    return Buffer.compare(Buffer.from(marker.key), Buffer.from(version.key)) < 0;
  }
  if (marker.isLatest || version.isLatest) return marker.isLatest;
  return marker.lastModified > version.lastModified;
}
