import type { BucketLocation } from "../access/location.ts";
import type { RecordStore } from "../audit/ports.ts";
import { checkpointName } from "../audit/tree/places.ts";

/** What an organization has published in its bucket. */
export interface Published {
  /** Trust files after the version that is known, in order. */
  readonly trustFiles: readonly Uint8Array[];
  readonly signedCatalog: Uint8Array | undefined;
  /** The log's newest checkpoint, whoever signed it; `undefined` where there is none, or it was not to be had. */
  readonly checkpoint: Uint8Array | undefined;
}

/**
 * Asks for the catalog, the log's checkpoint and for the trust file after the last known one at the same time; where that exists, for those
 * after it, one by one.
 * @param known the highest trust version that this machine has
 */
export async function readPublished(
  store: Pick<RecordStore, "readCurrent" | "read">,
  location: BucketLocation,
  known: number,
): Promise<Published> {
  const current = store.readCurrent ?? store.read;
  const [signedCatalog, trustFiles, checkpoint] = await Promise.all([
    current(location.key),
    newTrustFiles(current, location, known),
    // Worth having, and nothing fails for want of it.
    current(checkpointName).catch(() => undefined),
  ]);
  return { trustFiles, signedCatalog, checkpoint };
}

async function newTrustFiles(
  current: RecordStore["read"],
  { trust }: BucketLocation,
  known: number,
): Promise<readonly Uint8Array[]> {
  const files: Uint8Array[] = [];
  // A trust file is created once. Read as it stands, by one GET each: who could put another in its place lacks the signatures.
  for (let version = known + 1; ; version += 1) {
    const bytes = await current(`${trust}${version}.json`);
    if (bytes === undefined) return files;
    files.push(bytes);
  }
}
