import { join } from "node:path";
import { sha256Hex } from "../../access/digest.ts";
import type { Organization } from "../../access/types.ts";
import type { Segments } from "../../audit/log/index/log-index.ts";
import { logSegments } from "../../local/log-segments.ts";
import { version } from "../version.ts";
import type { Here } from "./here.ts";
import { ownCacheKey } from "./organization.ts";

/** Counts up where what segments hold means something else in the same version of the program. */
const format = 1;

/**
 * What was judged of a bucket's records before, by this version of the program and this trust file; of a bucket alone, whose
 * versions never change. Files of a mirror can be changed in place.
 */
export function openSegments(
  { paths }: Here,
  { fingerprint, trust }: Organization,
  bucket: string,
): Segments {
  const digestOf = (...parts: readonly unknown[]) => sha256Hex(Buffer.from(JSON.stringify(parts)));
  return logSegments({
    folder: join(paths.cache, "log", digestOf(fingerprint, bucket).slice(0, 32)),
    keyFile: ownCacheKey(paths),
    boundTo: digestOf(format, version, fingerprint, bucket, trust ?? null),
  });
}
