import { verifyTrustVersions } from "../access/trust/trust-file.ts";
import type { Trust } from "../access/types.ts";
import { isJitError } from "../error.ts";
import type { RecordStore } from "./ports.ts";

type Store = Pick<RecordStore, "read" | "listVersions">;

/** A version of the trust file, and when S3 took it. */
export interface PublishedTrust {
  readonly trust: Trust;
  readonly at: Date;
}

/** The chain of trust files as the bucket has it; none where it is not that of the fingerprint. */
export async function publishedTrust(store: Store, fingerprint: string): Promise<readonly PublishedTrust[]> {
  const times = await takenAt(store, "v1/trust/");
  const files: { readonly bytes: Uint8Array; readonly at: Date }[] = [];
  for (;;) {
    const name = `v1/trust/${files.length + 1}.json`;
    const at = times.get(name);
    const bytes = at === undefined ? undefined : await store.read(name);
    if (at === undefined || bytes === undefined) break;
    files.push({ bytes, at });
  }
  if (files.length === 0) return [];
  try {
    const versions = verifyTrustVersions(
      files.map(({ bytes }) => bytes),
      fingerprint,
    );
    return versions.flatMap((trust, index) => {
      const at = files[index]?.at;
      return at === undefined ? [] : [{ trust, at }];
    });
  } catch (error) {
    if (isJitError(error)) return [];
    throw error;
  }
}

/** When S3 took the version of each object that counts: the oldest that is no delete marker. */
export async function takenAt(store: Store, prefix: string): Promise<ReadonlyMap<string, Date>> {
  const times = new Map<string, Date>();
  // Versions of a key come newest first.
  for await (const { key, lastModified, isDeleteMarker } of store.listVersions(prefix)) {
    if (!isDeleteMarker) times.set(key, lastModified);
  }
  return times;
}
