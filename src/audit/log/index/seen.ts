import { hash } from "node:crypto";
import type { NamedRequest } from "../names.ts";

/**
 * SHA-256 of what a bucket lists under a request: names, versions, times of arrival. `undefined` where more lies there than one
 * version of each: what versions hold never changes, but which of several counts takes more than names.
 */
export function seenOf({ records }: NamedRequest): string | undefined {
  let text = "";
  for (const { object } of records) {
    const { name, oldest, later, deleteMarkers } = object;
    if (oldest === undefined || later.length > 0 || deleteMarkers > 0) return undefined;
    text += `${name}\n${oldest.versionId}\n${oldest.lastModified.getTime()}\n`;
  }
  return hash("sha256", text, "base64url");
}
